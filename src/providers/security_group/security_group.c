/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/security_group/security_group.h"

#include "compile/enumeration.h"
#include "compile/in_tree.h"

static const char *const services[] = { "security-group", NULL };

static void give(struct enumeration *e, enum scope_type type, const struct uuid *id)
{
	switch (type) {
	case SCOPE_SECURITY_GROUP:
		give_security_group(e, id);
		break;
	case SCOPE_GROUP_MEMBERS:
		give_group_members(e, id);
		break;
	case SCOPE_ADDRESS_GROUP:
		give_address_group(e, id);
		break;
	case SCOPE_CLOUD:
		give_logs(e);
		give_tiers(e);
		give_connection_quotas(e);
		break;
	default:
		break;
	}
}

static const struct weft_in_tree in_tree = {
	.change = {
		[KIND_SECURITY_GROUP] = compile_security_group,
		[KIND_SECURITY_GROUP_RULE] = compile_security_group_rule,
		[KIND_ADDRESS_GROUP] = compile_address_group,
		[KIND_SECURITY_TIER] = compile_security_tier,
		[KIND_SECURITY_POLICY] = compile_security_policy,
		[KIND_SECURITY_POLICY_RULE] = compile_security_policy_rule,
		[KIND_NETWORK_LOG] = compile_log,
		[KIND_QUOTA] = compile_quota,
		[KIND_PORT] = compile_group_member,
	},
	.placed = compile_placed_groups,
	.finish = compile_group_interests,
	.scope = give,
};

const struct weft_provider security_group_provider = {
	.size = sizeof(struct weft_provider),
	.abi = WEFT_PROVIDER_ABI,
	.name = "security-group",
	.description = "The distributed firewall at every guest's port.",
	.services = services,
	.in_tree = &in_tree,
};
