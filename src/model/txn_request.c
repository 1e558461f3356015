/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions as API requests make them: create, update and delete by body, caller and hooks. */
#include <string.h>

#include "model/model_impl.h"
#include "model/parse.h"
#include "model/access/policy.h"
#include "model/access/quota.h"
#include "model/access/rbac.h"
#include "model/txn_impl.h"

/* What is part of another object is made by who may see that; the rule asks for more. */
static bool check_parent(const struct txn *txn, const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);

	return !kind_parent(kind) ||
	       txn_need(txn, kind_parent(kind), object_str(draft, kind->parent_slot), error);
}

const struct object *txn_create_in(
	struct txn *txn, enum kind_id id, const char *parent, json_t *body, GError **error)
{
	const struct kind *kind = kind_by_id(id);
	g_autoptr(object) draft = parse_create(kind, parent, body, txn->caller, error);
	const struct object *created;

	if (!draft || !check_parent(txn, draft, error) || !policy_check_create(txn, draft, error) ||
		(kind->hooks.on_create && !kind->hooks.on_create(txn, draft, error)))
		return NULL;
	created = txn_put(txn, g_steal_pointer(&draft), error);
	if (!created || !quota_check(txn, created, error) ||
		(kind->rbac && !rbac_follow(txn, NULL, created, error)))
		return NULL;
	if (kind->hooks.on_created && !kind->hooks.on_created(txn, created, error))
		return NULL;
	return created;
}

const struct object *txn_create(struct txn *txn, enum kind_id kind, json_t *body, GError **error)
{
	return txn_create_in(txn, kind, NULL, body, error);
}

const struct object *txn_update(
	struct txn *txn, enum kind_id id, const char *text, json_t *body, GError **error)
{
	const struct kind *kind = kind_by_id(id);
	const struct object *old = txn_need(txn, id, text, error);
	g_autoptr(object) held = old ? object_ref(old) : NULL;
	g_autoptr(object) draft = NULL;

	if (!old || !policy_check(txn, POLICY_UPDATE, old, error))
		return NULL;
	draft = parse_update(old, body, error);
	if (!draft || !policy_check_update(txn, held, draft, error) ||
		(kind->hooks.on_update && !kind->hooks.on_update(txn, held, draft, error)))
		return NULL;
	if (kind->rbac && !rbac_follow(txn, held, draft, error))
		return NULL;
	return txn_put(txn, g_steal_pointer(&draft), error);
}

bool txn_delete(struct txn *txn, enum kind_id kind, const char *id, GError **error)
{
	const struct object *object = txn_need(txn, kind, id, error);

	return object && policy_check(txn, POLICY_DELETE, object, error) &&
	       txn_remove(txn, object, error);
}

bool txn_act(struct txn *txn, enum kind_id kind, const char *id, const struct kind_action *action,
	json_t *body, json_t **ret_answer, GError **error)
{
	const struct object *object = txn_need(txn, kind, id, error);
	g_autoptr(object) held = object ? object_ref(object) : NULL;

	*ret_answer = NULL;
	return held && policy_check_action(txn, action, POLICY_GET, held, error) &&
	       action->run(txn, held, body, ret_answer, error);
}

bool txn_act_add(struct txn *txn, enum kind_id kind, const char *id,
	const struct kind_action *action, json_t *body, GError **error)
{
	const struct object *object = txn_need(txn, kind, id, error);
	g_autoptr(object) held = object ? object_ref(object) : NULL;

	return held && policy_check_action(txn, action, POLICY_CREATE, held, error) &&
	       action->add(txn, held, body, error);
}

bool txn_act_remove(struct txn *txn, enum kind_id kind, const char *id,
	const struct kind_action *action, const char *item, GError **error)
{
	const struct object *object = txn_need(txn, kind, id, error);
	g_autoptr(object) held = object ? object_ref(object) : NULL;

	return held && policy_check_action(txn, action, POLICY_DELETE, held, error) &&
	       action->remove(txn, held, item, error);
}

static const struct caller weftd_itself = { CALLER_SYSTEM, "" };

const struct object *txn_create_own(
	struct txn *txn, enum kind_id kind, json_t *body, GError **error)
{
	const struct caller *caller = txn->caller;
	const struct object *created;

	txn->caller = &weftd_itself;
	created = txn_create(txn, kind, body, error);
	txn->caller = caller;
	json_decref(body);
	return created;
}

