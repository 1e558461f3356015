/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside: wires, gateways and floating IPs. An address that is on this host has an entry in
 * four tables: who it is (externals), that its MAC is a router's (interfaces, endpoints), and whom
 * the guests of the same network find it at (neighbours).
 */
#include <net/if.h>
#include <string.h>

#include "datapath/internal.h"

_Static_assert(DP_WIRE == EDGE_WIRE, "one number");

struct wires {
	const u32 *wanted;
	guint n;
};

static bool detach_unwanted(
	struct dp *dp, u32 ifindex, enum attach_role role, void *data, GError **error)
{
	const struct wires *wires = data;

	if (role != ATTACH_WIRE)
		return true;
	for (guint i = 0; i < wires->n; i++)
		if (wires->wanted[i] == ifindex)
			return true;
	return attach_delete(dp->pin_dir, ifindex, role, error);
}

bool dp_set_wires(struct dp *dp, const char *const *devices, GError **error)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(u32));

	for (; *devices; devices++) {
		u32 ifindex = if_nametoindex(*devices);

		if (!ifindex)
			return weft_fail(error, DEVICE_NOT_FOUND,
				"Can't use %s for a physical network: this host has no device of that name.",
				*devices);
		if (ifindex > DP_WIRE_IFINDEX_MAX)
			return weft_fail(error, TOO_LARGE,
				"Can't use %s for a physical network: its index %u is above %u.",
				*devices, ifindex, DP_WIRE_IFINDEX_MAX);
		if (!attach_put(dp, ifindex, ATTACH_WIRE, error))
			return false;
		g_array_append_val(wanted, ifindex);
	}
	return attach_foreach(dp, detach_unwanted,
		&(struct wires){ (const u32 *)(void *)wanted->data, wanted->len }, error);
}

static void set_router(u32 words[static 2], u64 router)
{
	words[0] = (u32)router;
	words[1] = (u32)(router >> 32);
}

static bool raise_if(struct dp *dp, enum table_change change, GError **error)
{
	return change == TABLE_UNCHANGED || host_raise_epoch(dp, error);
}

static struct neighbour_key key_of(u32 vni, const struct ip *ip)
{
	return (struct neighbour_key){ .vni = vni, .addr = addr_from_ip(ip) };
}

static be32 ip4_of(const struct ip *ip)
{
	be32 word = 0;

	if (ip->family == 4)
		memcpy(&word, ip->b, sizeof(word));
	return word;
}

bool external_write(struct dp *dp, u64 router, u32 vni, const struct ip *ip, const struct mac *mac,
	struct external *value, GError **error)
{
	struct neighbour_key key = key_of(vni, ip);
	enum table_change change;

	set_router(value->router, router);
	memcpy(value->mac, mac->b, sizeof(value->mac));
	return table_put(dp, TABLE_EXTERNALS, &key, value, &change, error) &&
	       raise_if(dp, change, error);
}

static bool external_put(struct dp *dp, u64 router, u32 vni, const struct ip *ip,
	const struct mac *mac, struct external value, GError **error)
{
	return external_write(dp, router, vni, ip, mac, &value, error) &&
	       dp_neighbour_put(dp, vni, ip, mac, error);
}

/* A VIP's neighbour entry is for guests, whoever answers the wire. */
bool external_drop(struct dp *dp, const void *key, GError **error)
{
	struct external external = { 0 };

	table_get(dp, TABLE_EXTERNALS, key, &external);
	return (external.balancer || neighbour_drop(dp, key, error)) &&
	       table_delete(dp, TABLE_EXTERNALS, key, error) && host_raise_epoch(dp, error);
}

static bool external_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	struct neighbour_key key = key_of(vni, ip);

	return external_drop(dp, &key, error);
}

bool dp_vip_here_put(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	struct external external = { .balancer = 1 };

	return external_write(dp, 0, vni, vip, mac, &external, error);
}

bool dp_vip_here_delete(struct dp *dp, u32 vni, const struct ip *vip, GError **error)
{
	return external_delete(dp, vni, vip, error);
}

static struct mac mac_of(const u8 bytes[static 6])
{
	struct mac mac;

	memcpy(mac.b, bytes, sizeof(mac.b));
	return mac;
}

