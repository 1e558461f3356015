/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a port's QoS policy does where its guest's packets enter: its limit, and its mark.
 *
 * The mark is written into the guest's packet, and later into the outer header too. A port
 * without a mark keeps the DSCP that its guest gives, but the outer one is 0: which class the
 * underlay gives to a packet is the operator's to say, not the guest's. At the other end the inner
 * DSCP stays as it is: so it is the pipe model of RFC 2983, with the mark as the tunnel's.
 */
#pragma once

#include "l2.h"

#define IP4_CHECKSUM_OFF (ETH_HLEN + 10)

static __always_inline void dscp_mark(struct __sk_buff *skb, u8 dscp)
{
	be16 type = 0, old;
	u16 word;

	if (bpf_skb_load_bytes(skb, ETH_HLEN - 2, &type, 2) ||
		bpf_skb_load_bytes(skb, ETH_HLEN, &old, 2))
		return;
	word = bpf_ntohs(old);
	if (type == bpf_htons(ETH_P_IP)) { /* version and length, DSCP, ECN */
		word = (u16)((word & 0xff03) | dscp << 2);
		bpf_l3_csum_replace(skb, IP4_CHECKSUM_OFF, old, bpf_htons(word), 2);
	} else if (type == bpf_htons(ETH_P_IPV6)) { /* version, DSCP, ECN, flow label */
		word = (u16)((word & 0xf03f) | dscp << 6);
	} else {
		return;
	}
	word = bpf_htons(word);
	bpf_skb_store_bytes(skb, ETH_HLEN, &word, 2, 0);
}

/* The few ports with one of EDGE_PORT_SPECIAL; 0, or the reason to drop. Pointers into the packet
 * are void afterwards. */
__noinline int special_from_guest(struct __sk_buff *skb, const struct port *port)
{
	u32 limit;
	int reason;

	if (!port)
		return DROP_INTERNAL;
	limit = port_limit(port);
	if (port->flags & EDGE_PORT_DOWN)
		return DROP_PORT_DOWN;
	if (limit) {
		trace(skb, STEP_LIMIT, limit, 0, NULL, NULL);
		reason = rate_limit_take(skb, limit);
		if (reason)
			return reason;
	}
	if (port->flags & EDGE_PORT_MARK) {
		trace(skb, STEP_MARK, port->dscp, 0, NULL, NULL);
		dscp_mark(skb, port->dscp);
	}
	return 0;
}

/* Out of the device; a tunnel packet to the next hop that the kernel finds. */
static __always_inline int output_now(struct __sk_buff *skb, u32 ifindex, u32 output)
{
	if (output == FLOW_TO_TUNNEL) {
		trace(skb, STEP_VIA_KERNEL, ifindex, 0, NULL, NULL);
		return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
	}
	return deliver(skb, ifindex, output);
}

/* Tagged for the network or the subport @number, and shaped if a limit is one of bandwidth. */
static __always_inline int output_tagged(
	struct __sk_buff *skb, u32 sender, u32 receiver, u32 number, u32 output)
{
	u32 port_id = sender < RATE_LIMIT_OUTER(0, 0) ? sender / 2 : 0;
	int verdict = output == FLOW_TO_WIRE ? wire_send(skb, number, port_id)
					     : subport_send(skb, number),
	    shaped;

	if (verdict != TC_ACT_REDIRECT)
		return verdict;
	shaped = shape(skb, slower_limit(sender, receiver), WIRE_IFINDEX(number), FLOW_TO_DEVICE);
	return shaped < 0 ? verdict : shaped;
}

/* See limited(). */
static __always_inline int output_limited(struct __sk_buff *skb)
{
	u32 sender = skb->cb[CB_SENDER_LIMIT], port_id = skb->cb[CB_RECEIVER], receiver = 0;
	u32 output = skb->cb[CB_OUTPUT] & FLOW_OUTPUT, ifindex = skb->cb[CB_IFINDEX];
	int verdict;

	if (skb->cb[CB_OUTPUT] & FLOW_LIMITED) {
		receiver = RATE_LIMIT_OF_PORT(port_id, EDGE_INGRESS);
		trace(skb, STEP_LIMIT, receiver, 0, NULL, NULL);
		verdict = rate_limit_take(skb, receiver);
		if (verdict)
			return drop(skb, port_id, (u32)verdict);
	}
	if (port_id)
		count_tx(skb, port_id);
	if (output == FLOW_TO_WIRE || ifindex & EDGE_SUBPORT)
		return output_tagged(skb, sender, receiver, ifindex, output);
	if (output == FLOW_TO_TUNNEL) {
		dscp_mark(skb, (u8)skb->cb[CB_TUNNEL]);
		if (skb->cb[CB_TUNNEL] & CB_GUARANTEED) { /* its limit is the ceiling there */
			trace(skb, STEP_GUARANTEED, sender / 2, 0, NULL, NULL);
			skb->priority = UPLINK_MAJOR << 16 | sender;
			return output_now(skb, ifindex, output);
		}
	}
	verdict = shape(skb, slower_limit(sender, receiver), ifindex, output);
	return verdict < 0 ? output_now(skb, ifindex, output) : verdict;
}
