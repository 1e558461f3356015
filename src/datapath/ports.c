/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest ports. A port has a small dense id (its index in the counters) for as long as it is here, a
 * place in the broadcast list of its network, and entries in the table of allowed sources. All that
 * a port may use as source is written into that one table: its pairs, and per MAC what every host
 * may use, so that the data path asks one question:
 *
 *   (MAC)                 frames without IP
 *   (MAC, 0.0.0.0)        DHCP, ARP probes (RFC 5227), IGMP
 *   (MAC, ::)             duplicate address detection, MLD
 *   (MAC, fe80::EUI-64)   its link-local address (RFC 4291 appendix A)
 *   (MAC, prefix)         each pair
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

static struct source_key source_key(u32 port_id, const struct mac *mac, const struct prefix *prefix)
{
	struct source_key key = { .port_id = port_id, .prefix_bits = SOURCE_KEY_FIXED_BITS };

	memcpy(key.mac, mac->b, sizeof(key.mac));
	if (prefix) {
		struct ip network = prefix_network(prefix);

		key.family = prefix->ip.family;
		key.addr = addr_from_ip(&network);
		key.prefix_bits += prefix->len + (prefix->ip.family == 4 ? 96u : 0u);
	}
	return key;
}

static bool has_source(const GArray *sources, const struct source_key *key)
{
	for (guint i = 0; i < sources->len; i++)
		if (!memcmp(&g_array_index(sources, struct source_key, i), key, sizeof(*key)))
			return true;
	return false;
}

static void add_source(
	GArray *sources, u32 port_id, const struct mac *mac, const struct prefix *prefix)
{
	struct source_key key = source_key(port_id, mac, prefix);

	if (!has_source(sources, &key))
		g_array_append_val(sources, key);
}

static void add_mac(GArray *sources, u32 port_id, const struct mac *mac)
{
	static const struct prefix any4 = { .ip = { .family = 4 }, .len = 32 };
	static const struct prefix any6 = { .ip = { .family = 6 }, .len = 128 };
	struct prefix link_local = { .ip = ip_link_local_from_mac(mac), .len = 128 };

	add_source(sources, port_id, mac, NULL);
	add_source(sources, port_id, mac, &any4);
	add_source(sources, port_id, mac, &any6);
	add_source(sources, port_id, mac, &link_local);
}

static GArray *wanted_sources(const struct dp_port *port, u32 port_id)
{
	GArray *sources = g_array_new(FALSE, FALSE, sizeof(struct source_key));

	if (!(port->flags & DP_PORT_SECURITY))
		return sources;
	add_mac(sources, port_id, &port->mac);
	for (size_t i = 0; i < port->n_pairs; i++) {
		add_mac(sources, port_id, &port->pairs[i].mac);
		add_source(sources, port_id, &port->pairs[i].mac, &port->pairs[i].prefix);
	}
	return sources;
}

/* Adds what is missing; returns whether something must be removed (see remove_sources). */
static bool add_sources(struct dp *dp, const GArray *wanted, const GArray *have, GError **error)
{
	u32 yes = 1;

	for (guint i = 0; i < wanted->len; i++) {
		const struct source_key *key = &g_array_index(wanted, struct source_key, i);

		if (have && has_source(have, key))
			continue;
		if (bpf_map_update_elem(bpf_map__fd(dp->edge->maps.sources), key, &yes, BPF_ANY))
			return weft_fail_errno(
				error, errno, "Can't allow another source address at a port");
	}
	return true;
}

static bool remove_sources(struct dp *dp, const GArray *wanted, const GArray *have)
{
	bool removed = false;

	for (guint i = 0; have && i < have->len; i++) {
		const struct source_key *key = &g_array_index(have, struct source_key, i);

		if (wanted && has_source(wanted, key))
			continue;
		bpf_map_delete_elem(bpf_map__fd(dp->edge->maps.sources), key);
		removed = true;
	}
	return removed;
}

/* Makes the allowed sources what they should be; *ret_removed: flow entries may have been decided
 * on one that is gone. */
static bool put_sources(
	struct dp *dp, const struct dp_port *port, u32 port_id, bool *ret_removed, GError **error)
{
	g_autoptr(GArray) wanted = wanted_sources(port, port_id);
	const GArray *have = g_hash_table_lookup(dp->sources, GUINT_TO_POINTER(port->ifindex));

	if (!add_sources(dp, wanted, have, error))
		return false;
	*ret_removed = remove_sources(dp, wanted, have);
	g_hash_table_insert(dp->sources, GUINT_TO_POINTER(port->ifindex), g_steal_pointer(&wanted));
	return true;
}

/* The data path looks here first. Only one of the devices that share a slot has it; the others are
 * found in the table. Empties the slot before the table changes (@port NULL), so that no packet
 * sees old beside new. */