/* It has ports of the address that another host answers for. */
static bool is_shared(const struct gateway *gateway)
{
	return !gateway->here && gateway->n_ports;
}

/* The addresses that packets from the wire may be for, how many. */
static unsigned addresses_of(const struct gateway *gateway, struct ip addresses[static 3])
{
	static const struct addr none;
	struct mac mac = mac_of(gateway->mac);
	unsigned n = 0;

	if (!gateway->here && !is_shared(gateway))
		return 0;
	if (gateway->ip4) {
		addresses[n] = (struct ip){ .family = 4 };
		memcpy(addresses[n++].b, &gateway->ip4, sizeof(gateway->ip4));
	}
	if (gateway->here && memcmp(&gateway->ip6, &none, sizeof(none))) {
		addresses[n++] = ip_from_addr(&gateway->ip6);
		addresses[n++] = ip_link_local_from_mac(&mac);
	}
	return n;
}

static bool withdraw(struct dp *dp, const struct gateway *gateway, GError **error)
{
	struct ip addresses[3];
	unsigned n = addresses_of(gateway, addresses);

	for (unsigned i = 0; i < n; i++)
		if (!external_delete(dp, gateway->vni, &addresses[i], error))
			return false;
	return true;
}

static bool answer(struct dp *dp, u64 router, const struct gateway *gateway, GError **error)
{
	struct mac mac = mac_of(gateway->mac);
	struct ip addresses[3];
	unsigned n = addresses_of(gateway, addresses);

	if (n && is_shared(gateway))
		return external_write(dp, router, gateway->vni, &addresses[0], &mac,
			&(struct external){ .silent = 1, .limits = gateway->limits }, error);
	for (unsigned i = 0; i < n; i++)
		if (!external_put(dp, router, gateway->vni, &addresses[i], &mac,
			    (struct external){ .limits = gateway->limits }, error))
			return false;
	return true;
}

static bool same_place(const struct gateway *a, const struct gateway *b)
{
	return a->vni == b->vni && a->here == b->here && is_shared(a) == is_shared(b) &&
	       a->ip4 == b->ip4 && !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       !memcmp(&a->ip6, &b->ip6, sizeof(a->ip6));
}

bool dp_gateway_put(struct dp *dp, const struct dp_gateway *gateway, GError **error)
{
	struct gateway old = { 0 }, value = { .vni = gateway->vni,
		.mtu = gateway->mtu_bytes,
		.here = gateway->here,
		.snat = gateway->snat,
		.ip4 = ip4_of(&gateway->ip4),
		.port_first = gateway->port_first,
		.n_ports = gateway->n_ports,
		.translations_max = gateway->is_limited ? gateway->translations_max : UINT32_MAX };
	struct router_key key;
	enum table_change change;
	bool known;

	set_router(key.router, gateway->router);
	set_router(value.owner, gateway->owner ?: gateway->router);
	memcpy(value.mac, gateway->mac.b, sizeof(value.mac));
	if (gateway->ip6.family == 6)
		value.ip6 = addr_from_ip(&gateway->ip6);
	known = table_get(dp, TABLE_GATEWAYS, &key, &old);
	if (!limits_number(dp, gateway->limits, &value.limits, error))
		return false;
	if (!gateway->here && gateway->vtep.family &&
		!vtep_acquire(dp, &gateway->vtep, gateway->encap, &value.vtep, error))
		return false;
	if (known && !same_place(&old, &value) && !withdraw(dp, &old, error))
		return false;
	if (!answer(dp, gateway->router, &value, error) ||
		!table_put(dp, TABLE_GATEWAYS, &key, &value, &change, error))
		return false;
	if (known && old.vtep)
		vtep_release(dp, old.vtep);
	return raise_if(dp, change, error);
}

bool gateway_drop(struct dp *dp, const void *key, GError **error)
{
	struct gateway old;

	if (!table_get(dp, TABLE_GATEWAYS, key, &old))
		return true;
	if (!withdraw(dp, &old, error) || !table_delete(dp, TABLE_GATEWAYS, key, error))
		return false;
	if (old.vtep)
		vtep_release(dp, old.vtep);
	return host_raise_epoch(dp, error);
}

