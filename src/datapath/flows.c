/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow entries age here. Each call walks a bounded piece of both tables, in batches, from where the
 * last one ended; a whole round also yields the number of entries. How long an idle entry may stay
 * depends on its state, and on how full the table is: under pressure what never became a connection
 * goes first.
 *
 *   state          idle for       under pressure (7/8 of the table or of the port's quota, or half
 * of its half open) new            30 s           3 s closing        10 s           1 s established
 * 300 s          60 s connected      2 h 4 min      600 s         tracked TCP alone (RFC 5382
 * section 5) half closed    240 s          30 s          the same
 *
 * The entries of a port that is gone go too, so that its id is clean when another gets it.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define BATCH 2048
#define BATCHES_PER_CALL 16 /* 32,768 entries per table */

struct flow_walk {
	int fd, rewrites_fd;
	size_t key_size;
	u32 max;
	u32 seen, entries; /* in this round; in the last one */
	bool in_round;
	/* Tracked, and half open of these: in this round, by port id; in the last one. */
	u32 tracked[EDGE_PORTS_MAX], half_open[EDGE_PORTS_MAX];
	u32 last_tracked[EDGE_PORTS_MAX], last_half_open[EDGE_PORTS_MAX];
	u32 round;
	u32 cursor; /* the kernel's batch cursor: of a hash table, a bucket */
	u8 *keys, *dead;
	struct flow *values;
};
#define N_WALKS 2

static const struct {
	u32 idle, pressed; /* ticks */
} idle_limits[] = {
	[FLOW_NEW] = { 30, 3 },
	[FLOW_ESTABLISHED] = { 300, 60 },
	[FLOW_CLOSING] = { 10, 1 },
	[FLOW_CONNECTED] = { 7440, 600 },
	[FLOW_HALF_CLOSED] = { 240, 30 },
};

static void walk_init(struct flow_walk *walk, struct bpf_map *map, struct bpf_map *rewrites)
{
	*walk = (struct flow_walk){ .fd = bpf_map__fd(map),
		.rewrites_fd = bpf_map__fd(rewrites),
		.key_size = bpf_map__key_size(map),
		.max = bpf_map__max_entries(map) };
	walk->keys = g_malloc_n(BATCH, walk->key_size);
	walk->dead = g_malloc_n(BATCH, walk->key_size);
	walk->values = g_new(struct flow, BATCH);
}

/* Remote addresses that somebody asks about, by rounds of the walk. */
struct watched {
	struct addr addr; /* first: the key */
	u32 since, seen;
};

static guint addr_hash(gconstpointer data)
{
	const struct addr *addr = data;

	return ((addr->w[0] * 31 + addr->w[1]) * 31 + addr->w[2]) * 31 + addr->w[3];
}

static gboolean addr_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct addr));
}

bool dp_remote_is_in_use(struct dp *dp, const struct ip *ip)
{
	u32 round = dp->walks[ip->family == 4 ? 0 : 1].round;
	struct addr addr = addr_from_ip(ip);
	struct watched *watched = g_hash_table_lookup(dp->watched, &addr);

	if (!watched) {
		watched = g_new0(struct watched, 1);
		*watched = (struct watched){ .addr = addr, .since = round, .seen = round };
		g_hash_table_insert(dp->watched, &watched->addr, watched);
	}
	/* a whole round since it was first asked about, and since it was last met */
	if (round - watched->since < 2 || round - watched->seen < 2)
		return true;
	g_hash_table_remove(dp->watched, &addr);
	return false;
}

/* @key: of what a guest sends. */
static void note_remote(
	struct dp *dp, const struct flow_walk *walk, const u8 *key, const struct flow *flow)
{
	struct ip ip = { .family = 4 };
	struct watched *watched;
	struct addr addr;

