/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps as tables: a put compares with what is there and writes only differences; during a sweep it
 * also notes the key, and what has not been noted at the end is dropped. Outside of a sweep nothing
 * is remembered here: the maps are the state; but of those that find the longest prefix there is a
 * copy, because they can't say whether they have a key.
 */
#include <errno.h>
#include <string.h>

#include "edge.skel.h"

#include "datapath/internal.h"

#define VALUE_MAX 8192 /* bytes of the largest key or value */

static const struct {
	const char *what;
	size_t key_size, value_size;
	bool (*drop)(struct dp *dp, const void *key, GError **error);
	bool longest_prefix; /* asked for a key, the kernel answers with any that covers it */
} tables[N_TABLES] = {
	[TABLE_NAMES] = { "name", sizeof(struct name_key), sizeof(u32), name_drop },
	[TABLE_RULES] = { "rule", sizeof(struct rule_key), sizeof(struct rule), rule_drop, true },
	[TABLE_POLICIES] = { "policy", sizeof(u32), sizeof(struct policy), policy_drop },
	[TABLE_TIERS] = { "port's tiers", sizeof(u32), sizeof(struct tiers), tiers_drop },
	[TABLE_IDENTITIES] = { "group member", sizeof(struct identity_key), sizeof(u32),
		identity_drop, true },
	[TABLE_GUARDS] = { "firewall group of a router's port", sizeof(struct endpoint_key),
		sizeof(struct guard), guard_drop },
	[TABLE_GUARD_SETS] = { "match of a firewall group", sizeof(struct guard_key),
		sizeof(struct guard_set), guard_set_drop, true },
	[TABLE_GUARD_RULES] = { "rule of a firewall group", sizeof(struct guard_place), sizeof(u32),
		guard_rule_drop },
	[TABLE_NETWORKS] = { "network", sizeof(u32), sizeof(struct network), network_drop },
	[TABLE_SERVICES] = { "service address", sizeof(struct neighbour_key),
		sizeof(struct neighbour), service_drop },
	[TABLE_NEIGHBOURS] = { "neighbour", sizeof(struct neighbour_key), sizeof(struct neighbour),
		neighbour_drop },
	[TABLE_ROUTES] = { "route", sizeof(struct route_key), sizeof(struct route), route_drop,
		true },
	[TABLE_INTERFACES] = { "router interface", sizeof(struct endpoint_key),
		sizeof(struct interface), interface_drop },
	[TABLE_ENDPOINTS] = { "endpoint", sizeof(struct endpoint_key), sizeof(struct endpoint),
		endpoint_drop },
	[TABLE_EXTERNALS] = { "router's address", sizeof(struct neighbour_key),
		sizeof(struct external), external_drop },
	[TABLE_GATEWAYS] = { "gateway", sizeof(struct router_key), sizeof(struct gateway),
		gateway_drop },
	[TABLE_SNAT_OWNERS] = { "router's port ranges", sizeof(struct router_key),
		sizeof(struct snat_owners), snat_owners_drop },
	[TABLE_FLOATING_IPS] = { "floating IP", sizeof(struct floating_key),
		sizeof(struct floating), floating_ip_drop },
	[TABLE_FORWARDS] = { "port forwarding", sizeof(struct forward_key), sizeof(struct forward),
		forward_drop, true },
	[TABLE_PREFIXES] = { "prefix outside", sizeof(struct prefix_key),
		sizeof(struct prefix_change), prefix_drop, true },
	[TABLE_LB_MEMBERS] = { "member of a load balancer", sizeof(struct lb_member_key),
		sizeof(struct lb_member), lb_member_drop },
	[TABLE_MAGLEV] = { "table of a load balancer", sizeof(u32), sizeof(struct maglev_table),
		maglev_drop },
	[TABLE_LB_ARRIVALS] = { "member of a load balancer", sizeof(struct arrival_key),
		sizeof(struct lb_arrival), lb_arrival_drop },
	[TABLE_LB_ALLOWED] = { "source that a listener allows", sizeof(struct allowed_key),
		sizeof(u32), lb_allowed_drop, true },
	[TABLE_LISTENERS] = { "listener", sizeof(struct listener_key), sizeof(struct listener),
		listener_drop },
	[TABLE_HELPERS] = { "conntrack helper", sizeof(struct helper_key), sizeof(struct helper),
		helper_drop },
	[TABLE_MEMBERS] = { "member", sizeof(struct member_key), sizeof(struct member),
		member_drop },
	[TABLE_PORTS] = { "port", sizeof(u32), sizeof(struct port), port_drop },
};

