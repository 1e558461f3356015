/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold between a subnet's range, gateway and pools, and their defaults. */
#include <string.h>

#include "model/port/service_port.h"
#include "model/network/subnet_pools.h"

struct range {
	struct ip first, last;
};

static bool in_range(const struct range *range, const struct ip *ip)
{
	return ip_compare(&range->first, ip) <= 0 && ip_compare(ip, &range->last) <= 0;
}

static bool check_cidr(struct object *draft, const struct prefix *cidr, GError **error)
{
	const char *text = object_str(draft, SUBNET_CIDR);
	s64 version = object_int(draft, SUBNET_IP_VERSION);

	if (version && version != cidr->ip.family)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for cidr: %s is not of ip_version %" G_GINT64_FORMAT
			"; give ip_version %u or leave it out.",
			text, version, cidr->ip.family);
	if (!cidr->len || ip_is_multicast(&cidr->ip) || ip_is_link_local(&cidr->ip) ||
		(cidr->ip.family == 4 && (cidr->ip.b[0] == 0 || cidr->ip.b[0] == 127)))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for cidr: %s is no range of unicast addresses that guests can have, like 10.0.0.0/24 or fd00::/64.",
			text);
	object_set_int(draft, SUBNET_IP_VERSION, cidr->ip.family);
	return true;
}

static bool check_modes(const struct object *draft, const struct prefix *cidr, GError **error)
{
	int ra = object_choice(draft, SUBNET_IPV6_RA_MODE);
	int address = object_choice(draft, SUBNET_IPV6_ADDRESS_MODE);

	if (ra < 0 && address < 0)
		return true;
	if (cidr->ip.family == 4)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for ipv6_ra_mode or ipv6_address_mode: an IPv4 subnet has none; leave them out.");
	if (!object_bool(draft, SUBNET_ENABLE_DHCP))
		return weft_fail(error, INVALID_INPUT,
			"ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.");
	if (ra >= 0 && address >= 0 && ra != address)
		return weft_fail(error, INVALID_INPUT,
			"ipv6_ra_mode %s and ipv6_address_mode %s differ: when both are set they must be the same.",
			object_str(draft, SUBNET_IPV6_RA_MODE),
			object_str(draft, SUBNET_IPV6_ADDRESS_MODE));
	if (subnet_is_slaac(draft) && cidr->len != 64)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for cidr: %s has a prefix of %u bits; guests can make their own addresses (%s) only on a /64.",
			object_str(draft, SUBNET_CIDR), cidr->len,
			object_str(draft, SUBNET_IPV6_ADDRESS_MODE));
	return true;
}

static bool check_overlap(
	struct txn *txn, const struct object *draft, const struct prefix *cidr, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK,
		object_str(draft, SUBNET_NETWORK_ID), NULL);
	while ((other = txn_iter_next(&iter))) {
		struct prefix range = object_prefix(other, SUBNET_CIDR);

		if (prefix_overlaps(&range, cidr))
			return weft_fail(error, INVALID_INPUT,
				"Requested subnet with cidr: %s for network: %s overlaps with another subnet: %s is %s's; choose a range apart from it.",
				object_str(draft, SUBNET_CIDR),
				object_str(draft, SUBNET_NETWORK_ID),
				object_str(other, SUBNET_CIDR), uuid_format(object_id(other), id));
	}
	return true;
}

static bool check_gateway(const struct object *draft, const struct prefix *cidr, GError **error)
{
	struct ip gateway = object_ip(draft, SUBNET_GATEWAY_IP);

	if (!gateway.family || subnet_has_address(cidr, &gateway) ||
		(cidr->ip.family == 6 && gateway.family == 6 && ip_is_link_local(&gateway)))
		return true;
	return weft_fail(error, INVALID_INPUT,
		"Gateway is not valid on subnet: %s is no host address of %s; choose one, or null for no gateway.",
		object_str(draft, SUBNET_GATEWAY_IP), object_str(draft, SUBNET_CIDR));
}

