/* SPDX-License-Identifier: Apache-2.0 */
#include "model/access/rbac.h"

#include <string.h>

#include "model/access/rbac_impl.h"

static const char *const action_names[] = { "access_as_shared", "access_as_external", NULL };

static const char *target_of(const struct object *policy)
{
	return object_str(policy, RBAC_TARGET);
}

bool rbac_allows(const struct model *model, const struct object *object, const char *project_id,
	unsigned actions)
{
	char id[UUID_STRLEN];

	if (!*project_id)
		return false;
	uuid_format(object_id(object), id);
	for (unsigned choice = 0; action_names[choice]; choice++)
		if (actions & rbac_action_of(choice) &&
			model_first(model, KIND_RBAC_POLICY, RBAC_BY_GRANT, id,
				action_names[choice], project_id, NULL))
			return true;
	return false;
}

bool rbac_shared_to(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	return object_bool(object, object_kind(object)->shared_slot) ||
	       rbac_allows(model, object, caller->project_id, RBAC_SHARED);
}

bool rbac_visible(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	const struct kind *kind = object_kind(object);

	if (rbac_shared_to(model, object, caller))
		return true;
	return kind->rbac & RBAC_EXTERNAL && object_bool(object, kind->external_slot) &&
	       (rbac_allows(model, object, caller->project_id, RBAC_EXTERNAL) ||
		       rbac_allows(model, object, RBAC_EVERYBODY, RBAC_EXTERNAL));
}

static bool allows(const struct object *policy, const char *project_id)
{
	return !strcmp(target_of(policy), RBAC_EVERYBODY) || !strcmp(target_of(policy), project_id);
}

/* Without what @policy says, may the project still use the object? */
static bool is_allowed_otherwise(struct txn *txn, const struct object *policy,
	const struct object *instead, const char *project_id)
{
	const struct object *other;
	struct txn_iter iter;

	if (instead && allows(instead, project_id))
		return true;
	txn_iter_init(&iter, txn, KIND_RBAC_POLICY, RBAC_BY_OBJECT,
		object_str(policy, RBAC_OBJECT_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(policy)) && allows(other, project_id))
			return true;
	return false;
}

/* The first object of @kind whose attribute @slot refers to @object and may not without @policy. */
static const struct object *find_user_of_kind(struct txn *txn, const struct object *object,
	const struct object *policy, const struct object *instead, const struct kind *kind,
	unsigned slot)
{
	const struct object *user;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!kind->attrs[SLOT_PROJECT_ID].name)
		return NULL;
	txn_iter_init(&iter, txn, kind->id, kind->attrs[slot].referrer_index,
		uuid_format(object_id(object), id), NULL);
	while ((user = txn_iter_next(&iter))) {
		const char *project = object_str(user, SLOT_PROJECT_ID);

		if (project && *project && strcmp(project, object_str(object, SLOT_PROJECT_ID)) &&
			allows(policy, project) &&
			!is_allowed_otherwise(txn, policy, instead, project))
			return user;
	}
	return NULL;
}

/* What refuses the object's deletion is what depends on it. */
static bool depends(const struct attr *attr, enum kind_id on)
{
	enum kind_id refers = attr->item ? attr->item->refers : attr->refers;

	return attr->name && refers == on && attr->on_delete == ON_DELETE_REFUSE;
}

const struct object *rbac_find_user(struct txn *txn, const struct object *object,
	const struct object *policy, const struct object *instead)
{
	enum kind_id on = object_kind(object)->id;
	const struct object *user = NULL;

	for (unsigned id = KIND_NONE + 1; id < N_KINDS && !user; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);

		if (id == on)
			continue;
		for (unsigned slot = N_STANDARD_SLOTS; slot < kind->n_slots && !user; slot++)
			if (depends(&kind->attrs[slot], on))
				user = find_user_of_kind(txn, object, policy, instead, kind, slot);
	}
	return user;
}

static const struct object *find_policy(
	struct txn *txn, const char *id, unsigned choice, const char *target)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_RBAC_POLICY, RBAC_BY_GRANT, id, action_names[choice], target,
		NULL);
	return txn_iter_next(&iter);
}

static bool offer(struct txn *txn, const struct object *object, unsigned choice, GError **error)
{
	const struct kind *kind = object_kind(object);
	struct object *policy;
	char id[UUID_STRLEN];

	uuid_format(object_id(object), id);
	if (find_policy(txn, id, choice, RBAC_EVERYBODY))
		return true;
	policy = object_new(&rbac_policy_kind, NULL);
	object_set_str(policy, SLOT_PROJECT_ID, object_str(object, SLOT_PROJECT_ID));
	object_set_str(policy, RBAC_OBJECT_TYPE, kind_name(kind));
	object_set_str(policy, RBAC_OBJECT_ID, id);
	object_set_choice(policy, RBAC_ACTION, (int)choice);
	object_set_str(policy, RBAC_TARGET, RBAC_EVERYBODY);
	return txn_put(txn, policy, error);
}

/* Policies of the object with that action: all when it ceases to be external, else the one for
 * everybody; references, g_ptr_array_unref. */
static GPtrArray *find_revoked(struct txn *txn, const char *id, unsigned choice)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *policy;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_RBAC_POLICY, RBAC_BY_OBJECT, id, NULL);
	while ((policy = txn_iter_next(&iter)))
		if (object_choice(policy, RBAC_ACTION) == (int)choice &&
			(choice == RBAC_ACCESS_AS_EXTERNAL ||
				!strcmp(target_of(policy), RBAC_EVERYBODY)))
			g_ptr_array_add(found, object_ref(policy));
	return found;
}

static bool withdraw(struct txn *txn, const struct object *object, unsigned choice, GError **error)
{
	const struct kind *kind = object_kind(object);
	char id[UUID_STRLEN], user_id[UUID_STRLEN];
	g_autoptr(GPtrArray) policies =
		find_revoked(txn, uuid_format(object_id(object), id), choice);

	for (guint i = 0; i < policies->len; i++) {
		const struct object *user = rbac_find_user(txn, object, policies->pdata[i], NULL);

		if (user)
			return weft_fail(error, INVALID_SHARED,
				"Unable to reconfigure sharing settings for %s %s: other projects use it, the first such %s is %s.",
				kind->singular, id, object_kind(user)->singular,
				uuid_format(object_id(user), user_id));
		if (!txn_remove(txn, policies->pdata[i], error))
			return false;
	}
	return true;
}

static bool follow(struct txn *txn, const struct object *old, const struct object *draft,
	unsigned slot, unsigned choice, GError **error)
{
	bool before = old && object_bool(old, slot), after = object_bool(draft, slot);

	if (before == after)
		return true;
	return after ? offer(txn, draft, choice, error) : withdraw(txn, draft, choice, error);
}

bool rbac_follow(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);

	return (!(kind->rbac & RBAC_SHARED) ||
		       follow(txn, old, draft, kind->shared_slot, RBAC_ACCESS_AS_SHARED, error)) &&
	       (!(kind->rbac & RBAC_EXTERNAL) || follow(txn, old, draft, kind->external_slot,
							 RBAC_ACCESS_AS_EXTERNAL, error));
}

bool rbac_forget(struct txn *txn, const struct object *object, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *policy;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_RBAC_POLICY, RBAC_BY_OBJECT,
		uuid_format(object_id(object), id), NULL);
	while ((policy = txn_iter_next(&iter)))
		g_ptr_array_add(found, object_ref(policy));
	for (guint i = 0; i < found->len; i++)
		if (!txn_remove(txn, found->pdata[i], error))
			return false;
	return true;
}
