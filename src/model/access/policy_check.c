/* SPDX-License-Identifier: Apache-2.0 */
/* What a request that writes has to ask, and what it is told when it may not. */
#include <string.h>

#include "model/object_impl.h"
#include "model/access/policy_impl.h"
#include "model/txn_impl.h"

static const char *const role_names[] = {
	[CALLER_NONE] = "none of the roles admin, member and reader",
	[CALLER_READER] = "the role reader",
	[CALLER_MEMBER] = "the role member",
	[CALLER_ADMIN] = "the role admin",
	[CALLER_SYSTEM] = "every role",
};

static bool refuse(const struct rule *rule, const struct caller *caller, GError **error)
{
	return weft_fail(error, FORBIDDEN,
		"rule:%s is disallowed by policy: it asks for '%s'; the request's token has %s%s%s.",
		rule->name, rule->text, role_names[caller->role],
		*caller->project_id ? " in project "
		: caller->system    ? " in the system"
				    : "",
		caller->project_id);
}

static bool check(
	const struct txn *txn, const struct rule *rule, const struct object *object, GError **error)
{
	const struct policy_target target = { txn->model, txn, object };

	return rule_holds(rule, txn->caller, &target) || refuse(rule, txn->caller, error);
}

bool policy_check_named(const struct caller *caller, const char *name,
	const struct policy_target *target, GError **error)
{
	const struct rule *rule = g_hash_table_lookup(policy_of(caller)->by_name, name);

	g_assert(rule);
	return rule_holds(rule, caller, target) || refuse(rule, caller, error);
}

static const struct kind_rules *rules_of(const struct txn *txn, const struct kind *kind)
{
	return &policy_of(txn->caller)->kinds[kind->id];
}

/* Has the object, or an item of the list, that field? */
static bool gives_field(const struct object *draft, const struct field_rule *rule)
{
	json_t *value = object_json(draft, rule->slot), *item;
	bool found = json_object_get(value, rule->field) != NULL;
	size_t i;

	json_array_foreach(value, i, item)
		found = found || json_object_get(item, rule->field);
	json_decref(value);
	return found;
}

static bool check_fields(const struct txn *txn, enum policy_operation operation,
	const struct object *draft, u64 asked, GError **error)
{
	const GArray *fields = rules_of(txn, object_kind(draft))->fields;

	for (guint i = 0; i < fields->len; i++) {
		const struct field_rule *rule = &g_array_index(fields, struct field_rule, i);

		if (rule->operation == operation && asked & SLOT_BIT(rule->slot) &&
			gives_field(draft, rule) && !check(txn, rule->rule, draft, error))
			return false;
	}
	return true;
}

static bool check_attrs(const struct txn *txn, enum policy_operation operation,
	const struct object *draft, u64 asked, GError **error)
{
	const struct kind_rules *rules = rules_of(txn, object_kind(draft));

	for_each_slot(slot, asked & rules->restricted[operation])
	{
		if (!check(txn, rules->attrs[operation][slot], draft, error))
			return false;
	}
	return check_fields(txn, operation, draft, asked, error);
}

/* Naming the value that it has anyway asks for nothing, but of what has no default to callers. */
static u64 asked_in_create(const struct txn *txn, const struct object *draft)
{
	const struct kind *kind = object_kind(draft);
	const struct kind_tables *tables = kind_tables(kind);
	u64 asked = 0;

	for_each_slot(slot, object_given(draft))
	{
		bool same = slot == SLOT_PROJECT_ID
				    ? !g_strcmp0(draft->values[slot].text, txn->caller->project_id)
				    : value_equal(&kind->attrs[slot], draft->values[slot],
					      tables->fallback[slot]);

		if (!same || kind->attrs[slot].flags & ATTR_NO_DEFAULT)
			asked |= SLOT_BIT(slot);
	}
	return asked;
}

bool policy_check_create(const struct txn *txn, const struct object *draft, GError **error)
{
	return policy_check(txn, POLICY_CREATE, draft, error) &&
	       check_attrs(txn, POLICY_CREATE, draft, asked_in_create(txn, draft), error);
}

bool policy_check_update(
	const struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);
	u64 asked = 0;

	for_each_slot(slot, object_given(draft))
	{
		if (!object_equal(old, draft, (unsigned)slot) ||
			kind->attrs[slot].flags & ATTR_NO_DEFAULT)
			asked |= SLOT_BIT(slot);
	}
	return check_attrs(txn, POLICY_UPDATE, draft, asked, error);
}

bool policy_check(const struct txn *txn, enum policy_operation operation,
	const struct object *object, GError **error)
{
	return check(txn, rules_of(txn, object_kind(object))->operations[operation], object, error);
}

bool policy_check_action(const struct txn *txn, const struct kind_action *action,
	enum policy_operation operation, const struct object *object, GError **error)
{
	const struct kind *kind = object_kind(object);
	const struct action_rules *rules = &rules_of(txn, kind)->actions[action - kind->actions];

	return check(txn,
		operation == POLICY_CREATE   ? rules->add
		: operation == POLICY_DELETE ? rules->remove
					     : rules->run,
		object, error);
}