bool dp_gateway_delete(struct dp *dp, u64 router, GError **error)
{
	struct router_key key;

	set_router(key.router, router);
	return gateway_drop(dp, &key, error);
}

static struct floating_key floating_key(u64 router, const struct ip *fixed)
{
	struct floating_key key = { .fixed = ip4_of(fixed) };

	set_router(key.router, router);
	return key;
}

bool floating_ip_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_FLOATING_IPS, key, error) && host_raise_epoch(dp, error);
}

/* What leaves of the one that @external stands for does so as @floating no more. */
static bool disown(
	struct dp *dp, u32 vni, be32 floating, const struct external *external, GError **error)
{
	struct floating_key key = { .fixed = external->fixed };
	struct floating value;

	memcpy(key.router, external->router, sizeof(key.router));
	return !table_get(dp, TABLE_FLOATING_IPS, &key, &value) || value.vni != vni ||
	       value.ip4 != floating || floating_ip_drop(dp, &key, error);
}

bool dp_floating_ip_put(struct dp *dp, const struct dp_floating_ip *floating_ip, GError **error)
{
	struct floating_key key = floating_key(floating_ip->router, &floating_ip->fixed);
	struct dp_interface interface = { .vni = floating_ip->vni,
		.mac = floating_ip->mac,
		.router = floating_ip->router,
		.ip4 = floating_ip->floating };
	struct floating value = { .vni = floating_ip->vni, .ip4 = ip4_of(&floating_ip->floating) };
	struct neighbour_key at = key_of(floating_ip->vni, &floating_ip->floating);
	struct external external = { .fixed = key.fixed }, old;
	bool moves = table_get(dp, TABLE_EXTERNALS, &at, &old) &&
		     (old.fixed != key.fixed || memcmp(old.router, key.router, sizeof(old.router)));
	enum table_change change;

	if (floating_ip->floating.family != 4 || floating_ip->fixed.family != 4)
		return weft_fail(error, INVALID_INPUT, "A floating IP is one of IPv4.");
	memcpy(value.mac, floating_ip->mac.b, sizeof(value.mac));
	return limits_number(dp, floating_ip->limits, &external.limits, error) &&
	       external_put(dp, floating_ip->router, floating_ip->vni, &floating_ip->floating,
		       &floating_ip->mac, external, error) &&
	       dp_interface_put(dp, &interface, error) &&
	       table_put(dp, TABLE_FLOATING_IPS, &key, &value, &change, error) &&
	       raise_if(dp, change, error) &&
	       (!moves || disown(dp, floating_ip->vni, value.ip4, &old, error));
}

bool dp_floating_ip_put_elsewhere(struct dp *dp, u64 router, const struct ip *fixed, GError **error)
{
	struct floating_key key = floating_key(router, fixed);
	struct floating value = { .elsewhere = 1 };
	enum table_change change;

	return table_put(dp, TABLE_FLOATING_IPS, &key, &value, &change, error) &&
	       raise_if(dp, change, error);
}

bool dp_floating_ip_delete_elsewhere(
	struct dp *dp, u64 router, const struct ip *fixed, GError **error)
{
	struct floating_key key = floating_key(router, fixed);
	struct floating value;

	return !table_get(dp, TABLE_FLOATING_IPS, &key, &value) || !value.elsewhere ||
	       floating_ip_drop(dp, &key, error);
}

bool dp_floating_ip_delete(struct dp *dp, u32 vni, const struct ip *floating, GError **error)
{
	struct neighbour_key key = key_of(vni, floating);
	struct external external;
	struct mac mac;

	if (!table_get(dp, TABLE_EXTERNALS, &key, &external))
		return true;
	mac = mac_of(external.mac);
	if (!disown(dp, vni, ip4_of(floating), &external, error))
		return false;
	return dp_interface_delete(dp, vni, &mac, error) && external_drop(dp, &key, error);
}

bool dp_punt_neighbour(const u8 *frame, size_t len, u32 *ret_vni, struct ip *ret_ip)
{
	struct neighbour_key key;

	if (len != sizeof(key))
		return false;
	memcpy(&key, frame, sizeof(key));
	*ret_vni = key.vni;
	*ret_ip = ip_from_addr(&key.addr);
	return true;
}
