/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What listeners have done. The data path counts under a number that a listener keeps for as long
 * as it is on this host; it is drawn at random, so that who adds hosts up can tell counters that
 * have begun anew from those that went on. Connections end when their entries age: that is counted
 * here, beside what the data path counts.
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

static unsigned n_cpus(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (unsigned)n : 1;
}

static int stats_fd(const struct dp *dp)
{
	return bpf_map__fd(dp->edge->maps.listener_stats);
}

static int gone_fd(const struct dp *dp)
{
	return bpf_map__fd(dp->edge->maps.listener_gone);
}

u32 listener_stats_make(struct dp *dp, GError **error)
{
	g_autofree struct listener_stats *none = g_new0(struct listener_stats, n_cpus());
	u64 gone = 0;
	u32 number;

	do
		number = g_random_int();
	while (!number || !bpf_map_lookup_elem(gone_fd(dp), &number, &gone));
	gone = 0;
	if (!bpf_map_update_elem(gone_fd(dp), &number, &gone, BPF_NOEXIST) &&
		!bpf_map_update_elem(stats_fd(dp), &number, none, BPF_NOEXIST))
		return number;
	weft_fail_errno(error, errno, "Can't make counters for a listener");
	bpf_map_delete_elem(gone_fd(dp), &number);
	return 0;
}

void listener_stats_remove(struct dp *dp, u32 number)
{
	bpf_map_delete_elem(stats_fd(dp), &number);
	bpf_map_delete_elem(gone_fd(dp), &number);
}

void listener_stats_bury(struct dp *dp, const struct rewrite *rewrite)
{
	const struct balanced *balanced = &rewrite->balanced;
	u64 gone;

	if ((balanced->kind != BALANCED_FROM_MEMBER && balanced->kind != BALANCED_HAIRPIN_BACK) ||
		bpf_map_lookup_elem(gone_fd(dp), &balanced->stats, &gone))
		return;
	gone++;
	bpf_map_update_elem(gone_fd(dp), &balanced->stats, &gone, BPF_EXIST);
}

bool dp_listener_stats(struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port,
	struct dp_listener_stats *ret)
{
	g_autofree struct listener_stats *values = g_new0(struct listener_stats, n_cpus());
	struct listener_key key = {
		.vni = vni, .vip = addr_from_ip(vip), .port = GUINT16_TO_BE(port), .proto = proto
	};
	struct listener listener;
	u64 gone = 0, evicted = 0;

	if (!table_get(dp, TABLE_LISTENERS, &key, &listener) ||
		bpf_map_lookup_elem(gone_fd(dp), &listener.stats, &gone) ||
		bpf_map_lookup_elem(stats_fd(dp), &listener.stats, values))
		return false;
	*ret = (struct dp_listener_stats){ .number = listener.stats };
	for (unsigned cpu = 0; cpu < n_cpus(); cpu++) {
		ret->bytes_in += values[cpu].bytes_in;
		ret->bytes_out += values[cpu].bytes_out;
		ret->total += values[cpu].connections;
		ret->errors += values[cpu].errors;
		evicted += values[cpu].evicted;
	}
	/* the parts are not read at one time */
	ret->active = ret->total > gone + evicted ? ret->total - gone - evicted : 0;
	return true;
}
