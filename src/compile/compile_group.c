/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security groups go by reference: a group and its rules are in one scope, the addresses of the
 * ports that have it in another, and no rule is ever made of a member. A member that comes is one
 * record, however many ports there are that rules about its group are for.
 */
#include "compile/compilation.h"
#include "compile/records.h"

#include "model/port/port.h"
#include "model/firewall/security_group_rule.h"
#include "model/firewall/security_policy_rule.h"

typedef void (*record_fn)(const struct object *object, GString *text);

static void compile_either(struct compilation *c, const struct change *change, record_fn record)
{
	if (change->old)
		record(change->old, c->before);
	if (change->new)
		record(change->new, c->after);
}

void compile_security_group(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	compile_either(c, change, record_security_group);
	compile_difference(c, SCOPE_SECURITY_GROUP, &change->id, "security-group",
		uuid_format(&change->id, id));
}

void compile_security_group_rule(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old;
	struct uuid group;
	char id[UUID_STRLEN];

	if (!object_uuid(any, SECURITY_GROUP_RULE_GROUP_ID, &group))
		return;
	compile_either(c, change, record_security_group_rule);
	compile_difference(c, SCOPE_SECURITY_GROUP, &group, "security-group-rule",
		uuid_format(&change->id, id));
}

void compile_address_group(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	compile_either(c, change, record_address_group);
	compile_difference(
		c, SCOPE_ADDRESS_GROUP, &change->id, "address-group", uuid_format(&change->id, id));
}

static void compile_membership(
	struct compilation *c, const struct change *change, const char *group_text)
{
	char id[RECORD_ID_STRLEN];
	struct uuid group;

	/* of a group that no rule names, nobody has the members */
	if ((!model_first(c->model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_REMOTE_GROUP,
		     group_text, NULL) &&
		    !model_first(c->model, KIND_SECURITY_POLICY_RULE,
			    SECURITY_POLICY_RULE_BY_REMOTE_GROUP, group_text, NULL)) ||
		!uuid_parse(group_text, &group))
		return;
	if (change->old && port_has_group(change->old, group_text))
		record_group_member(change->old, c->before);
	if (change->new &&port_has_group(change->new, group_text))
		record_group_member(change->new, c->after);
	compile_difference(
		c, SCOPE_GROUP_MEMBERS, &group, "group-member", member_id(&group, &change->id, id));
}

void compile_group_member(struct compilation *c, const struct change *change)
{
	struct port_groups groups;

	if (change->old) {
		groups = port_groups_of(change->old);
		while (port_groups_next(&groups))
			compile_membership(c, change, groups.id);
	}
	if (change->new) {
		groups = port_groups_of(change->new);
		while (port_groups_next(&groups))
			if (!change->old || !port_has_group(change->old, groups.id))
				compile_membership(c, change, groups.id);
	}
}
