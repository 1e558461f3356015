/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of RBAC policies. What they do is in rbac.c. */
#include <string.h>

#include "model/access/caller.h"
#include "model/access/rbac_impl.h"
#include "model/standard.h"

static const char *const actions[] = { "access_as_shared", "access_as_external", NULL };

static bool check_target(const struct attr *attr, const char *value, GError **error)
{
	return *value ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give the id of a project, or * for all.", attr->name);
}

static const struct attr attrs[N_RBAC_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_REVISION_NUMBER] = { .name = "revision_number",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Counts its changes." },
	[SLOT_CREATED_AT] = { .name = "created_at", .type = TYPE_TIME, .doc = "In UTC." },
	[SLOT_UPDATED_AT] = { .name = "updated_at", .type = TYPE_TIME, .doc = "In UTC." },
	PROJECT_ATTR,
	[RBAC_OBJECT_TYPE] = { .name = "object_type",
		.type = TYPE_STRING,
		.max = 64,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.doc = "The kind of what is shared, like network." },
	[RBAC_OBJECT_ID] = { .name = "object_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What is shared." },
	[RBAC_ACTION] = { .name = "action",
		.type = TYPE_ENUM,
		.choices = actions,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What the project may do with it." },
	[RBAC_TARGET] = { .name = "target_tenant",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_target,
		.doc = "The project that it is shared to; * is every project." },
};

static const struct index indexes[N_RBAC_INDEXES] = {
	[RBAC_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[RBAC_BY_OBJECT] = { .name = "object", .slots = { RBAC_OBJECT_ID } },
	[RBAC_BY_TARGET] = { .name = "target", .slots = { RBAC_OBJECT_TYPE, RBAC_TARGET } },
	[RBAC_BY_GRANT] = { .name = "combination of object, action and target",
		.slots = { RBAC_OBJECT_ID, RBAC_ACTION, RBAC_TARGET },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_RBAC_EXISTS },
};

/* The kind of that name whose objects can be shared, or NULL. */
static const struct kind *shareable(const char *name)
{
	const struct kind *kind = kind_by_name(name);

	return kind && kind->rbac ? kind : NULL;
}

static bool fail_type(const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		if (kind_by_id((enum kind_id)id)->rbac)
			g_string_append_printf(known, "%s%s", known->len ? ", " : "",
				kind_name(kind_by_id((enum kind_id)id)));
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for object_type: '%s' is not a valid RBAC object type; there are %s.",
		name, known->str);
}

/* The object that @policy is about; NULL: it has been deleted. */
static const struct object *object_of(const struct txn *txn, const struct object *policy)
{
	return txn_get_text(txn, shareable(object_str(policy, RBAC_OBJECT_TYPE))->id,
		object_str(policy, RBAC_OBJECT_ID));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct kind *kind = shareable(object_str(draft, RBAC_OBJECT_TYPE));
	unsigned action = rbac_action_of((unsigned)object_choice(draft, RBAC_ACTION));
	const struct object *object;

	if (!kind)
		return fail_type(object_str(draft, RBAC_OBJECT_TYPE), error);
	if (!(kind->rbac & action))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for action: '%s' is not possible with a %s.",
			object_str(draft, RBAC_ACTION), kind->singular);
	object = txn_need(txn, kind->id, object_str(draft, RBAC_OBJECT_ID), error);
	if (!object)
		return false;
	if (!caller_is_admin(txn_caller(txn)) &&
		strcmp(object_str(object, SLOT_PROJECT_ID), txn_caller(txn)->project_id))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for object_id: %s %s belongs to another project; only that, or an administrator, may share it.",
			kind->singular, object_str(draft, RBAC_OBJECT_ID));
	return true;
}

/* Stages the object with @slot set to @value; slot 0: it has no such attribute. */
static bool set_flag(
	struct txn *txn, const struct object *object, unsigned slot, bool value, GError **error)
{
	struct object *draft;

