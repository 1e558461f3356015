/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, where MACs and addresses are in them, and which hosts have them. */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"

/* A relevant change makes the flow entries that were decided before it stale; an addition concerns
 * none. */
static bool changed(struct dp *dp, enum table_change change, GError **error)
{
	return change != TABLE_CHANGED || host_raise_epoch(dp, error);
}

bool dp_network_put(struct dp *dp, const struct dp_network *network, GError **error)
{
	struct network value = { .mtu = network->mtu_bytes,
		.shared_addresses = network->shared_addresses,
		.routed = network->routed };
	enum table_change change;

	if (network->gateway4.family == 4) {
		value.has_gateway4 = 1;
		memcpy(&value.gateway4, network->gateway4.b, 4);
	}
	if (network->gateway6.family == 6) {
		value.has_gateway6 = 1;
		value.gateway6 = addr_from_ip(&network->gateway6);
	}
	return table_put(dp, TABLE_NETWORKS, &network->vni, &value, &change, error) &&
	       changed(dp, change, error);
}

bool network_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_NETWORKS, key, error) && host_raise_epoch(dp, error);
}

bool dp_network_delete(struct dp *dp, u32 vni, GError **error)
{
	return network_drop(dp, &vni, error);
}

static bool neighbour_put(struct dp *dp, enum table table, u32 vni, const struct ip *ip,
	struct neighbour value, GError **error)
{
	struct neighbour_key key = { .vni = vni, .addr = addr_from_ip(ip) };
	enum table_change change;

	return table_put(dp, table, &key, &value, &change, error) && changed(dp, change, error);
}

static struct neighbour at_mac(const struct mac *mac)
{
	struct neighbour value = { 0 };

	memcpy(value.mac, mac->b, sizeof(value.mac));
	return value;
}

bool dp_neighbour_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	return neighbour_put(dp, TABLE_NEIGHBOURS, vni, ip, at_mac(mac), error);
}

bool dp_neighbour_put_routed(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	struct neighbour value = at_mac(mac);

	value.routed = 1;
	return neighbour_put(dp, TABLE_NEIGHBOURS, vni, ip, value, error);
}

/* Flows are routed to it. */
bool neighbour_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_NEIGHBOURS, key, error) && host_raise_epoch(dp, error);
}

bool dp_neighbour_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	struct neighbour_key key = { .vni = vni, .addr = addr_from_ip(ip) };

	return neighbour_drop(dp, &key, error);
}

bool dp_service_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error)
{
	return neighbour_put(dp, TABLE_SERVICES, vni, ip, at_mac(mac), error);
}

bool service_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_SERVICES, key, error);
}

bool dp_service_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	struct neighbour_key key = { .vni = vni, .addr = addr_from_ip(ip) };

	return service_drop(dp, &key, error);
}

static struct endpoint_key endpoint_key(u32 vni, const struct mac *mac)
{
	struct endpoint_key key = { .vni = vni };

	memcpy(key.mac, mac->b, sizeof(key.mac));
	return key;
}

bool dp_endpoint_put(struct dp *dp, const struct dp_endpoint *endpoint, GError **error)
{
	struct endpoint_key key = endpoint_key(endpoint->vni, &endpoint->mac);
	struct endpoint value = { .ifindex = endpoint->ifindex }, old = { 0 };
	enum table_change change;
	bool existed = table_get(dp, TABLE_ENDPOINTS, &key, &old);

	if (!value.ifindex &&
		!vtep_acquire(dp, &endpoint->vtep, endpoint->encap, &value.vtep, error))
		return false;
	if (!table_put(dp, TABLE_ENDPOINTS, &key, &value, &change, error)) {
		vtep_release(dp, value.vtep);
		return false;
	}
	if (!changed(dp, change, error))
		return false;
	if (existed) /* the old entry's reference, which is the new one's when nothing changed */
		vtep_release(dp, old.vtep);
	return true;
}

bool endpoint_drop(struct dp *dp, const void *key, GError **error)
{
	struct endpoint old;

	if (!table_get(dp, TABLE_ENDPOINTS, key, &old))
		return true;
	if (!table_delete(dp, TABLE_ENDPOINTS, key, error) || !host_raise_epoch(dp, error))
		return false;
	vtep_release(dp, old.vtep);
	return true;
}

bool dp_endpoint_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	struct endpoint_key key = endpoint_key(vni, mac);

	return endpoint_drop(dp, &key, error);
}

static enum flood_class class_of(const struct addr *addr)
{
	return ip_from_addr(addr).family == 4 ? FLOOD_HOST4 : FLOOD_HOST6;
}

#define FLOOD_NONE UINT32_MAX /* of a member that has the network only over routers */

static bool member_replace(struct dp *dp, const struct member_key *key, const struct member *old,
	struct member *value, GError **error)
{
	enum flood_class class = class_of(&key->remote);
	bool leaves = value->flood_index == FLOOD_NONE && old->flood_index != FLOOD_NONE;
	enum table_change change;

	if (value->flood_index != FLOOD_NONE && old->flood_index != FLOOD_NONE)
		value->flood_index = old->flood_index;
	else if (value->flood_index != FLOOD_NONE &&
		 !flood_add(dp, key->vni, class, value->vtep, &value->flood_index, error))
		return false;
	if (!table_put(dp, TABLE_MEMBERS, key, value, &change, error) ||
		(leaves && !flood_remove(dp, key->vni, class, old->flood_index, error)))
		return false;
	if (value->vtep != old->vtep && ((value->flood_index != FLOOD_NONE &&
						 !flood_replace(dp, key->vni, class,
							 value->flood_index, value->vtep, error)) ||
						!host_raise_epoch(dp, error)))
		return false;
	vtep_release(dp, old->vtep);
	return true;
}

bool dp_member_put(struct dp *dp, const struct dp_member *member, GError **error)
{
	struct member_key key = { .vni = member->vni, .remote = addr_from_ip(&member->vtep) };
	struct member value = { .flood_index = member->routed ? FLOOD_NONE : 0 }, old;
	enum table_change change;

	if (!vtep_acquire(dp, &member->vtep, member->encap, &value.vtep, error))
		return false;
	if (table_get(dp, TABLE_MEMBERS, &key, &old))
		return member_replace(dp, &key, &old, &value, error);
	if (!member->routed && !flood_add(dp, key.vni, class_of(&key.remote), value.vtep,
				       &value.flood_index, error)) {
		vtep_release(dp, value.vtep);
		return false;
	}
	return table_put(dp, TABLE_MEMBERS, &key, &value, &change, error);
}

bool member_drop(struct dp *dp, const void *key, GError **error)
{
	const struct member_key *k = key;
	struct member old;

	if (!table_get(dp, TABLE_MEMBERS, key, &old))
		return true;
	if (!table_delete(dp, TABLE_MEMBERS, key, error) ||
		!flood_remove(dp, k->vni, class_of(&k->remote), old.flood_index, error) ||
		!host_raise_epoch(dp, error))
		return false;
	vtep_release(dp, old.vtep);
	return true;
}

bool dp_member_delete(struct dp *dp, u32 vni, const struct ip *vtep, GError **error)
{
	struct member_key key = { .vni = vni, .remote = addr_from_ip(vtep) };

	return member_drop(dp, &key, error);
}
