/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/ipsec_policy.h"

#include "model/vpn/ipsec_site_connection.h"
#include "model/vpn/vpn_parts.h"

static const char *const protocols[] = { "esp", "ah", "ah-esp", NULL };
static const char *const encapsulations[] = { "tunnel", "transport", NULL };

static const struct attr attrs[N_IPSEC_POLICY_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[IPSEC_POLICY_HASH] = VPN_HASH_ATTR,
	[IPSEC_POLICY_ENCRYPTION] = VPN_ENCRYPTION_ATTR,
	[IPSEC_POLICY_PROTOCOL] = { .name = "transform_protocol",
		.type = TYPE_ENUM,
		.choices = protocols,
		.flags = VPN_GIVEN,
		.fallback = "\"esp\"",
		.doc = "What packets are in. ah (authenticated, not encrypted) needs it of the kernel of the router's host; ah-esp no connection can have." },
	[IPSEC_POLICY_ENCAPSULATION] = { .name = "encapsulation_mode",
		.type = TYPE_ENUM,
		.choices = encapsulations,
		.flags = VPN_GIVEN,
		.fallback = "\"tunnel\"",
		.doc = "transport is between the router and its peer alone, and needs ESP of the kernel of the router's host." },
	[IPSEC_POLICY_LIFETIME] = VPN_LIFETIME_ATTR,
	[IPSEC_POLICY_PFS] = VPN_GROUP_ATTR,
};

static const struct index indexes[N_IPSEC_POLICY_INDEXES] = {
	[IPSEC_POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[IPSEC_POLICY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	(void)error;
	vpn_fill(NULL, draft, IPSEC_POLICY_LIFETIME);
	return true;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	vpn_fill(old, draft, IPSEC_POLICY_LIFETIME);
	return vpn_check_unused(txn, old, IPSEC_SITE_CONNECTION_BY_IPSEC_POLICY, error);
}

const struct kind ipsec_policy_kind = {
	.id = KIND_IPSEC_POLICY,
	.singular = "ipsecpolicy",
	.collection = "ipsecpolicies",
	.command = "vpn ipsec policy",
	.path = "/v2.0/vpn/ipsecpolicies",
	.doc = "What the second phase of IPsec agrees on.",
	.quota = { "ipsecpolicy", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_IPSEC_POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_IPSEC_POLICY_INDEXES,
	.not_found = WEFT_ERROR_IPSEC_POLICY_NOT_FOUND,
	.in_use = WEFT_ERROR_IPSEC_POLICY_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
