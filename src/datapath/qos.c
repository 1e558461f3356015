/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QoS asks of the edge switch: entries of the table of limits, each with its class in the
 * shaper. The table is the state: a limit that is there as it should be is not touched, and one
 * that changes keeps what it has counted so far.
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define NS_PER_MS 1000000ull
/* Bursts that nobody has chosen. Without a queue in front of it TCP loses its clock at the limit
 * and goes on after 200 ms; a limit of packets must have let through what was missed meanwhile. */
#define BURST_MS 100
#define PACKETS_BURST_MS 250
/* Of a burst that nobody has chosen this passes at once, and the rest waits: BBR takes the speed of
 * a burst for that of the way, and then loses more than it can stand. */
#define AT_ONCE_MS 10
/* What waits in the shaper at most: long enough for TCP to find the rate, and a few packets. */
#define QUEUE_MS 50
#define QUEUE_BYTES 30000
/* The shaper is a little faster than the limit, so that it never holds more than that lets in. */
#define SHAPER_PERCENT 101

static u64 byte_ps(u64 kbps)
{
	return kbps ? 8000000000ull / kbps : 0;
}

static struct rate_limit limit_of(const struct dp_rate *rate)
{
	struct rate_limit limit = { .byte_ps = byte_ps(rate->kbps) };

	if (rate->kbps) {
		u64 burst_ns = rate->burst_kbits ? rate->burst_kbits * 1000000000ull / rate->kbps
						 : BURST_MS * NS_PER_MS;

		limit.bytes_depth_ns =
			burst_ns + MAX(QUEUE_MS * NS_PER_MS, QUEUE_BYTES * limit.byte_ps / 1000);
	}
	if (rate->kpps) {
		limit.packet_ps = 1000000000ull / rate->kpps;
		limit.packets_depth_ns = rate->burst_kpackets
						 ? rate->burst_kpackets * 1000000000ull / rate->kpps
						 : PACKETS_BURST_MS * NS_PER_MS;
	}
	return limit;
}

/* What the shaper lets through at once. */
static u64 burst_bytes(const struct dp_rate *rate)
{
	return rate->burst_kbits ? rate->burst_kbits * 125ull
				 : rate->kbps * 125ull * AT_ONCE_MS / 1000;
}

/* Whether they say the same; what the data path writes aside. */
static bool same_limit(const struct rate_limit *a, const struct rate_limit *b)
{
	return !memcmp(a, b, offsetof(struct rate_limit, bytes_at_ns));
}

/* What has passed counts on, as far as the new limit is deep. The data path has the same clock. */
static void take_over(struct rate_limit *limit, const struct rate_limit *old)
{
	u64 now = (u64)g_get_monotonic_time() * 1000;

	if (limit->byte_ps && old->byte_ps)
		limit->bytes_at_ns = MIN(old->bytes_at_ns, now + limit->bytes_depth_ns);
	if (limit->packet_ps && old->packet_ps)
		limit->packets_at_ns = MIN(old->packets_at_ns, now + limit->packets_depth_ns);
}

bool qos_limit_put(struct dp *dp, u32 id, const struct dp_rate *rate, GError **error)
{
	struct rate_limit wanted = limit_of(rate), old;
	int fd = bpf_map__fd(dp->edge->maps.rate_limits);

	if (bpf_map_lookup_elem(fd, &id, &old))
		return weft_fail_errno(error, errno, "Can't read a limit of the edge switch");
	if (rate->kbps && !shaper_put(dp, id, rate->kbps * 1000ull * SHAPER_PERCENT / 100,
				  burst_bytes(rate), error))
		return false;
	if (same_limit(&wanted, &old))
		return true;
	take_over(&wanted, &old);
	if (bpf_map_update_elem(fd, &id, &wanted, BPF_ANY))
		return weft_fail_errno(error, errno, "Can't write a limit into the edge switch");
	return rate->kbps || !old.byte_ps || shaper_remove(dp, id, error);
}

bool qos_put(struct dp *dp, u32 port_id, const struct dp_qos *qos, GError **error)
{
	return qos_limit_put(dp, RATE_LIMIT_OF_PORT(port_id, EDGE_EGRESS), &qos->egress, error) &&
	       qos_limit_put(dp, RATE_LIMIT_OF_PORT(port_id, EDGE_INGRESS), &qos->ingress, error) &&
	       guarantee_put(dp, port_id, qos->min_kbps, qos->egress.kbps, error);
}

static bool is_limit(const struct dp_rate *rate)
{
	return rate->kbps || rate->kpps;
}

u32 qos_flags(const struct dp *dp, const struct dp_qos *qos)
{
	return (is_limit(&qos->egress) ? EDGE_PORT_LIMIT_EGRESS : 0) |
	       (is_limit(&qos->ingress) ? EDGE_PORT_LIMIT_INGRESS : 0) |
	       (qos->marks ? EDGE_PORT_MARK : 0) |
	       (guarantee_holds(dp, qos->min_kbps) ? EDGE_PORT_GUARANTEED : 0);
}

static void add_rate(GString *text, u64 ps, u64 unit_per_second, const char *unit)
{
	if (ps)
		g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s", text->len ? " and " : "",
			(unit_per_second + ps / 2) / ps, unit);
}

char *qos_limit_text(struct dp *dp, u32 id)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct rate_limit limit = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.rate_limits), &id, &limit);
	add_rate(text, limit.byte_ps, 8000000000ull, "kbit/s");
	add_rate(text, limit.packet_ps, 1000000000ull, "kpackets/s");
	return g_string_free(g_steal_pointer(&text), FALSE);
}
