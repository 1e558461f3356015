/* SPDX-License-Identifier: Apache-2.0 */
/* What the fake datapath says when it is asked: nothing. */
#include "agent/fake/fake_datapath.h"

int dp_punt_fd(const struct dp *dp)
{
	(void)dp;
	return -1;
}

void dp_punt_dispatch(struct dp *dp, dp_punt_cb cb, void *data)
{
	(void)dp;
	(void)cb;
	(void)data;
}

bool dp_punt_neighbour(const u8 *frame, size_t len, u32 *ret_vni, struct ip *ret_ip)
{
	(void)frame;
	(void)len;
	(void)ret_vni;
	(void)ret_ip;
	return false;
}

u64 dp_log_suppressed(struct dp *dp, u32 ifindex)
{
	(void)dp;
	(void)ifindex;
	return 0;
}

u64 dp_guard_suppressed(struct dp *dp, u32 vni, const struct mac *mac)
{
	(void)dp;
	(void)vni;
	(void)mac;
	return 0;
}

int dp_log_fd(const struct dp *dp)
{
	(void)dp;
	return -1;
}

void dp_log_dispatch(struct dp *dp, dp_log_cb cb, void *data)
{
	(void)dp;
	(void)cb;
	(void)data;
}

void dp_set_log_rate(struct dp *dp, u32 per_second, u32 burst)
{
	(void)dp;
	(void)per_second;
	(void)burst;
}

bool dp_port_counters(struct dp *dp, u32 ifindex, struct dp_counters *ret, GError **error)
{
	(void)dp;
	(void)ifindex;
	(void)error;
	*ret = (struct dp_counters){ 0 };
	return true;
}

size_t dp_n_drop_reasons(void)
{
	return 0;
}

const char *dp_drop_reason_name(size_t reason)
{
	(void)reason;
	return "";
}

const char *dp_drop_reason_doc(size_t reason)
{
	(void)reason;
	return "";
}

bool dp_drop_counts(struct dp *dp, u32 ifindex, u64 *ret_counts, GError **error)
{
	(void)dp;
	(void)ifindex;
	(void)ret_counts;
	(void)error;
	return true;
}

bool dp_usage(struct dp *dp, struct dp_usage *ret, GError **error)
{
	(void)dp;
	(void)error;
	*ret = (struct dp_usage){ 0 };
	return true;
}

void dp_flows_expire(struct dp *dp)
{
	(void)dp;
}

void dp_set_names(struct dp *dp, const struct dp_names *names)
{
	(void)dp;
	(void)names;
}

bool dp_trace(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GPtrArray **ret_steps,
	GError **error)
{
	(void)dp;
	(void)ifindex;
	(void)frame;
	(void)len;
	(void)error;
	*ret_steps = g_ptr_array_new_with_free_func(g_free);
	return true;
}