struct addr addr_from_ip(const struct ip *ip)
{
	struct addr addr = { 0 };

	if (ip->family == 4) {
		addr.b[10] = addr.b[11] = 0xff;
		memcpy(&addr.b[12], ip->b, 4);
	} else {
		memcpy(addr.b, ip->b, 16);
	}
	return addr;
}

struct ip ip_from_addr(const struct addr *addr)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ip ip = { .family = 6 };

	if (memcmp(addr->b, mapped, sizeof(mapped))) {
		memcpy(ip.b, addr->b, 16);
	} else {
		ip.family = 4;
		memcpy(ip.b, &addr->b[12], 4);
	}
	return ip;
}

size_t table_key_size(enum table table)
{
	return tables[table].key_size;
}

u32 table_max(enum table table, const struct dp *dp)
{
	struct bpf_map_info info = { 0 };
	u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(dp->table_fd[table], &info, &size) ? 0 : info.max_entries;
}

/* Those that grow with what the host has to know. */
void tables_usage(struct dp *dp, dp_table_fn fn, void *data)
{
	static const struct {
		enum table table;
		const char *name;
	} shown[] = {
		{ TABLE_PORTS, "ports" },
		{ TABLE_ENDPOINTS, "endpoints" },
		{ TABLE_NEIGHBOURS, "neighbours" },
		{ TABLE_ROUTES, "routes" },
		{ TABLE_POLICIES, "policies" },
		{ TABLE_RULES, "rules" },
		{ TABLE_IDENTITIES, "identities" },
		{ TABLE_NAMES, "names" },
		{ TABLE_GUARDS, "guards" },
		{ TABLE_GUARD_SETS, "guard_sets" },
		{ TABLE_GUARD_RULES, "guard_rules" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
		fn(shown[i].name, dp->n_entries[shown[i].table], table_max(shown[i].table, dp),
			data);
}

bool table_get(const struct dp *dp, enum table table, const void *key, void *ret_value)
{
	g_autoptr(GBytes) bytes = NULL;
	const void *value;

	if (!tables[table].longest_prefix)
		return !bpf_map_lookup_elem(dp->table_fd[table], key, ret_value);
	bytes = g_bytes_new_static(key, tables[table].key_size);
	value = g_hash_table_lookup(dp->copies[table], bytes);
	if (value)
		memcpy(ret_value, value, tables[table].value_size);
	return value != NULL;
}

/* Keeps the copy of a table that can't be asked for one key. */
static void copy_entry(struct dp *dp, enum table table, const void *key, const void *value)
{
	if (tables[table].longest_prefix)
		g_hash_table_replace(dp->copies[table], g_bytes_new(key, tables[table].key_size),
			g_memdup2(value, tables[table].value_size));
}

void table_keep(struct dp *dp, enum table table, const void *key)
{
	if (dp->kept[table])
		g_hash_table_add(dp->kept[table], g_bytes_new(key, tables[table].key_size));
}

bool table_put(struct dp *dp, enum table table, const void *key, const void *value,
	enum table_change *ret, GError **error)
{
	u8 old[VALUE_MAX];
	enum table_change change = TABLE_ADDED;

	table_keep(dp, table, key);
	if (table_get(dp, table, key, old))
		change = memcmp(old, value, tables[table].value_size) ? TABLE_CHANGED
								      : TABLE_UNCHANGED;
	if (change != TABLE_UNCHANGED &&
		bpf_map_update_elem(dp->table_fd[table], key, value, BPF_ANY)) {
		if (errno == E2BIG || errno == ENOMEM)
			return weft_fail(error, TOO_LARGE,
				"Can't add a %s to the edge switch: its table holds %u and is full.",
				tables[table].what, table_max(table, dp));
		return weft_fail_errno(
			error, errno, "Can't write a %s into the edge switch", tables[table].what);
	}
	if (change == TABLE_ADDED)
		dp->n_entries[table]++;
	if (change != TABLE_UNCHANGED) {
		copy_entry(dp, table, key, value);
		dp->n_writes++;
	}
	*ret = change;
	return true;
}

bool table_delete(struct dp *dp, enum table table, const void *key, GError **error)
{
	if (!bpf_map_delete_elem(dp->table_fd[table], key)) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(key, tables[table].key_size);

		if (tables[table].longest_prefix)
			g_hash_table_remove(dp->copies[table], bytes);
		dp->n_entries[table]--;
		dp->n_writes++;
		return true;
	}
	if (errno == ENOENT)
		return true;
	return weft_fail_errno(
		error, errno, "Can't remove a %s from the edge switch", tables[table].what);
}

/* The keys are taken first, so @fn may delete what it is given. */
void table_foreach(struct dp *dp, enum table table, table_entry_fn fn, void *data)
{
	size_t size = tables[table].key_size;
	g_autoptr(GByteArray) keys = g_byte_array_new();
	u8 key[VALUE_MAX], next[VALUE_MAX], value[VALUE_MAX], *previous = NULL;

	while (!bpf_map_get_next_key(dp->table_fd[table], previous, next)) {
		g_byte_array_append(keys, next, (guint)size);
		memcpy(key, next, size);
		previous = key;
	}
	for (size_t at = 0; at < keys->len; at += size) /* a key that is there is found itself */
		if (!bpf_map_lookup_elem(dp->table_fd[table], &keys->data[at], value))
			fn(dp, &keys->data[at], value, data);
}

static void learn_entry(struct dp *dp, const void *key, const void *value, void *data)
{
	enum table table = *(enum table *)data;

	dp->n_entries[table]++;
	copy_entry(dp, table, key, value);
}

void tables_open(struct dp *dp)
{
	dp->table_fd[TABLE_NAMES] = bpf_map__fd(dp->edge->maps.names);
	dp->table_fd[TABLE_RULES] = bpf_map__fd(dp->edge->maps.rules);
	dp->table_fd[TABLE_POLICIES] = bpf_map__fd(dp->edge->maps.policies);
	dp->table_fd[TABLE_TIERS] = bpf_map__fd(dp->edge->maps.tiers);
	dp->table_fd[TABLE_IDENTITIES] = bpf_map__fd(dp->edge->maps.identities);
	dp->table_fd[TABLE_GUARDS] = bpf_map__fd(dp->edge->maps.guards);
	dp->table_fd[TABLE_GUARD_SETS] = bpf_map__fd(dp->edge->maps.guard_sets);
	dp->table_fd[TABLE_GUARD_RULES] = bpf_map__fd(dp->edge->maps.guard_rules);
	dp->table_fd[TABLE_NETWORKS] = bpf_map__fd(dp->edge->maps.networks);
	dp->table_fd[TABLE_SERVICES] = bpf_map__fd(dp->edge->maps.services);
	dp->table_fd[TABLE_NEIGHBOURS] = bpf_map__fd(dp->edge->maps.neighbours);
	dp->table_fd[TABLE_ROUTES] = bpf_map__fd(dp->edge->maps.routes);
	dp->table_fd[TABLE_INTERFACES] = bpf_map__fd(dp->edge->maps.interfaces);
	dp->table_fd[TABLE_ENDPOINTS] = bpf_map__fd(dp->edge->maps.endpoints);
	dp->table_fd[TABLE_EXTERNALS] = bpf_map__fd(dp->edge->maps.externals);
	dp->table_fd[TABLE_GATEWAYS] = bpf_map__fd(dp->edge->maps.gateways);
	dp->table_fd[TABLE_SNAT_OWNERS] = bpf_map__fd(dp->edge->maps.snat_owners);
	dp->table_fd[TABLE_FLOATING_IPS] = bpf_map__fd(dp->edge->maps.floating_ips);
	dp->table_fd[TABLE_FORWARDS] = bpf_map__fd(dp->edge->maps.forwards);
	dp->table_fd[TABLE_PREFIXES] = bpf_map__fd(dp->edge->maps.prefixes);
	dp->table_fd[TABLE_LB_MEMBERS] = bpf_map__fd(dp->edge->maps.members_by_number);
	dp->table_fd[TABLE_MAGLEV] = bpf_map__fd(dp->edge->maps.maglev_tables);
	dp->table_fd[TABLE_LB_ARRIVALS] = bpf_map__fd(dp->edge->maps.members_by_vip);
	dp->table_fd[TABLE_LB_ALLOWED] = bpf_map__fd(dp->edge->maps.allowed_sources);
	dp->table_fd[TABLE_LISTENERS] = bpf_map__fd(dp->edge->maps.listeners);
	dp->table_fd[TABLE_HELPERS] = bpf_map__fd(dp->edge->maps.helpers);
	dp->table_fd[TABLE_MEMBERS] = bpf_map__fd(dp->edge->maps.members);
	dp->table_fd[TABLE_PORTS] = bpf_map__fd(dp->edge->maps.ports);
	for (enum table table = 0; table < N_TABLES; table++) {
		g_assert(tables[table].key_size <= VALUE_MAX &&
			 tables[table].value_size <= VALUE_MAX);
		if (tables[table].longest_prefix)
			dp->copies[table] = g_hash_table_new_full(
				g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_free);
		table_foreach(dp, table, learn_entry, &table);
	}
}

void tables_close(struct dp *dp)
{
	for (int table = 0; table < N_TABLES; table++) {
		g_clear_pointer(&dp->kept[table], g_hash_table_unref);
		g_clear_pointer(&dp->copies[table], g_hash_table_unref);
	}
}

void dp_sweep_begin(struct dp *dp)
{
	for (int table = 0; table < N_TABLES; table++) {
		g_clear_pointer(&dp->kept[table], g_hash_table_unref);
		dp->kept[table] = g_hash_table_new_full(
			g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	}
	firewall_sweep_begin(dp);
}

struct sweep {
	enum table table;
	GError *error;
};

static void sweep_entry(struct dp *dp, const void *key, const void *value, void *data)
{
	struct sweep *sweep = data;
	g_autoptr(GBytes) bytes = g_bytes_new_static(key, tables[sweep->table].key_size);

	(void)value;
	if (sweep->error || g_hash_table_contains(dp->kept[sweep->table], bytes))
		return;
	tables[sweep->table].drop(dp, key, &sweep->error);
}

bool dp_switch(struct dp *dp, GError **error)
{
	return pins_switch(dp, error);
}

bool dp_sweep_end(struct dp *dp, GError **error)
{
	struct sweep sweep = { 0 };

	for (int table = N_TABLES - 1; table >= 0; table--) {
		sweep.table = (enum table)table;
		if (dp->kept[table])
			table_foreach(dp, sweep.table, sweep_entry, &sweep);
		if (table == TABLE_PORTS && !sweep.error)
			firewall_sweep_end(dp, &sweep.error);
		g_clear_pointer(&dp->kept[table], g_hash_table_unref);
	}
	if (sweep.error) {
		g_propagate_error(error, sweep.error);
		return false;
	}
	return pins_switch(dp, error);
}
