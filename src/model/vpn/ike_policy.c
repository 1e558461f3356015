/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/ike_policy.h"

#include "model/vpn/ipsec_site_connection.h"
#include "model/vpn/vpn_parts.h"

static const char *const modes[] = { "main", "aggressive", NULL };
static const char *const versions[] = { "v1", "v2", NULL };

static const struct attr attrs[N_IKE_POLICY_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[IKE_POLICY_HASH] = VPN_HASH_ATTR,
	[IKE_POLICY_ENCRYPTION] = VPN_ENCRYPTION_ATTR,
	[IKE_POLICY_MODE] = { .name = "phase1_negotiation_mode",
		.type = TYPE_ENUM,
		.choices = modes,
		.flags = VPN_GIVEN,
		.fallback = "\"main\"",
		.doc = "Of IKEv1. A connection can have main alone." },
	[IKE_POLICY_VERSION] = { .name = "ike_version",
		.type = TYPE_ENUM,
		.choices = versions,
		.flags = VPN_GIVEN,
		.fallback = "\"v1\"",
		.doc = "Of the protocol." },
	[IKE_POLICY_LIFETIME] = VPN_LIFETIME_ATTR,
	[IKE_POLICY_PFS] = VPN_GROUP_ATTR,
};

static const struct index indexes[N_IKE_POLICY_INDEXES] = {
	[IKE_POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[IKE_POLICY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	(void)error;
	vpn_fill(NULL, draft, IKE_POLICY_LIFETIME);
	return true;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	vpn_fill(old, draft, IKE_POLICY_LIFETIME);
	return vpn_check_unused(txn, old, IPSEC_SITE_CONNECTION_BY_IKE_POLICY, error);
}

const struct kind ike_policy_kind = {
	.id = KIND_IKE_POLICY,
	.singular = "ikepolicy",
	.collection = "ikepolicies",
	.command = "vpn ike policy",
	.path = "/v2.0/vpn/ikepolicies",
	.doc = "What the first phase of IPsec agrees on.",
	.quota = { "ikepolicy", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_IKE_POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_IKE_POLICY_INDEXES,
	.not_found = WEFT_ERROR_IKE_POLICY_NOT_FOUND,
	.in_use = WEFT_ERROR_IKE_POLICY_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