	if (!g_hash_table_size(dp->watched) || !(flow->flags & FLOW_TRACKED))
		return;
	if (walk == &dp->walks[0]) {
		memcpy(ip.b, &((const struct flow_key4 *)(const void *)key)->dst, 4);
		addr = addr_from_ip(&ip);
	} else {
		addr = ((const struct flow_key6 *)(const void *)key)->dst;
	}
	watched = g_hash_table_lookup(dp->watched, &addr);
	if (watched)
		watched->seen = walk->round;
}

void flows_open(struct dp *dp)
{
	dp->watched = g_hash_table_new_full(addr_hash, addr_equal, NULL, g_free);
	dp->walks = g_new0(struct flow_walk, N_WALKS);
	walk_init(&dp->walks[0], dp->edge->maps.flows4, dp->edge->maps.rewrites4);
	walk_init(&dp->walks[1], dp->edge->maps.flows6, dp->edge->maps.rewrites6);
}

void flows_close(struct dp *dp)
{
	for (int i = 0; dp->walks && i < N_WALKS; i++) {
		g_free(dp->walks[i].keys);
		g_free(dp->walks[i].dead);
		g_free(dp->walks[i].values);
	}
	g_clear_pointer(&dp->walks, g_free);
	g_clear_pointer(&dp->watched, g_hash_table_unref);
}

u32 ticks_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u32)(((u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec) >> EDGE_TICK_SHIFT);
}

static bool is_dead(const struct flow *flow, u32 now, bool pressed)
{
	u32 state = flow->state < G_N_ELEMENTS(idle_limits) ? flow->state : FLOW_NEW;
	s32 idle = (s32)(now - flow->seen);

	return idle > (s32)(pressed ? idle_limits[state].pressed : idle_limits[state].idle);
}

/* Both kinds of key begin with these. */
struct key_head {
	u32 scope, kind;
};

/* A port's own entry, of what its guest sends, or NULL. */
static const struct key_head *port_entry(const u8 *key)
{
	const struct key_head *head = (const void *)key;

	return head->kind >> 8 == FLOW_FROM_GUEST && head->scope < EDGE_PORTS_MAX ? head : NULL;
}

/* Whether the port has so much that what is idle must go sooner; counts the entry for the next
 * round. */
static bool port_is_pressed(
	const struct dp *dp, struct flow_walk *walk, u32 port_id, const struct flow *flow)
{
	const u32 max = dp->host.connections_max;

	walk->tracked[port_id]++;
	if (walk->last_tracked[port_id] > max - max / 8)
		return true;
	if (flow->state != FLOW_NEW)
		return false;
	walk->half_open[port_id]++;
	return walk->last_half_open[port_id] > dp->host.half_open_max / 2;
}

static bool is_to_go(
	struct dp *dp, struct flow_walk *walk, const u8 *key, const struct flow *flow, u32 now)
{
	bool pressed = walk->entries > walk->max - walk->max / 8;
	const struct key_head *own = port_entry(key);

	if (own && !dp->port_ifindex[own->scope])
		return true;
	if (own && flow->flags & FLOW_TRACKED)
		pressed |= port_is_pressed(dp, walk, own->scope, flow);
	return is_dead(flow, now, pressed);
}

/* Tracked: counted out as it was when it went, and not at all if the data path was first. */
static void bury_tracked(struct dp *dp, const struct flow_walk *walk, const u8 *key)
{
	const struct key_head *own = port_entry(key);
	struct flow flow;

	if (!bpf_map_lookup_and_delete_elem(walk->fd, key, &flow) && flow.flags & FLOW_TRACKED &&
		dp->port_ifindex[own->scope])
		connections_count_gone(dp, own->scope, 1, flow.state == FLOW_NEW);
}

/* Of the connections of a load balancer's members it is what is counted. */
static void bury_rewrite(struct dp *dp, const struct flow_walk *walk, const u8 *key)
{
	struct rewrite rewrite;

	if (!bpf_map_lookup_and_delete_elem(walk->rewrites_fd, key, &rewrite) && port_entry(key))
		listener_stats_bury(dp, &rewrite);
}