static void default_gateway(struct object *draft, const struct prefix *cidr)
{
	struct ip first = ip_add(prefix_network(cidr), 1);
	char text[IP_STRLEN];

	if (subnet_has_address(cidr, &first))
		object_set_str(draft, SUBNET_GATEWAY_IP, ip_format(&first, text));
}

static void write_pool(struct json_writer *w, const struct ip *first, const struct ip *last)
{
	char text[IP_STRLEN];

	if (ip_compare(first, last) > 0)
		return;
	jw_begin_object(w);
	jw_member_string(w, "start", ip_format(first, text));
	jw_member_string(w, "end", ip_format(last, text));
	jw_end_object(w);
}

static struct ip ip_before(struct ip ip)
{
	for (int i = (int)ip_bytes(&ip) - 1; i >= 0 && !ip.b[i]--; i--)
		;
	return ip;
}

/* All host addresses but the gateway's: one pool, or two around it. */
static void default_pools(struct object *draft, const struct prefix *cidr)
{
	struct ip gateway = object_ip(draft, SUBNET_GATEWAY_IP);
	struct range range = { prefix_network(cidr), prefix_last(cidr) };
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	unsigned host_bits = ip_bits(&cidr->ip) - cidr->len;

	if (host_bits >= 2)
		range.first = ip_add(range.first, 1);
	if (host_bits >= 2 && cidr->ip.family == 4)
		range.last = ip_before(range.last);
	jw_begin_array(&w);
	if (gateway.family && in_range(&range, &gateway)) {
		struct ip before = ip_before(gateway), behind = ip_add(gateway, 1);

		if (ip_compare(&gateway, &range.first))
			write_pool(&w, &range.first, &before);
		if (ip_compare(&gateway, &range.last))
			write_pool(&w, &behind, &range.last);
	} else {
		write_pool(&w, &range.first, &range.last);
	}
	jw_end_array(&w);
	object_set_str(draft, SUBNET_ALLOCATION_POOLS, text->str);
}

static bool check_pool(const struct object *draft, const struct prefix *cidr,
	const struct range *pool, GError **error)
{
	struct ip gateway = object_ip(draft, SUBNET_GATEWAY_IP);
	char first[IP_STRLEN], last[IP_STRLEN];

	ip_format(&pool->first, first);
	ip_format(&pool->last, last);
	if (pool->first.family != pool->last.family || ip_compare(&pool->first, &pool->last) > 0)
		return weft_fail(error, POOL_INVALID,
			"The allocation pool %s-%s is not valid: its start is behind its end.",
			first, last);
	if (!subnet_has_address(cidr, &pool->first) || !subnet_has_address(cidr, &pool->last))
		return weft_fail(error, POOL_OUTSIDE,
			"The allocation pool %s-%s spans beyond the subnet cidr %s: a pool has host addresses of it only.",
			first, last, object_str(draft, SUBNET_CIDR));
	if (gateway.family && in_range(pool, &gateway))
		return weft_fail(error, GATEWAY_IN_POOL,
			"Gateway ip %s conflicts with allocation pool %s-%s: leave it out of the pools.",
			object_str(draft, SUBNET_GATEWAY_IP), first, last);
	return true;
}

static gint compare_pools(gconstpointer a, gconstpointer b)
{
	return ip_compare(&((const struct range *)a)->first, &((const struct range *)b)->first);
}