static void cache_port(struct dp *dp, u32 ifindex, const struct port *port)
{
	static const struct port none;
	int fd = bpf_map__fd(dp->edge->maps.port_cache);
	u32 slot = ifindex % EDGE_PORT_CACHE;
	struct port old;

	if (bpf_map_lookup_elem(fd, &slot, &old) || (old.ifindex && old.ifindex != ifindex))
		return;
	bpf_map_update_elem(fd, &slot, port ? port : &none, BPF_ANY);
}

static bool write_port(
	struct dp *dp, const struct port *port, enum table_change *ret, GError **error)
{
	struct port old;

	if (!table_get(dp, TABLE_PORTS, &port->ifindex, &old) || memcmp(&old, port, sizeof(old)))
		cache_port(dp, port->ifindex, NULL);
	if (!table_put(dp, TABLE_PORTS, &port->ifindex, port, ret, error))
		return false;
	if (*ret != TABLE_UNCHANGED)
		cache_port(dp, port->ifindex, port);
	return true;
}

/* An id that has just become free rests, so that the connections of its port age away first. */
static u32 free_port_id(struct dp *dp)
{
	for (u32 tries = 1; tries < EDGE_PORTS_MAX; tries++) {
		dp->last_port_id = dp->last_port_id % (EDGE_PORTS_MAX - 1) + 1;
		if (!dp->port_ifindex[dp->last_port_id])
			return dp->last_port_id;
	}
	return 0;
}

/* The first address of each family that the guest may use with its own MAC. */
static void set_own(struct port *value, const struct dp_port *port)
{
	for (size_t i = port->n_pairs; i-- > 0;) {
		const struct prefix *prefix = &port->pairs[i].prefix;
		struct addr addr = addr_from_ip(&prefix->ip);

		if (memcmp(port->pairs[i].mac.b, port->mac.b, sizeof(port->mac.b)))
			continue;
		if (prefix->ip.family == 4 && prefix->len == 32)
			value->own4 = addr.w[3];
		else if (prefix->ip.family == 6 && prefix->len == 128)
			value->own6 = addr;
	}
}

static struct port port_value(const struct dp *dp, const struct dp_port *port, u32 id, u32 policy)
{
	struct port value = { .id = id,
		.vni = port->vni,
		.flags = port->flags | qos_flags(dp, &port->qos) |
			 (port->tiers.n ? EDGE_PORT_TIERS : 0),
		.dscp = port->qos.marks ? port->qos.dscp : 0,
		.ifindex = port->ifindex,
		.policy = policy,
		.kind = (u8)port->kind };

	memcpy(value.mac, port->mac.b, sizeof(value.mac));
	memcpy(value.uuid, port->uuid, sizeof(value.uuid));
	memcpy(&value.identity, port->uuid, sizeof(value.identity));
	if (port->flags & DP_PORT_SECURITY)
		set_own(&value, port);
	return value;
}

static bool port_add(struct dp *dp, const struct dp_port *port, u32 policy, GError **error)
{
	struct port value = port_value(dp, port, free_port_id(dp), policy);
	enum table_change change;
	bool removed, retiered;

	if (!value.id)
		return weft_fail(error, TOO_LARGE, "Can't add a port: a host holds at most %d.",
			EDGE_PORTS_MAX - 1);
	counters_zero(dp, value.id);
	connections_begin(dp, value.id, port);
	if (!qos_put(dp, value.id, &port->qos, error) ||
		!logs_put(dp, value.id, value.flags, error) ||
		!put_sources(dp, port, value.id, &removed, error) ||
		!tiers_put(dp, value.id, &port->tiers, policy, &retiered, error) ||
		!flood_add(dp, port->vni, FLOOD_PORT, port->ifindex, &value.flood_index, error) ||
		!write_port(dp, &value, &change, error))
		return false;
	dp->port_ifindex[value.id] = port->ifindex;
	dp->port_policy[value.id] = policy;
	/* entries of a former port with this id, and those that were decided while nobody was here
	 */
	return host_raise_epoch(dp, error);
}

static bool port_change(struct dp *dp, const struct dp_port *port, u32 policy,
	const struct port *old, GError **error)
{
	struct port value = port_value(dp, port, old->id, policy);
	enum table_change change;
	bool removed, retiered;

	if (port->keep_policy)
		value.flags |= old->flags & EDGE_PORT_TIERS;
	value.flood_index = old->flood_index;
	connections_limit(dp, old->id, port);
	if (old->vni != value.vni &&
		(!flood_remove(dp, old->vni, FLOOD_PORT, old->flood_index, error) ||
			!flood_add(dp, value.vni, FLOOD_PORT, port->ifindex, &value.flood_index,
				error)))
		return false;
	if (!qos_put(dp, value.id, &port->qos, error) ||
		!logs_put(dp, value.id, value.flags, error) ||
		!put_sources(dp, port, value.id, &removed, error) ||
		!tiers_put(dp, value.id, &port->tiers, policy, &retiered, error) ||
		!write_port(dp, &value, &change, error) ||
		(!(value.flags & EDGE_PORT_TIERS) && !tiers_drop(dp, &value.id, error)))
		return false;
	if (port->keep_policy)
		table_keep(dp, TABLE_TIERS, &value.id);
	dp->port_policy[value.id] = policy;
	return (change == TABLE_UNCHANGED && !removed && !retiered) || host_raise_epoch(dp, error);
}