const struct object *txn_update_own(
	struct txn *txn, const struct object *object, json_t *body, GError **error)
{
	const struct caller *caller = txn->caller;
	const struct object *updated;
	char id[UUID_STRLEN];

	txn->caller = &weftd_itself;
	updated = txn_update(txn, object->kind, uuid_format(&object->id, id), body, error);
	txn->caller = caller;
	json_decref(body);
	return updated;
}

bool txn_remove_own(struct txn *txn, const struct object *object, GError **error)
{
	const struct caller *caller = txn->caller;
	bool removed;

	txn->caller = &weftd_itself;
	removed = txn_remove(txn, object, error);
	txn->caller = caller;
	return removed;
}

/* Objects of @kind whose attribute @slot refers to @object; references, g_ptr_array_unref. */
static GPtrArray *referrers(
	struct txn *txn, const struct kind *kind, unsigned slot, const struct object *object)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *referrer;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, kind->id, kind->attrs[slot].referrer_index,
		uuid_format(&object->id, id), NULL);
	while ((referrer = txn_iter_next(&iter)))
		g_ptr_array_add(found, object_ref(referrer));
	return found;
}

static bool fail_in_use(const struct object *object, const GPtrArray *by,
	const struct attr *reference, GError **error)
{
	const struct kind *kind = object_kind(object), *user = object_kind(by->pdata[0]);
	char id[UUID_STRLEN], first[UUID_STRLEN];

	g_set_error(error, WEFT_ERROR, reference->in_use ?: kind->in_use,
		"Unable to delete %s %s: %u %s still in use on it, the first is %s; delete %s first%s.",
		kind_words(kind), uuid_format(&object->id, id), by->len,
		by->len == 1 ? kind_words(user) : user->collection,
		uuid_format(object_id(by->pdata[0]), first), by->len == 1 ? "it" : "them",
		kind->hooks.on_cascade ? ", or all at once with cascade=true" : "");
	return false;
}

/* Refuses, unless all that refer to it go with it. */
static bool refuse(struct txn *txn, const struct object *object, const GPtrArray *found,
	const struct attr *reference, GError **error)
{
	g_autoptr(GPtrArray) in_use = g_ptr_array_new();

	for (guint i = 0; i < found->len; i++) {
		const struct kind *kind = object_kind(found->pdata[i]);

		if (!kind->hooks.goes_with || !kind->hooks.goes_with(found->pdata[i], object))
			g_ptr_array_add(in_use, found->pdata[i]);
	}
	if (in_use->len)
		return fail_in_use(object, in_use, reference, error);
	for (guint i = 0; i < found->len; i++)
		if (!txn_remove(txn, found->pdata[i], error))
			return false;
	return true;
}

static bool follow_reference(struct txn *txn, const struct object *object, const struct kind *kind,
	unsigned slot, enum on_delete pass, GError **error)
{
	g_autoptr(GPtrArray) found = NULL;
	struct object *draft;

	if (kind->attrs[slot].refers != object->kind || kind->attrs[slot].on_delete != pass)
		return true;
	found = referrers(txn, kind, slot, object);
	if (pass == ON_DELETE_REFUSE)
		return refuse(txn, object, found, &kind->attrs[slot], error);
	for (guint i = 0; i < found->len; i++) {
		if (pass == ON_DELETE_CASCADE) {
			if (!txn_remove(txn, found->pdata[i], error))
				return false;
			continue;
		}
		draft = object_edit(found->pdata[i]);
		object_set_null(draft, slot);
		if (kind->hooks.on_clear)
			kind->hooks.on_clear(draft, slot);
		if (!txn_put(txn, draft, error))
			return false;
	}
	return true;
}

bool txn_apply_references(struct txn *txn, const struct object *object, GError **error)
{
	static const enum on_delete passes[] = { ON_DELETE_REFUSE, ON_DELETE_CASCADE,
		ON_DELETE_CLEAR };

	/* Those that depend on most go first: they are no use of what goes after them. */
	for (unsigned p = 0; p < G_N_ELEMENTS(passes); p++)
		for (unsigned id = N_KINDS - 1; id > KIND_NONE; id--) {
			const struct kind *kind = kind_by_id(id);

			if (id < object->kind && passes[p] != ON_DELETE_REFUSE)
				break;

			for (unsigned slot = 0; slot < kind->n_slots; slot++)
				if (!follow_reference(txn, object, kind, slot, passes[p], error))
					return false;
		}
	return true;
}
