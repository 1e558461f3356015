/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall tells of its decisions at ports that have a log (bpf/firewall_log.h). */
#include <errno.h>
#include <string.h>

#include "datapath/firewall.h"
#include "edge.skel.h"

#define NS_PER_S 1000000000ull

static void fill_rule(struct dp *dp, u32 decision, struct dp_log_event *event)
{
	struct name name;

	if (!decision || !name_of(dp, NAME_RULE, decision & RULE_SLOT, &name))
		return;
	event->has_rule = true;
	memcpy(event->rule, name.b, sizeof(event->rule));
}

static int on_event(void *data, void *record, size_t size)
{
	struct dp *dp = data;
	const struct log_event *from = record;
	struct dp_log_event event;

	if (size < sizeof(*from) || !dp->log_cb)
		return 0;
	event = (struct dp_log_event){
		.time_ns = from->time_ns,
		.direction = from->direction == RULE_EGRESS ? DP_EGRESS : DP_INGRESS,
		.dropped = from->dropped ? dp_drop_reason_name(from->reason) : NULL,
		.eth_type = from->eth_type,
		.family = from->family,
		.proto = from->proto,
		.has_ports = !from->later_fragment,
		.sport = g_ntohs(from->sport),
		.dport = g_ntohs(from->dport),
		.icmp_type = from->icmp_type,
		.icmp_code = from->icmp_code,
		.tcp_flags = from->tcp_flags,
		.len = from->len,
		.src = ip_from_addr(&from->src),
		.dst = ip_from_addr(&from->dst),
	};
	memcpy(event.port, from->port, sizeof(event.port));
	event.is_guard = from->is_guard != 0;
	memcpy(event.guard, from->guard, sizeof(event.guard));
	memcpy(event.dst_mac.b, from->macs, sizeof(event.dst_mac.b));
	memcpy(event.src_mac.b, from->macs + 6, sizeof(event.src_mac.b));
	fill_rule(dp, from->decision, &event);
	dp->log_cb(&event, dp->log_data);
	return 0;
}

bool logs_open(struct dp *dp, GError **error)
{
	dp->log_events =
		ring_buffer__new(bpf_map__fd(dp->edge->maps.log_events), on_event, dp, NULL);
	return dp->log_events ||
	       weft_fail_errno(error, errno, "Can't read what the edge switch's firewall logs");
}

void dp_set_log_rate(struct dp *dp, u32 per_second, u32 burst)
{
	dp->log_interval_ns = per_second ? NS_PER_S / per_second : 0;
	dp->log_burst_ns = dp->log_interval_ns * burst;
}

/* Of whose @key is in that map; not @logged: it goes. */
static bool put_limit(struct dp *dp, int fd, const void *key, bool logged, GError **error)
{
	struct event_limit limit = { 0 };

	if (!logged) {
		bpf_map_delete_elem(fd, key);
		return true;
	}
	bpf_map_lookup_elem(fd, key, &limit);
	if (limit.interval_ns == dp->log_interval_ns && limit.burst_ns == dp->log_burst_ns)
		return true;
	limit.interval_ns = dp->log_interval_ns;
	limit.burst_ns = dp->log_burst_ns;
	return !bpf_map_update_elem(fd, key, &limit, BPF_ANY) ||
	       weft_fail_errno(error, errno, "Can't limit what is logged of a port");
}

bool logs_put(struct dp *dp, u32 port_id, u32 flags, GError **error)
{
	return put_limit(dp, bpf_map__fd(dp->edge->maps.log_limits), &port_id,
		flags & (EDGE_PORT_LOG_ACCEPT | EDGE_PORT_LOG_DROP), error);
}

bool guard_log_put(struct dp *dp, const void *key, u32 flags, GError **error)
{
	return put_limit(dp, bpf_map__fd(dp->edge->maps.guard_limits), key,
		flags & (GUARD_LOG_ACCEPT | GUARD_LOG_DROP), error);
}

u64 guard_log_suppressed(struct dp *dp, const void *key)
{
	struct event_limit limit = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.guard_limits), key, &limit);
	return limit.suppressed;
}

int dp_log_fd(const struct dp *dp)
{
	return ring_buffer__epoll_fd(dp->log_events);
}

void dp_log_dispatch(struct dp *dp, dp_log_cb cb, void *data)
{
	dp->log_cb = cb;
	dp->log_data = data;
	ring_buffer__consume(dp->log_events);
	dp->log_cb = NULL;
}

u64 dp_log_suppressed(struct dp *dp, u32 ifindex)
{
	struct event_limit limit = { 0 };
	struct port port;

	if (!table_get(dp, TABLE_PORTS, &ifindex, &port))
		return 0;
	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.log_limits), &port.id, &limit);
	return limit.suppressed;
}