static void bury(struct dp *dp, struct flow_walk *walk, u32 count, u32 now)
{
	u32 n = 0, n_dead = 0;

	for (u32 i = 0; i < count; i++) {
		const u8 *key = &walk->keys[i * walk->key_size];

		if (!is_to_go(dp, walk, key, &walk->values[i], now)) {
			if (port_entry(key))
				note_remote(dp, walk, key, &walk->values[i]);
			continue;
		}
		n_dead++;
		if (walk->values[i].flags & FLOW_TRACKED && port_entry(key))
			bury_tracked(dp, walk, key);
		else
			memcpy(&walk->dead[n++ * walk->key_size], key, walk->key_size);
		if (walk->values[i].flags & (FLOW_ROUTED | FLOW_TRANSLATED))
			bury_rewrite(dp, walk, key);
	}
	walk->seen += count - n_dead;
	if (n)
		bpf_map_delete_batch(walk->fd, walk->dead, &n, NULL);
}

/* What was counted is what the next round goes by. */
static void end_round(struct flow_walk *walk)
{
	walk->round++;
	walk->entries = walk->seen;
	walk->seen = 0;
	memcpy(walk->last_half_open, walk->half_open, sizeof(walk->half_open));
	memset(walk->half_open, 0, sizeof(walk->half_open));
	memcpy(walk->last_tracked, walk->tracked, sizeof(walk->tracked));
	memset(walk->tracked, 0, sizeof(walk->tracked));
}

/* One batch; false at the end of a round. */
static bool walk_batch(struct dp *dp, struct flow_walk *walk, u32 now)
{
	u32 count = BATCH;
	int rc = bpf_map_lookup_batch(walk->fd, walk->in_round ? &walk->cursor : NULL,
		&walk->cursor, walk->keys, walk->values, &count, NULL);

	if (rc &&
		errno != ENOENT) { /* ENOSPC: a bucket longer than a batch; start again next time */
		walk->in_round = false;
		return false;
	}
	bury(dp, walk, count, now);
	walk->in_round = !rc;
	if (!rc)
		return true;
	end_round(walk);
	return false;
}

/* Called once a second: what else is due in that rhythm is done here too. */
void dp_flows_expire(struct dp *dp)
{
	u32 now = ticks_now();

	neigh_resolve_missing(dp);
	for (int i = 0; i < N_WALKS; i++)
		for (int batch = 0; batch < BATCHES_PER_CALL && walk_batch(dp, &dp->walks[i], now);
			batch++)
			;
	nats_expire(dp, now);
}

bool dp_usage(struct dp *dp, struct dp_usage *ret, GError **error)
{
	(void)error;
	*ret = (struct dp_usage){
		.flows = dp->walks[0].entries + dp->walks[1].entries,
		.flows_max = dp->walks[0].max + dp->walks[1].max,
		.endpoints = dp->n_entries[TABLE_ENDPOINTS],
		.endpoints_max = table_max(TABLE_ENDPOINTS, dp),
		.networks = dp->n_entries[TABLE_NETWORKS],
		.ports = dp->n_entries[TABLE_PORTS],
		.translations = nats_entries(dp) / 2,
		.translations_max = bpf_map__max_entries(dp->edge->maps.nats) / 2,
		.flow_table_full = counters_event(dp, EVENT_FLOW_TABLE_FULL),
	};
	return true;
}

void dp_tables_each(struct dp *dp, dp_table_fn fn, void *data)
{
	const struct flow_walk *walks = dp->walks;

	fn("flows4", walks[0].entries, walks[0].max, data);
	fn("flows6", walks[1].entries, walks[1].max, data);
	fn("nats", nats_entries(dp), bpf_map__max_entries(dp->edge->maps.nats), data);
	tables_usage(dp, fn, data);
}
