/* SPDX-License-Identifier: Apache-2.0 */
/* Routers: their interfaces, each with an entry in the directory, and their routes. */
#include <string.h>

#include "datapath/internal.h"

_Static_assert(DP_ROUTE_HOPS == EDGE_ROUTE_HOPS, "one limit");

static bool changed(struct dp *dp, enum table_change change, GError **error)
{
	return change == TABLE_UNCHANGED || host_raise_epoch(dp, error);
}

static struct endpoint_key key_of(u32 vni, const struct mac *mac)
{
	struct endpoint_key key = { .vni = vni };

	memcpy(key.mac, mac->b, sizeof(key.mac));
	return key;
}

static void set_router(u32 words[static 2], u64 router)
{
	words[0] = (u32)router;
	words[1] = (u32)(router >> 32);
}

bool dp_interface_put(struct dp *dp, const struct dp_interface *interface, GError **error)
{
	static const struct endpoint endpoint = { .vtep = EDGE_ENDPOINT_ROUTER };
	struct endpoint_key key = key_of(interface->vni, &interface->mac);
	struct interface value = { .has_ip4 = interface->ip4.family == 4,
		.has_ip6 = interface->ip6.family == 6 };
	enum table_change first, second;

	set_router(value.router, interface->router);
	if (value.has_ip4)
		memcpy(&value.ip4, interface->ip4.b, 4);
	if (value.has_ip6)
		value.ip6 = addr_from_ip(&interface->ip6);
	return table_put(dp, TABLE_INTERFACES, &key, &value, &first, error) &&
	       table_put(dp, TABLE_ENDPOINTS, &key, &endpoint, &second, error) &&
	       changed(dp, first != TABLE_UNCHANGED ? first : second, error);
}

bool interface_drop(struct dp *dp, const void *key, GError **error)
{
	return endpoint_drop(dp, key, error) && table_delete(dp, TABLE_INTERFACES, key, error) &&
	       host_raise_epoch(dp, error);
}

bool dp_interface_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	struct endpoint_key key = key_of(vni, mac);

	return interface_drop(dp, &key, error);
}

static struct route_key route_key(u64 router, const struct prefix *prefix)
{
	struct ip network = prefix_network(prefix);
	struct route_key key = { .family = network.family, .dst = addr_from_ip(&network) };

	set_router(key.router, router);
	key.prefix_bits = ROUTE_KEY_FIXED_BITS + prefix->len + (network.family == 4 ? 96u : 0u);
	return key;
}

bool dp_route_put(struct dp *dp, const struct dp_route *route, GError **error)
{
	static const u8 kinds[] = {
		[DP_ROUTE_CONNECTED] = EDGE_ROUTE_CONNECTED,
		[DP_ROUTE_VIA] = EDGE_ROUTE_VIA,
		[DP_ROUTE_LOCAL] = EDGE_ROUTE_LOCAL,
		[DP_ROUTE_BLACKHOLE] = EDGE_ROUTE_BLACKHOLE,
	};
	struct route_key key = route_key(route->router, &route->prefix);
	struct route value = { .kind = kinds[route->kind], .n_hops = route->n_hops };
	enum table_change change;

	for (u8 i = 0; i < route->n_hops; i++) {
		const struct dp_route_hop *hop = &route->hops[i];

		value.hops[i].vni = hop->vni;
		memcpy(value.hops[i].mac, hop->mac.b, sizeof(value.hops[i].mac));
		if (hop->via.family)
			value.hops[i].via = addr_from_ip(&hop->via);
	}
	return table_put(dp, TABLE_ROUTES, &key, &value, &change, error) &&
	       changed(dp, change, error);
}

bool route_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_ROUTES, key, error) && host_raise_epoch(dp, error);
}

bool dp_route_delete(struct dp *dp, u64 router, const struct prefix *prefix, GError **error)
{
	struct route_key key = route_key(router, prefix);

	return route_drop(dp, &key, error);
}
