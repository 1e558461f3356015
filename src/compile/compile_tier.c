/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's tiers are in the scope that every host has: they are few, and whom a policy is
 * applied to each host finds out for its own ports. So a change is one record, however many ports
 * it is about. What their rules name, every host has too.
 */
#include "compile/compilation.h"
#include "compile/records.h"

#include "model/firewall/security_policy_rule.h"

static void compile_record(struct compilation *c, const struct change *change,
	void (*record)(const struct object *object, GString *text), const char *kind)
{
	char id[UUID_STRLEN];

	if (change->old)
		record(change->old, c->before);
	if (change->new)
		record(change->new, c->after);
	compile_difference(c, SCOPE_CLOUD, &scope_cloud_id, kind, uuid_format(&change->id, id));
}

void compile_security_tier(struct compilation *c, const struct change *change)
{
	compile_record(c, change, record_security_tier, "security-tier");
}

void compile_security_policy(struct compilation *c, const struct change *change)
{
	compile_record(c, change, record_security_policy, "security-policy");
}

void compile_security_policy_rule(struct compilation *c, const struct change *change)
{
	compile_record(c, change, record_security_policy_rule, "security-policy-rule");
}

/* What a rule names, by the index of its kind. */
static unsigned index_of(enum scope_type type)
{
	return type == SCOPE_GROUP_MEMBERS ? SECURITY_POLICY_RULE_BY_REMOTE_GROUP
					   : SECURITY_POLICY_RULE_BY_ADDRESS_GROUP;
}

static bool names(const struct object *rule, enum scope_type type, const struct uuid *id)
{
	struct uuid named;

	return rule &&
	       object_uuid(rule,
		       type == SCOPE_GROUP_MEMBERS ? MATCH_GROUP_ID : MATCH_ADDRESS_GROUP_ID,
		       &named) &&
	       uuid_equal(&named, id);
}

void compile_named_by_tiers(const struct compilation *c, enum scope_type type,
	const struct uuid *id, bool *ret_before, bool *ret_after)
{
	struct model_iter iter;
	const struct object *rule;
	char text[UUID_STRLEN];

	*ret_before = *ret_after = false;
	for (unsigned i = 0; i < c->changes->n; i++)
		if (c->changes->changes[i].kind == KIND_SECURITY_POLICY_RULE)
			*ret_before |= names(c->changes->changes[i].old, type, id);
	model_iter_init(&iter, c->model, KIND_SECURITY_POLICY_RULE, index_of(type),
		uuid_format(id, text), NULL);
	while (!(*ret_before && *ret_after) && (rule = model_iter_next(&iter))) {
		*ret_after = true;
		*ret_before |= !compile_find(c, KIND_SECURITY_POLICY_RULE, object_id(rule));
	}
}
