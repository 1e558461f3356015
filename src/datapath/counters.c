/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and drop reasons: sums over CPUs. */
#include <errno.h>
#include <string.h>

#include "datapath/firewall.h"
#include "edge.skel.h"

static const struct {
	const char *name, *doc;
} reasons[N_DROP_REASONS] = {
#define X(name, text, doc) [DROP_##name] = { text, doc },
	DROP_REASONS(X)
#undef X
};

size_t dp_n_drop_reasons(void)
{
	return N_DROP_REASONS;
}

const char *dp_drop_reason_name(size_t reason)
{
	return reason < N_DROP_REASONS ? reasons[reason].name : "unknown";
}

const char *dp_drop_reason_doc(size_t reason)
{
	return reason < N_DROP_REASONS ? reasons[reason].doc : "";
}

static unsigned n_cpus(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (unsigned)n : 1;
}

static u64 drops_of(struct dp *dp, u32 port_id, u32 reason)
{
	g_autofree u64 *values = g_new0(u64, n_cpus());
	struct drop_key key = { .port_id = port_id, .reason = reason };
	u64 sum = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.drops), &key, values))
		return 0;
	for (unsigned cpu = 0; cpu < n_cpus(); cpu++)
		sum += values[cpu];
	return sum;
}

static struct counters counters_of(struct dp *dp, u32 port_id)
{
	g_autofree struct counters *values = g_new0(struct counters, n_cpus());
	struct counters sum = { 0 };

	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.counters), &port_id, values))
		return sum;
	for (unsigned cpu = 0; cpu < n_cpus(); cpu++) {
		sum.rx_packets += values[cpu].rx_packets;
		sum.rx_bytes += values[cpu].rx_bytes;
		sum.tx_packets += values[cpu].tx_packets;
		sum.tx_bytes += values[cpu].tx_bytes;
	}
	return sum;
}

static bool port_id_of(struct dp *dp, u32 ifindex, u32 *ret, GError **error)
{
	struct port port;

	if (!table_get(dp, TABLE_PORTS, &ifindex, &port))
		return weft_fail(
			error, NOT_FOUND, "Device %u is no port of the edge switch.", ifindex);
	*ret = port.id;
	return true;
}

bool dp_port_counters(struct dp *dp, u32 ifindex, struct dp_counters *ret, GError **error)
{
	struct counters sum;
	u64 drops = 0;
	u32 id = 0;

	if (!port_id_of(dp, ifindex, &id, error))
		return false;
	sum = counters_of(dp, id);
	for (u32 reason = 0; reason < N_DROP_REASONS; reason++)
		drops += drops_of(dp, id, reason);
	*ret = (struct dp_counters){ sum.rx_packets, sum.rx_bytes, sum.tx_packets, sum.tx_bytes,
		drops };
	return true;
}

/* Drops of all ports and of the host itself. */
static void sum_drops(struct dp *dp, u64 *counts)
{
	int fd = bpf_map__fd(dp->edge->maps.drops);
	struct drop_key key, next, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &next)) {
		if (next.reason < N_DROP_REASONS)
			counts[next.reason] += drops_of(dp, next.port_id, next.reason);
		key = next;
		previous = &key;
	}
}

bool dp_drop_counts(struct dp *dp, u32 ifindex, u64 *ret_counts, GError **error)
{
	u32 id = 0;

	memset(ret_counts, 0, sizeof(*ret_counts) * N_DROP_REASONS);
	if (!ifindex) {
		sum_drops(dp, ret_counts);
		return true;
	}
	if (!port_id_of(dp, ifindex, &id, error))
		return false;
	for (u32 reason = 0; reason < N_DROP_REASONS; reason++)
		ret_counts[reason] = drops_of(dp, id, reason);
	return true;
}

void counters_zero(struct dp *dp, u32 port_id)
{
	g_autofree struct counters *zero = g_new0(struct counters, n_cpus());
	struct limits limits = { 0 };

	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.counters), &port_id, zero, BPF_ANY);
	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.limits), &port_id, &limits, BPF_ANY);
}

void rule_hits_zero(struct dp *dp, u32 slot)
{
	g_autofree u64 *zero = g_new0(u64, n_cpus());

	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.rule_hits), &slot, zero, BPF_ANY);
}

bool dp_rule_hits(struct dp *dp, const u8 id[16], u64 *ret, GError **error)
{
	g_autofree u64 *values = g_new0(u64, n_cpus());
	u64 sum = 0;
	u32 slot;

	if (!name_number(dp, NAME_RULE, (const struct name *)id, &slot))
		return weft_fail(error, NOT_FOUND, "No port of this host has that rule.");
	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.rule_hits), &slot, values))
		return weft_fail_errno(error, errno, "Can't read the count of a rule");
	for (unsigned cpu = 0; cpu < n_cpus(); cpu++)
		sum += values[cpu];
	*ret = sum;
	return true;
}

void drops_forget(struct dp *dp, u32 port_id)
{
	for (u32 reason = 0; reason < N_DROP_REASONS; reason++) {
		struct drop_key key = { .port_id = port_id, .reason = reason };

		bpf_map_delete_elem(bpf_map__fd(dp->edge->maps.drops), &key);
	}
}

void drops_forget_unused(struct dp *dp)
{
	g_autofree bool *dirty = g_new0(bool, EDGE_PORTS_MAX);
	int fd = bpf_map__fd(dp->edge->maps.drops);
	struct drop_key key, next, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &next)) {
		if (next.port_id < EDGE_PORTS_MAX)
			dirty[next.port_id] = true;
		key = next;
		previous = &key;
	}
	for (u32 id = 1; id < EDGE_PORTS_MAX; id++)
		if (dirty[id] && !dp->port_ifindex[id])
			drops_forget(dp, id);
}

u64 counters_event(struct dp *dp, enum edge_event event)
{
	g_autofree u64 *values = g_new0(u64, n_cpus());
	u32 key = event;
	u64 sum = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.events), &key, values))
		return 0;
	for (unsigned cpu = 0; cpu < n_cpus(); cpu++)
		sum += values[cpu];
	return sum;
}
