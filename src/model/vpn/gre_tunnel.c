/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/gre_tunnel.h"

#include "model/provider/appliance.h"
#include "model/vpn/tunnel_parts.h"
#include "model/vpn/vpnservice.h"

#define DEVICE_STRLEN 16

static const struct attr attrs[N_GRE_TUNNEL_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[GRE_TUNNEL_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_ROUTER_HAS_VPN,
		.referrer_index = GRE_TUNNEL_BY_ROUTER,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The router; it must have an external gateway, and a provider of the service gre." },
	[GRE_TUNNEL_PEER_ADDRESS] = { .name = "peer_address",
		.type = TYPE_IP,
		.flags = TUNNEL_GIVEN | ATTR_REQUIRED,
		.doc = "Where the other end is: an IPv4 address." },
	[GRE_TUNNEL_KEY] = { .name = "key",
		.type = TYPE_INT,
		.max = UINT32_MAX,
		.flags = TUNNEL_GIVEN | ATTR_NULLABLE,
		.doc = "Only packets with it are taken (RFC 2890); null: those without one." },
	[GRE_TUNNEL_MTU] = { .name = "mtu",
		.type = TYPE_INT,
		.min = TUNNEL_MTU_MIN,
		.max = TUNNEL_MTU_MAX,
		.flags = TUNNEL_GIVEN,
		.fallback = "1400",
		.doc = "Of packets in the tunnel." },
	[GRE_TUNNEL_ADDRESS] = { .name = "tunnel_address",
		.type = TYPE_STRING,
		.max = 18,
		.flags = TUNNEL_GIVEN | ATTR_NULLABLE,
		.check = tunnel_check_address,
		.doc = "The router's own address in the tunnel, with the length of its network." },
	[GRE_TUNNEL_DESTINATIONS] = { .name = "destinations",
		.type = TYPE_LIST,
		.item = &tunnel_prefix_attr,
		.max = TUNNEL_PREFIXES_MAX,
		.flags = TUNNEL_GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT | ATTR_ONE_IS_LIST,
		.fallback = "[]",
		.doc = "Prefixes behind the other end." },
	[GRE_TUNNEL_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = TUNNEL_GIVEN,
		.fallback = "true",
		.doc = "While it is down it is not there." },
	[GRE_TUNNEL_IPV4] = { .name = "external_v4_ip",
		.type = TYPE_IP,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The router's address outside, to which the other end sends." },
	[GRE_TUNNEL_DEVICE] = { .name = "device",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "Its name in the router's appliance." },
	[GRE_TUNNEL_STATUS] = { .name = "status",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE: the router's end is there; of the other end GRE knows nothing. Else DOWN." },
	[GRE_TUNNEL_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Why it is not." },
};

static const struct index indexes[N_GRE_TUNNEL_INDEXES] = {
	[GRE_TUNNEL_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[GRE_TUNNEL_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[GRE_TUNNEL_BY_ROUTER] = { .name = "router", .slots = { GRE_TUNNEL_ROUTER_ID } },
};

/* Packets are told apart by the other end and the key. */
static bool check_others(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_GRE_TUNNEL, GRE_TUNNEL_BY_ROUTER,
		object_str(draft, GRE_TUNNEL_ROUTER_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) &&
			object_equal(other, draft, GRE_TUNNEL_PEER_ADDRESS) &&
			(object_is_null(other, GRE_TUNNEL_KEY) ||
				object_is_null(draft, GRE_TUNNEL_KEY) ||
				object_equal(other, draft, GRE_TUNNEL_KEY)))
			return weft_fail(error, CONFLICT,
				"GRE tunnel %s of the same router has the same peer_address: give both a key, not the same one.",
				uuid_format(object_id(other), id));
	return true;
}

static bool check(struct txn *txn, const struct object *draft, GError **error)
{
	struct ip peer = object_ip(draft, GRE_TUNNEL_PEER_ADDRESS);

	if (peer.family != 4)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for peer_address: give an IPv4 address.");
	return check_others(txn, draft, error) &&
	       tunnel_check_routes(txn, draft, object_str(draft, GRE_TUNNEL_ROUTER_ID),
		       object_str(draft, GRE_TUNNEL_DESTINATIONS), &peer, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return tunnel_router(txn, object_str(draft, GRE_TUNNEL_ROUTER_ID), SERVICE_GRE, error) &&
	       check(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check(txn, draft, error);
}

/* As long as a device's name may be. */
static void format_device(const struct object *tunnel, char buf[static DEVICE_STRLEN])
{
	char id[UUID_STRLEN];

	uuid_format(object_id(tunnel), id);
	g_snprintf(buf, DEVICE_STRLEN, "gre%.8s%.4s", id, id + 9);
}

static bool is_active(const struct model *model, const struct object *tunnel, char **ret_reason)
{
	char device[DEVICE_STRLEN];
	const struct tunnel_question question = { object_str(tunnel, GRE_TUNNEL_ROUTER_ID), "gre",
		device, object_id(tunnel) };

	format_device(tunnel, device);
	if (object_bool(tunnel, GRE_TUNNEL_ADMIN_STATE_UP))
		return tunnel_status(model, &question, ret_reason) == TUNNEL_ACTIVE;
	*ret_reason = g_strdup("it is switched off by admin_state_up");
	return false;
}

static void compute(const struct model *model, const struct object *tunnel, unsigned slot,
	struct json_writer *w)
{
	g_autofree char *reason = NULL;
	char ip[IP_STRLEN], device[DEVICE_STRLEN];
	bool active;

	if (slot == GRE_TUNNEL_IPV4)
		return jw_string(
			w, vpn_outside(model, object_str(tunnel, GRE_TUNNEL_ROUTER_ID), 4, ip));
	format_device(tunnel, device);
	if (slot == GRE_TUNNEL_DEVICE)
		return jw_string(w, device);
	active = is_active(model, tunnel, &reason);
	jw_string(w, slot == GRE_TUNNEL_STATUS_REASON ? reason : active ? "ACTIVE" : "DOWN");
}

const struct kind gre_tunnel_kind = {
	.id = KIND_GRE_TUNNEL,
	.singular = "gre_tunnel",
	.collection = "gre_tunnels",
	.command = "gre tunnel",
	.path = "/v2.0/gre-tunnels",
	.doc = "A GRE tunnel of a router to another one. It encrypts nothing.",
	.quota = { "gre_tunnel", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_GRE_TUNNEL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_GRE_TUNNEL_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
