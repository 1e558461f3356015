/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which router a load balancer's members on other networks are reached from its VIP's: firewall
 * groups on that way are asked about who connects from the VIP's own network
 * (bpf/guard_balance.h). That is the router at the network's gateway, which the datapath knows;
 * where no router has that address, the one with the longest route to the member.
 */
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

#include <string.h>

static bool has_address(const struct network *network, const struct ip *ip)
{
	for (guint i = 0; i < network->interfaces->len; i++) {
		const struct interface *interface = network->interfaces->pdata[i];
		const GArray *fixed_ips = interface->record.fixed_ips;

		for (guint f = 0; interface_is_up(interface) && f < fixed_ips->len; f++)
			if (ip_equal(&g_array_index(fixed_ips, struct record_fixed_ip, f).ip, ip))
				return true;
	}
	return false;
}

/* Is the network's gateway, as put_network() has it, a router? */
static bool gateway_routes(const struct network *network, u8 family)
{
	for (guint i = 0; i < network->subnets->len; i++) {
		const struct subnet *subnet = network->subnets->pdata[i];

		if (subnet->record.gateway.family == family)
			return has_address(network, &subnet->record.gateway);
	}
	return false;
}

/* Bits of the longest prefix by which the router leads to @ip, and to no wire; -1: by none. */
static int leads_to(const struct router *router, const struct ip *ip)
{
	const struct dp_route *best = NULL;

	for (guint i = 0; router->applied_routes && i < router->applied_routes->len; i++) {
		const struct dp_route *route =
			&g_array_index(router->applied_routes, struct dp_route, i);

		if (prefix_contains(&route->prefix, ip) &&
			(!best || route->prefix.len > best->prefix.len))
			best = route;
	}
	return best && best->n_hops && !(best->hops[0].vni & DP_WIRE) ? best->prefix.len : -1;
}

struct mac lb_way(const struct network *network, const struct ip *member)
{
	struct mac chosen = { 0 };
	int longest = -1;

	if (gateway_routes(network, member->family))
		return chosen;
	for (guint i = 0; i < network->interfaces->len; i++) {
		const struct interface *interface = network->interfaces->pdata[i];
		int bits = interface_is_up(interface) ? leads_to(interface->router, member) : -1;

		if (bits < 0 || bits < longest ||
			(bits == longest && mac_compare(&interface->record.mac, &chosen) > 0))
			continue;
		longest = bits;
		chosen = interface->record.mac;
	}
	return chosen;
}
