/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guarantees of bandwidth on the uplinks. They need to know what an uplink carries, so there are
 * none until the operator has said it. Each uplink then has a tree of token buckets (HTB):
 *
 *   UPLINK_MAJOR: ── ALL: the capacity ─┬─ REST: what is not guaranteed, and all that is not used
 *                                       └─ one of each port: its guarantee, and more up to its
 * limit
 *
 * The edge names the class of what such a port sends to other hosts (bpf/qos.h); all else on the
 * uplink, the host's own traffic too, is the rest.
 */
#include <net/if.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "host/htb.h"
#include "host/rtnl.h"

#define MINOR_ALL 0xfff0u
#define MINOR_REST 0xfff1u
_Static_assert(EDGE_RATE_LIMITS_MAX < MINOR_ALL, "minor numbers of ports' classes");
#define CLASS(minor) (UPLINK_MAJOR << 16 | (minor))
#define REST_PERCENT 1 /* of the capacity, however much is guaranteed */
#define BPS_PER_KBPS 1000ull

struct guarantee {
	u32 min_kbps, max_kbps; /* 0 max_kbps: no limit */
};

void guarantees_open(struct dp *dp)
{
	dp->guarantees.ports = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	dp->guarantees.uplinks = g_array_new(FALSE, FALSE, sizeof(u32));
}

void guarantees_close(struct dp *dp)
{
	g_clear_pointer(&dp->guarantees.ports, g_hash_table_unref);
	g_clear_pointer(&dp->guarantees.uplinks, g_array_unref);
}

static bool put_class(
	struct dp *dp, u32 minor, u32 parent, u64 rate_kbps, u64 ceil_kbps, GError **error)
{
	const GArray *uplinks = dp->guarantees.uplinks;

	for (guint i = 0; i < uplinks->len; i++) {
		struct htb_class class = { .ifindex = g_array_index(uplinks, u32, i),
			.id = CLASS(minor),
			.parent = CLASS(parent),
			.rate_bps = rate_kbps * BPS_PER_KBPS,
			.ceil_bps = ceil_kbps * BPS_PER_KBPS };

		if (!htb_class_put(dp->rtnl, &class, error))
			return false;
	}
	return true;
}

/* What is guaranteed to nobody. */
static bool put_rest(struct dp *dp, GError **error)
{
	u64 capacity = dp->guarantees.capacity_kbps, least = capacity * REST_PERCENT / 100;
	const struct guarantee *guarantee;
	GHashTableIter iter;
	u64 promised = 0;

	g_hash_table_iter_init(&iter, dp->guarantees.ports);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&guarantee))
		promised += guarantee->min_kbps;
	if (promised > capacity)
		log_limited(warning,
			"%" G_GUINT64_FORMAT
			" kbit/s are guaranteed to the ports of this host, and its uplinks carry %" G_GUINT64_FORMAT,
			promised, capacity);
	return put_class(dp, MINOR_REST, MINOR_ALL,
		capacity > promised + least ? capacity - promised : least, capacity, error);
}

static bool put_port(struct dp *dp, u32 port_id, const struct guarantee *guarantee, GError **error)
{
	u64 most = dp->guarantees.capacity_kbps;

	if (guarantee->max_kbps)
		most = MIN(most, guarantee->max_kbps);
	return put_class(dp, RATE_LIMIT_OF_PORT(port_id, EDGE_EGRESS), MINOR_ALL,
		guarantee->min_kbps, MAX(most, guarantee->min_kbps), error);
}

static bool put_tree(struct dp *dp, GError **error)
{
	const GArray *uplinks = dp->guarantees.uplinks;
	const struct guarantee *guarantee;
	u64 capacity = dp->guarantees.capacity_kbps;
	GHashTableIter iter;
	gpointer port_id;

	for (guint i = 0; i < uplinks->len; i++)
		if (!htb_root(dp->rtnl, g_array_index(uplinks, u32, i), UPLINK_MAJOR, MINOR_REST,
			    error))
			return false;
	if (!put_class(dp, MINOR_ALL, 0, capacity, capacity, error) || !put_rest(dp, error))
		return false;
	g_hash_table_iter_init(&iter, dp->guarantees.ports);
	while (g_hash_table_iter_next(&iter, &port_id, (gpointer *)&guarantee))
		if (!put_port(dp, GPOINTER_TO_UINT(port_id), guarantee, error))
			return false;
	return true;
}

bool dp_set_guarantees(struct dp *dp, const char *const *devices, u32 capacity_kbps, GError **error)
{
	g_array_set_size(dp->guarantees.uplinks, 0);
	dp->guarantees.capacity_kbps = capacity_kbps;
	for (; *devices; devices++) {
		u32 ifindex = if_nametoindex(*devices);

		if (!ifindex)
			continue; /* dp_set_uplinks() says so */
		if (!capacity_kbps && !htb_root_delete(dp->rtnl, ifindex, UPLINK_MAJOR, error))
			return false;
		g_array_append_val(dp->guarantees.uplinks, ifindex);
	}
	return !capacity_kbps || put_tree(dp, error);
}

bool guarantee_put(struct dp *dp, u32 port_id, u32 min_kbps, u32 max_kbps, GError **error)
{
	struct guarantee wanted = { min_kbps, max_kbps };
	gpointer key = GUINT_TO_POINTER(port_id);
	u32 class = CLASS(RATE_LIMIT_OF_PORT(port_id, EDGE_EGRESS));
	const GArray *uplinks = dp->guarantees.uplinks;

	if (min_kbps) {
		g_hash_table_insert(dp->guarantees.ports, key, g_memdup2(&wanted, sizeof(wanted)));
		return !dp->guarantees.capacity_kbps ||
		       (put_rest(dp, error) && put_port(dp, port_id, &wanted, error));
	}
	if (!g_hash_table_remove(dp->guarantees.ports, key) || !dp->guarantees.capacity_kbps)
		return true;
	for (guint i = 0; i < uplinks->len; i++)
		if (!htb_class_delete(dp->rtnl, g_array_index(uplinks, u32, i), class, error))
			return false;
	return put_rest(dp, error);
}

bool guarantee_holds(const struct dp *dp, u32 min_kbps)
{
	return min_kbps && dp->guarantees.capacity_kbps;
}

u32 guarantee_kbps(const struct dp *dp, u32 port_id)
{
	const struct guarantee *guarantee =
		g_hash_table_lookup(dp->guarantees.ports, GUINT_TO_POINTER(port_id));

	return guarantee ? guarantee->min_kbps : 0;
}

bool guarantees_remove(u32 ifindex, GError **error)
{
	struct rtnl *rtnl;
	bool ok;

	if (!rtnl_open(&rtnl, error))
		return false;
	ok = htb_root_delete(rtnl, ifindex, UPLINK_MAJOR, error);
	rtnl_close(rtnl);
	return ok;
}