static bool check_pools(const struct object *draft, const struct prefix *cidr, GError **error)
{
	g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	json_t *pools = object_json(draft, SUBNET_ALLOCATION_POOLS);
	bool ok = true;
	json_t *pool;
	size_t i;

	json_array_foreach(pools, i, pool) {
		struct range range;

		ip_parse(json_string_value(json_object_get(pool, "start")), &range.first);
		ip_parse(json_string_value(json_object_get(pool, "end")), &range.last);
		ok = ok && check_pool(draft, cidr, &range, error);
		g_array_append_val(ranges, range);
	}
	json_decref(pools);
	g_array_sort(ranges, compare_pools);
	for (guint at = 1; ok && at < ranges->len; at++) {
		struct range *before = &g_array_index(ranges, struct range, at - 1);
		struct range *range = &g_array_index(ranges, struct range, at);
		char text[IP_STRLEN];

		if (in_range(before, &range->first))
			ok = weft_fail(error, POOLS_OVERLAP,
				"Found overlapping allocation pools for subnet %s: %s is in two of them.",
				object_str(draft, SUBNET_CIDR), ip_format(&range->first, text));
	}
	return ok;
}

/* Name servers and routes are of the subnet's family. */
static bool check_routes(const struct object *draft, const struct prefix *cidr, GError **error)
{
	json_t *routes = object_json(draft, SUBNET_HOST_ROUTES);
	bool ok = true;
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		const char *to = json_string_value(json_object_get(route, "destination"));
		const char *via = json_string_value(json_object_get(route, "nexthop"));
		struct prefix destination;
		struct ip hop;

		if (prefix_parse(to, &destination) && ip_parse(via, &hop) &&
			destination.ip.family == cidr->ip.family && hop.family == cidr->ip.family)
			continue;
		ok = weft_fail(error, INVALID_INPUT,
			"Invalid input for host_routes: %s via %s is not of the subnet's IP version %u.",
			to, via, cidr->ip.family);
		break;
	}
	json_decref(routes);
	return ok;
}

bool subnet_check_create(struct txn *txn, struct object *draft, GError **error)
{
	struct prefix cidr = object_prefix(draft, SUBNET_CIDR);
	u64 given = object_given(draft);

	if (!check_cidr(draft, &cidr, error) || !check_modes(draft, &cidr, error) ||
		!check_overlap(txn, draft, &cidr, error))
		return false;
	if (!(given & SLOT_BIT(SUBNET_GATEWAY_IP)))
		default_gateway(draft, &cidr);
	if (!check_gateway(draft, &cidr, error) || !check_routes(draft, &cidr, error))
		return false;
	if (given & SLOT_BIT(SUBNET_ALLOCATION_POOLS))
		return check_pools(draft, &cidr, error);
	default_pools(draft, &cidr);
	return true;
}

/* The gateway address that a router has is what guests have been told. */
static bool check_old_gateway(struct txn *txn, const struct object *old, GError **error)
{
	const char *gateway = object_str(old, SUBNET_GATEWAY_IP);
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!gateway)
		return true;
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK_IP, object_str(old, SUBNET_NETWORK_ID),
		gateway, NULL);
	port = txn_iter_next(&iter);
	if (!port || !port_is_router_interface(port))
		return true;
	return weft_fail(error, GATEWAY_IP_IN_USE,
		"Current gateway ip %s already in use by port %s of router %s. Unable to update.",
		gateway, uuid_format(object_id(port), id), object_str(port, PORT_DEVICE_ID));
}

bool subnet_check_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	struct prefix cidr = object_prefix(draft, SUBNET_CIDR);
	const char *gateway = object_str(draft, SUBNET_GATEWAY_IP);
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!check_modes(draft, &cidr, error) || !check_gateway(draft, &cidr, error) ||
		!check_pools(draft, &cidr, error) || !check_routes(draft, &cidr, error))
		return false;
	if (object_equal(old, draft, SUBNET_GATEWAY_IP))
		return true;
	if (!check_old_gateway(txn, old, error))
		return false;
	if (!gateway)
		return true;
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK_IP,
		object_str(draft, SUBNET_NETWORK_ID), gateway, NULL);

	const struct object *port = txn_iter_next(&iter);

	if (!port)
		return true;
	return weft_fail(error, IP_IN_USE,
		"Invalid input for gateway_ip: %s is port %s's address; choose one that no port has.",
		gateway, uuid_format(object_id(port), id));
}
