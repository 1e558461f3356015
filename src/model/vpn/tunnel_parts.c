/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/tunnel_parts.h"

#include <string.h>

#include "model/vpn/gre_tunnel.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"
#include "model/vpn/wireguard_peer.h"

const struct attr tunnel_prefix_attr = { .name = "prefix", .type = TYPE_CIDR };

bool tunnel_check_address(const struct attr *attr, const char *value, GError **error)
{
	struct prefix prefix;

	return (strchr(value, '/') && prefix_parse(value, &prefix) && prefix.ip.family == 4) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give an IPv4 address with the length of its network, such as 10.255.0.1/30.",
		       attr->name);
}

const struct object *tunnel_router(
	struct txn *txn, const char *id, enum network_service service, GError **error)
{
	const struct object *router = txn_need(txn, KIND_ROUTER, id, error);

	if (!router || !vpn_check_provider(txn, router, service, error))
		return NULL;
	if (!object_is_null(router, ROUTER_GATEWAY_PORT_ID))
		return router;
	weft_fail(error, ROUTER_NOT_EXTERNAL,
		"Router %s has no external network gateway set, to which peers could come: set one first.",
		id);
	return NULL;
}

static bool check_prefix(const char *text, const struct ip *peer, GError **error)
{
	struct prefix prefix;

	if (!prefix_parse(text, &prefix) || prefix.ip.family != 4 || !prefix.len)
		return weft_fail(error, INVALID_INPUT,
			"No router can reach '%s' by a tunnel: give IPv4 prefixes that are not everything.",
			text);
	return !peer || !prefix_contains(&prefix, peer) ||
	       weft_fail(error, INVALID_INPUT,
		       "The prefix '%s' is with the peer's own address, to which the tunnel itself goes: give one without.",
		       text);
}

/* A route to a network of its own would take that away from the router. */
static bool check_subnets(struct txn *txn, const char *router_id, const char *text, GError **error)
{
	const struct object *port, *subnet;
	struct prefix prefix, own;
	struct txn_iter iter;
	struct port_ips ips;

	prefix_parse(text, &prefix);
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_DEVICE, router_id, NULL);
	while ((port = txn_iter_next(&iter))) {
		ips = port_ips_of(port);
		while (port_ips_next(&ips)) {
			subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);
			if (subnet && prefix_parse(object_str(subnet, SUBNET_CIDR), &own) &&
				prefix_overlaps(&own, &prefix))
				return weft_fail(error, INVALID_INPUT,
					"The prefix '%s' overlaps with subnet %s, which the router itself is on.",
					text, object_str(subnet, SUBNET_CIDR));
		}
	}
	return true;
}

static bool has(const struct object *tunnel, unsigned slot, const char *text)
{
	json_t *list = object_json(tunnel, slot), *item;
	bool found = false;
	size_t i;

	json_array_foreach(list, i, item)
		found = found || !strcmp(json_string_value(item), text);
	json_decref(list);
	return found;
}

/* Tunnels of that index's key with the same prefix: a packet goes by one of them. */
static bool check_free(struct txn *txn, const struct object *draft, enum kind_id kind,
	unsigned index, const char *key, unsigned slot, const char *text, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, kind, index, key, NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) && has(other, slot, text))
			return weft_fail(error, CONFLICT,
				"The prefix '%s' is reached by %s %s of the same router already.",
				text, object_kind(other)->singular,
				uuid_format(object_id(other), id));
	return true;
}

static bool check_others(struct txn *txn, const struct object *draft, const char *router_id,
	const char *text, GError **error)
{
	const struct object *interface;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!check_free(txn, draft, KIND_GRE_TUNNEL, GRE_TUNNEL_BY_ROUTER, router_id,
		    GRE_TUNNEL_DESTINATIONS, text, error))
		return false;
	txn_iter_init(&iter, txn, KIND_WIREGUARD_INTERFACE, WIREGUARD_INTERFACE_BY_ROUTER,
		router_id, NULL);
	interface = txn_iter_next(&iter);
	return !interface ||
	       check_free(txn, draft, KIND_WIREGUARD_PEER, WIREGUARD_PEER_BY_INTERFACE,
		       uuid_format(object_id(interface), id), WIREGUARD_PEER_ALLOWED_IPS, text,
		       error);
}

bool tunnel_check_routes(struct txn *txn, const struct object *draft, const char *router_id,
	const char *list, const struct ip *peer, GError **error)
{
	json_t *prefixes = json_loads(list, 0, NULL), *item;
	bool ok = true;
	size_t i;

	json_array_foreach(prefixes, i, item) {
		const char *text = json_string_value(item);

		ok = ok && check_prefix(text, peer, error) &&
		     check_subnets(txn, router_id, text, error) &&
		     check_others(txn, draft, router_id, text, error);
	}
	json_decref(prefixes);
	return ok;
}
