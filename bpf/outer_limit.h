/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Limits of floating IPs and of routers' gateways: each where its address is translated, so there
 * is one place for each, and what guests send to one another does not meet them. Who has limits is
 * found by the address outside; what is not translated is the gateway's.
 *
 * A packet that such a limit is in the way of has no flow entry: the stages outside and inside look
 * at each, so those that have none pay nothing. skb->cb[CB_PASSED] is the limit that a packet has
 * passed on its way out (0: none). It goes with the packet where that comes in again on this host,
 * from one floating IP to another: the shaper holds it to the slowest of its limits.
 */
#pragma once

#include "gateway.h"
#include "wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_LIMITED_MAX * 2);
	__type(key, u32);
	__type(value, struct limit_count);
} limit_counts SEC(".maps");

/* The limit of what leaves on the wire's network @vni, as the address @ip4 if that is not 0; 0:
 * there is none. */
__noinline u32 outer_limit_of_sender(u32 vni, be32 ip4, const struct gateway *gateway)
{
	const struct external *external = NULL;
	struct addr addr;
	u32 number;

	if (!gateway)
		return 0;
	if (ip4) {
		addr_set4(&addr, ip4);
		external = external_get(vni, &addr);
	}
	number = external ? external->limits : gateway->limits;
	return number ? RATE_LIMIT_OUTER(number, EDGE_EGRESS) : 0;
}

/* The limit of what comes for @external, or, if that is NULL, by the router's interface @in, to be
 * routed as it is; 0: there is none. */
__noinline u32 outer_limit_of_receiver(const struct external *external, const struct interface *in)
{
	const struct gateway *gateway;
	u32 number = 0;

	if (external) {
		number = external->limits;
	} else if (in) {
		gateway = gateway_get(in->router);
		number = gateway ? gateway->limits : 0;
	}
	return number ? RATE_LIMIT_OUTER(number, EDGE_INGRESS) : 0;
}

/* Lets the frame pass the limit, and counts it; 0: it has been dropped. */
__noinline int outer_limit_take(struct __sk_buff *skb, u32 limit)
{
	u32 place = limit - RATE_LIMIT_OUTER(0, 0);
	struct limit_count *count = bpf_map_lookup_elem(&limit_counts, &place);
	int reason = rate_limit_take(skb, limit);

	trace(skb, STEP_LIMIT, limit, 0, NULL, NULL);
	if (!count || tracing(skb))
		return 1;
	if (reason) {
		__sync_fetch_and_add(&count->dropped, packets_of(skb));
		drop(skb, 0, (u32)reason);
		return 0;
	}
	__sync_fetch_and_add(&count->packets, packets_of(skb));
	__sync_fetch_and_add(&count->bytes, skb->len);
	return 1;
}

/* Out on the wire of network @vni, behind the limit skb->cb[CB_PASSED] and the sender's; the
 * verdict. */
__noinline int leave_limited(struct __sk_buff *skb, u32 vni)
{
	const struct port *port = guest_port(skb);
	u32 passed = slower_limit(skb->cb[CB_PASSED], port ? port_limit(port) : 0);

	if (untag(skb))
		return drop(skb, port ? port->id : 0, DROP_INTERNAL);
	return limited_after(skb, passed, 0, FLOW_TO_WIRE, vni);
}