bool dp_port_put(struct dp *dp, const struct dp_port *port, GError **error)
{
	struct port old;
	bool ok, known = table_get(dp, TABLE_PORTS, &port->ifindex, &old);
	u32 policy;

	if (port->keep_policy) {
		if (!known)
			return weft_fail(error, NOT_FOUND,
				"Can't add a port before it is known what it lets in and out.");
		policy = old.policy;
	} else if (!firewall_policy_number(dp, port->policy, &policy, error)) {
		return false;
	}
	ok = known ? port_change(dp, port, policy, &old, error) : port_add(dp, port, policy, error);
	return ok &&
	       (dp_is_subport(port->ifindex) || attach_put(dp, port->ifindex, ATTACH_GUEST, error));
}

bool port_drop(struct dp *dp, const void *key, GError **error)
{
	u32 ifindex = *(const u32 *)key;
	struct port old;

	if (!dp_is_subport(ifindex) && !attach_delete(dp->pin_dir, ifindex, ATTACH_GUEST, error))
		return false;
	if (!table_get(dp, TABLE_PORTS, &ifindex, &old))
		return true;
	cache_port(dp, ifindex, NULL);
	if (!table_delete(dp, TABLE_PORTS, &ifindex, error) ||
		!flood_remove(dp, old.vni, FLOOD_PORT, old.flood_index, error))
		return false;
	remove_sources(dp, NULL, g_hash_table_lookup(dp->sources, GUINT_TO_POINTER(ifindex)));
	g_hash_table_remove(dp->sources, GUINT_TO_POINTER(ifindex));
	drops_forget(dp, old.id);
	if (!tiers_drop(dp, &old.id, error) || !qos_put(dp, old.id, &(struct dp_qos){ 0 }, error) ||
		!logs_put(dp, old.id, 0, error))
		return false;
	connections_end(dp, old.id);
	dp->port_ifindex[old.id] = 0;
	dp->port_policy[old.id] = 0;
	return host_raise_epoch(dp, error);
}

bool dp_port_delete(struct dp *dp, u32 ifindex, GError **error)
{
	return port_drop(dp, &ifindex, error);
}

static void learn_port(struct dp *dp, const void *key, const void *value, void *data)
{
	const struct port *port = value;

	(void)data;
	if (port->id < EDGE_PORTS_MAX) {
		dp->port_ifindex[port->id] = *(const u32 *)key;
		dp->port_policy[port->id] = port->policy;
		connections_learn(dp, port->id);
	}
	dp->last_port_id = MAX(dp->last_port_id, port->id);
	cache_port(dp, port->ifindex, port);
}

/* The allowed sources in the kernel, by port; those of no port are left over from a process that
 * died at the wrong moment. */
static void learn_sources(struct dp *dp)
{
	int fd = bpf_map__fd(dp->edge->maps.sources);
	g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(struct source_key));
	struct source_key key, next, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &next)) {
		g_array_append_val(keys, next);
		key = next;
		previous = &key;
	}
	for (guint i = 0; i < keys->len; i++) {
		u32 ifindex;
		GArray *sources;

		key = g_array_index(keys, struct source_key, i);
		ifindex = key.port_id < EDGE_PORTS_MAX ? dp->port_ifindex[key.port_id] : 0;
		if (!ifindex) {
			bpf_map_delete_elem(fd, &key);
			continue;
		}
		sources = g_hash_table_lookup(dp->sources, GUINT_TO_POINTER(ifindex));
		if (!sources) {
			sources = g_array_new(FALSE, FALSE, sizeof(struct source_key));
			g_hash_table_insert(dp->sources, GUINT_TO_POINTER(ifindex), sources);
		}
		g_array_append_val(sources, key);
	}
}

void ports_open(struct dp *dp)
{
	dp->sources = g_hash_table_new_full(
		g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)g_array_unref);
	table_foreach(dp, TABLE_PORTS, learn_port, NULL);
	learn_sources(dp);
	drops_forget_unused(dp);
}

void ports_close(struct dp *dp)
{
	g_clear_pointer(&dp->sources, g_hash_table_unref);
}