	if (!slot || object_bool(object, slot) == value)
		return true;
	draft = object_edit(object);
	object_set_bool(draft, slot, value);
	return txn_put(txn, draft, error);
}

static bool set_granted(struct txn *txn, const struct object *policy, GError **error)
{
	const struct object *object = object_of(txn, policy);
	const struct kind *kind = object_kind(object);

	txn_touch(txn, object);
	if (object_choice(policy, RBAC_ACTION) == RBAC_ACCESS_AS_EXTERNAL)
		return set_flag(txn, object, kind->external_slot, true, error);
	return strcmp(object_str(policy, RBAC_TARGET), RBAC_EVERYBODY) ||
	       set_flag(txn, object, kind->shared_slot, true, error);
}

static bool on_created(struct txn *txn, const struct object *policy, GError **error)
{
	return set_granted(txn, policy, error);
}

static bool check_unused(struct txn *txn, const struct object *object, const struct object *policy,
	const struct object *instead, GError **error)
{
	const struct object *user = rbac_find_user(txn, object, policy, instead);
	char id[UUID_STRLEN];

	return !user ||
	       weft_fail(error, RBAC_IN_USE,
		       "RBAC policy on object %s cannot be removed because other objects depend on it: the first is %s %s of project %s.",
		       object_str(policy, RBAC_OBJECT_ID), object_kind(user)->singular,
		       uuid_format(object_id(user), id), object_str(user, SLOT_PROJECT_ID));
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *object = object_of(txn, old);

	if (object_equal(old, draft, RBAC_TARGET))
		return true;
	if (!check_unused(txn, object, old, draft, error))
		return false;
	txn_touch(txn, object);
	if (object_choice(old, RBAC_ACTION) == RBAC_ACCESS_AS_SHARED &&
		!strcmp(object_str(old, RBAC_TARGET), RBAC_EVERYBODY))
		return set_flag(txn, object, object_kind(object)->shared_slot, false, error);
	return set_granted(txn, draft, error);
}

static bool is_last_external(struct txn *txn, const struct object *policy)
{
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_RBAC_POLICY, RBAC_BY_OBJECT,
		object_str(policy, RBAC_OBJECT_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (object_choice(other, RBAC_ACTION) == RBAC_ACCESS_AS_EXTERNAL)
			return false;
	return true;
}

/* It is staged as deleted already, so an iteration does not see it. */
static bool on_delete(struct txn *txn, const struct object *policy, GError **error)
{
	const struct object *object = object_of(txn, policy);
	const struct kind *kind;

	if (!object)
		return true;
	if (!check_unused(txn, object, policy, NULL, error))
		return false;
	txn_touch(txn, object);
	kind = object_kind(object);
	if (object_choice(policy, RBAC_ACTION) == RBAC_ACCESS_AS_EXTERNAL)
		return !is_last_external(txn, policy) ||
		       set_flag(txn, object, kind->external_slot, false, error);
	return strcmp(object_str(policy, RBAC_TARGET), RBAC_EVERYBODY) ||
	       set_flag(txn, object, kind->shared_slot, false, error);
}

static const struct kind_rule rules[] = {
	{ "create_rbac_policy:target_tenant", "rule:restrict_wildcard", "Say whom to share with." },
	{ "update_rbac_policy:target_tenant", "rule:restrict_wildcard", "Share with another." },
	{ 0 },
};

const struct kind rbac_policy_kind = {
	.id = KIND_RBAC_POLICY,
	.singular = "rbac_policy",
	.collection = "rbac_policies",
	.command = "network rbac",
	.path = "/v2.0/rbac-policies",
	.doc = "Lets another project, or all, see and use an object.",
	.attrs = attrs,
	.n_slots = N_RBAC_SLOTS,
	.indexes = indexes,
	.n_indexes = N_RBAC_INDEXES,
	.rules = rules,
	.quota = { "rbac_policy", 10 },
	.not_found = WEFT_ERROR_RBAC_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_update = on_update,
		.on_delete = on_delete },
};
