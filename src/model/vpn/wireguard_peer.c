/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/wireguard_peer.h"

#include "model/provider/appliance.h"
#include "model/vpn/tunnel_parts.h"
#include "model/vpn/wireguard_interface.h"

#define KEY_MAX 44

static const struct attr attrs[N_WIREGUARD_PEER_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[WIREGUARD_PEER_INTERFACE_ID] = { .name = "wireguard_interface_id",
		.type = TYPE_UUID,
		.refers = KIND_WIREGUARD_INTERFACE,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = WIREGUARD_PEER_BY_INTERFACE,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The router's end." },
	[WIREGUARD_PEER_PUBLIC_KEY] = { .name = "public_key",
		.type = TYPE_STRING,
		.max = KEY_MAX,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.check = wireguard_check_key,
		.doc = "The peer's." },
	[WIREGUARD_PEER_PRESHARED_KEY] = { .name = "preshared_key",
		.type = TYPE_STRING,
		.max = KEY_MAX,
		.flags = TUNNEL_GIVEN | ATTR_SECRET,
		.fallback = "\"\"",
		.check = wireguard_check_key,
		.doc = "A secret that both ends have as well, as wg genpsk writes it. Never shown." },
	[WIREGUARD_PEER_ADDRESS] = { .name = "peer_address",
		.type = TYPE_IP,
		.flags = TUNNEL_GIVEN | ATTR_NULLABLE,
		.doc = "Where the peer is: an IPv4 address; null: it comes by itself." },
	[WIREGUARD_PEER_PORT] = { .name = "peer_port",
		.type = TYPE_INT,
		.min = 1,
		.max = UINT16_MAX,
		.flags = TUNNEL_GIVEN,
		.fallback = "51820",
		.doc = "Its UDP port there." },
	[WIREGUARD_PEER_ALLOWED_IPS] = { .name = "allowed_ips",
		.type = TYPE_LIST,
		.item = &tunnel_prefix_attr,
		.max = TUNNEL_PREFIXES_MAX,
		.flags = TUNNEL_GIVEN | ATTR_REQUIRED | ATTR_UNIQUE_ITEMS | ATTR_ONE_IS_LIST,
		.fallback = "[]",
		.doc = "Prefixes behind the peer: they are routed to it, and nothing else is taken from it." },
	[WIREGUARD_PEER_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = TUNNEL_GIVEN,
		.fallback = "true",
		.doc = "While it is down the peer is not known." },
	[WIREGUARD_PEER_STATUS] = { .name = "status",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE: there was a handshake in the last three minutes; else DOWN." },
	[WIREGUARD_PEER_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Why it is not." },
};

static const struct index indexes[N_WIREGUARD_PEER_INDEXES] = {
	[WIREGUARD_PEER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[WIREGUARD_PEER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[WIREGUARD_PEER_BY_INTERFACE] = { .name = "interface",
		.slots = { WIREGUARD_PEER_INTERFACE_ID } },
	[WIREGUARD_PEER_BY_KEY] = { .name = "interface and public key",
		.slots = { WIREGUARD_PEER_INTERFACE_ID, WIREGUARD_PEER_PUBLIC_KEY },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool check(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *interface = txn_need(txn, KIND_WIREGUARD_INTERFACE,
		object_str(draft, WIREGUARD_PEER_INTERFACE_ID), error);
	bool there = !object_is_null(draft, WIREGUARD_PEER_ADDRESS);
	struct ip peer = { 0 };

	if (!interface)
		return false;
	if (there)
		peer = object_ip(draft, WIREGUARD_PEER_ADDRESS);
	if (there && peer.family != 4)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for peer_address: give an IPv4 address.");
	return tunnel_check_routes(txn, draft, object_str(interface, WIREGUARD_INTERFACE_ROUTER_ID),
		object_str(draft, WIREGUARD_PEER_ALLOWED_IPS), there ? &peer : NULL, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check(txn, draft, error);
}

static bool is_active(const struct model *model, const struct object *peer, char **ret_reason)
{
	const struct object *interface = model_get_text(
		model, KIND_WIREGUARD_INTERFACE, object_str(peer, WIREGUARD_PEER_INTERFACE_ID));

	if (object_bool(peer, WIREGUARD_PEER_ADMIN_STATE_UP) && interface &&
		object_bool(interface, WIREGUARD_INTERFACE_ADMIN_STATE_UP)) {
		const struct tunnel_question question = { object_str(interface,
								  WIREGUARD_INTERFACE_ROUTER_ID),
			"wireguard", object_str(peer, WIREGUARD_PEER_PUBLIC_KEY), object_id(peer) };

		return tunnel_status(model, &question, ret_reason) == TUNNEL_ACTIVE;
	}
	*ret_reason = g_strdup("it, or its interface, is switched off by admin_state_up");
	return false;
}

static void compute(
	const struct model *model, const struct object *peer, unsigned slot, struct json_writer *w)
{
	g_autofree char *reason = NULL;
	bool active = is_active(model, peer, &reason);

	jw_string(w, slot == WIREGUARD_PEER_STATUS_REASON ? reason : active ? "ACTIVE" : "DOWN");
}

const struct kind wireguard_peer_kind = {
	.id = KIND_WIREGUARD_PEER,
	.singular = "wireguard_peer",
	.collection = "wireguard_peers",
	.command = "wireguard peer",
	.path = "/v2.0/wireguard-peers",
	.doc = "Another site, to which a router has a WireGuard tunnel.",
	.quota = { "wireguard_peer", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_WIREGUARD_PEER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_WIREGUARD_PEER_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
