/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bandwidth is not only limited but shaped: TCP needs packets to be delayed before they are
 * dropped. A program can't delay, a queueing discipline can; but there is none where a guest's
 * packets enter, and those of guests' devices are not passed by bpf_redirect_peer(). So what a
 * limit let through makes a detour, in all directions the same, when all else has been done to it:
 *
 *   … ──► shape() ──► weft-shape [HTB: a class per limit] ══veth══ weft-shaped ──► from_shaper ──►
 * output
 *
 * skb->priority names the class and skb->mark says where the packet goes afterwards. The limit
 * (rate_limit.h) admits a burst and a short queue besides; HTB has the same rate, so it queues no
 * more than that, and every drop is the limit's.
 *
 * Where a packet leaves, limited() notes in skb->cb what there is to do, and a program of its own
 * does it: those that switch and route have no stack to spare.
 */
#pragma once

#include "host.h"
#include "rate_limit.h"
#include "stage.h"

/* The limit of the sender's port (0: it is not here), or another one, which has been passed; the
 * receiver's port id (0: it is not here); enum flow_output and FLOW_LIMITED; the device (of
 * FLOW_TO_WIRE the network); and the DSCP for the outer header, with CB_GUARANTEED if the sender's
 * port has a guarantee. */
enum limited_cb { CB_SENDER_LIMIT, CB_RECEIVER, CB_OUTPUT, CB_IFINDEX, CB_TUNNEL };
#define CB_GUARANTEED (1u << 8)
#define LIMITED 0x100 /* a verdict of our own: finish() goes on with limited_output() */

/* The limit of what a port's guest sends; 0: it has none. */
static __always_inline u32 port_limit(const struct port *port)
{
	return port->flags & EDGE_PORT_LIMIT_EGRESS ? RATE_LIMIT_OF_PORT(port->id, EDGE_EGRESS) : 0;
}

/* @sender: NULL, it is not here. */
static __always_inline int limited(
	struct __sk_buff *skb, const struct port *sender, u32 receiver, u32 output, u32 ifindex)
{
	u32 limit = sender ? RATE_LIMIT_OF_PORT(sender->id, EDGE_EGRESS) : 0;
	u32 tunnel = sender ? sender->dscp : 0;

	if (sender && sender->flags & EDGE_PORT_GUARANTEED)
		tunnel |= CB_GUARANTEED;
	skb->cb[CB_SENDER_LIMIT] = limit;
	skb->cb[CB_TUNNEL] = tunnel;
	skb->cb[CB_RECEIVER] = receiver;
	skb->cb[CB_OUTPUT] = output;
	skb->cb[CB_IFINDEX] = ifindex;
	return LIMITED;
}

/* The same for what has passed @passed, a limit that is no port's. */
static __always_inline int limited_after(
	struct __sk_buff *skb, u32 passed, u32 receiver, u32 output, u32 ifindex)
{
	limited(skb, NULL, receiver, output, ifindex);
	skb->cb[CB_SENDER_LIMIT] = passed;
	return LIMITED;
}

/* What a program ends with after a packet has been sent on. */
static __always_inline int finish(struct __sk_buff *skb, int verdict)
{
	if (likely(verdict != LIMITED))
		return verdict;
	bpf_tail_call(skb, &stages, STAGE_LIMITED);
	return drop(skb, 0, DROP_INTERNAL);
}

static __always_inline u64 byte_ps(u32 limit)
{
	const struct rate_limit *entry = bpf_map_lookup_elem(&rate_limits, &limit);

	return entry ? entry->byte_ps : 0;
}

/* The slower of two limits of bandwidth (0: none); 0 if neither is one. */
static __always_inline u32 slower_limit(u32 a, u32 b)
{
	u64 a_ps = a ? byte_ps(a) : 0, b_ps = b ? byte_ps(b) : 0;

	if (!(a_ps | b_ps))
		return 0;
	return a_ps >= b_ps ? a : b;
}

/* Sends the packet through the limit's class, and then out of @ifindex as @output says; the
 * verdict, or -1 when nothing shapes it. */
static __always_inline int shape(struct __sk_buff *skb, u32 limit, u32 ifindex, u32 output)
{
	const struct host *host = host_get();

	if (!limit || !host || !host->shaper_ifindex || tracing(skb))
		return -1;
	skb->priority = SHAPER_CLASS(limit);
	skb->mark = SHAPED_MARK | output << SHAPED_OUTPUT_SHIFT | (ifindex & SHAPED_IFINDEX);
	return (int)bpf_redirect(host->shaper_ifindex, 0);
}
