/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Conntrack helpers: what a protocol needs of translation beyond the headers of its own connection.
 * Packets of a connection to a port that the router has a helper for are the agent's, all of them:
 * it changes addresses in their payload, announces the connections that this names, and gives the
 * packet back to where it was taken, with a mark (src/agent/helper/).
 *
 *   outside, inside ──► translation found ──► helper_takes() ──► ring buffer ──► the agent
 *        ▲                                                                         │
 *        └── from_shaper: helper_resume() ◄──veth── weft-shape ◄── header between ─┘
 *
 * An expectation is an entry for the first packet of such a connection. That goes to the agent too,
 * which makes entries of `nats` for it: after that the connection is like any other.
 */
#pragma once

#include "forward.h"
#include "host.h"
#include "punt.h"
#include "stage.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct helper_key);
	__type(value, struct helper);
} helpers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct nat_key);
	__type(value, struct expectation);
} expectations SEC(".maps");

#define HELPER_TAKEN (-4) /* in place of a reason to drop: the packet is the agent's */
#define HELPER_INTERVAL_NS (1000000000ull / 2000)
#define HELPER_BURST_NS (HELPER_INTERVAL_NS * 500)

/* By the generic cell rate algorithm, as limit.h: a router's helper may not keep the agent busy. */
static __always_inline bool helper_allows(struct helper *helper)
{
	u64 now = bpf_ktime_get_ns(), at = helper->at_ns;

	if (at < now)
		at = now;
	if (at - now > HELPER_BURST_NS)
		return false;
	helper->at_ns = at + HELPER_INTERVAL_NS;
	return true;
}

/* @size, a constant: of the record. */
static __always_inline long helper_copy(
	struct __sk_buff *skb, const struct helped *about, u32 reason, u32 len, const u32 size)
{
	struct punt_helped *punt = bpf_ringbuf_reserve(&punts, size, 0);

	if (!punt)
		return -1;
	punt->ifindex = about->port;
	punt->reason = reason;
	punt->len = sizeof(*about) + len;
	punt->identity = 0;
	punt->about = *about;
	if (!is_between(&len, ETH_HLEN, size - sizeof(*punt) + sizeof(punt->frame)) ||
		bpf_skb_load_bytes(skb, 0, punt->frame, len)) {
		bpf_ringbuf_discard(punt, 0);
		return -1;
	}
	bpf_ringbuf_submit(punt, 0);
	return 0;
}

static __noinline int helper_punt(struct __sk_buff *skb, const struct helped *about, u32 reason)
{
	u32 len = skb->len;
	long failed = -1;

	if (len >= ETH_HLEN && len <= EDGE_PUNT_FRAME_MAX - sizeof(*about))
		failed = helper_copy(skb, about, reason, len, sizeof(struct punt));
	else if (len >= ETH_HLEN && len <= EDGE_HELPED_MAX)
		failed = helper_copy(skb, about, reason, len, sizeof(struct punt_helped));
	if (failed)
		drop(skb, 0, DROP_PUNT_RATE);
	return HELPER_TAKEN;
}

static __always_inline struct helper *helper_get(
	const struct router_key *router, u8 proto, be16 port)
{
	struct helper_key key = {
		.router = { router->router[0], router->router[1] }, .port = port, .proto = proto
	};

	return bpf_map_lookup_elem(&helpers, &key);
}

static __always_inline struct helper *helper_sip(
	const struct router_key *router, u8 proto, be16 port)
{
	struct helper *helper = helper_get(router, proto, port);

	return helper && helper->kind == EDGE_HELPER_SIP ? helper : NULL;
}

/* Whether the agent has taken the packet, which is about to be translated as @to says. One that it
 * has given back goes on, and leaves no verdict: the next is its too. */
__noinline int helper_takes(struct __sk_buff *skb, struct pkt *pkt, const struct router_key *router,
	const struct translation *to, u32 port)
{
	const struct host *host = host_get();
	struct helped about = { .vni = skb->cb[CB_ROUTE_VNI], .port = port };
	const bool given_back = skb->mark == EDGE_HELPED_MARK;
	struct helper *helper;
	be16 source;

	if (!pkt || !router || !to || !host || !host->helped)
		return 0;
	if (given_back)
		skb->mark = 0;
	if (pkt->flags & (PKT_LATER_FRAGMENT | PKT_FIRST_FRAGMENT | PKT_MESSAGE) ||
		(pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP))
		return 0;
	source = to->is_source && to->has_port ? to->port : (be16)pkt->ports;
	about.flags = HELPED_TO_SERVER;
	helper = helper_get(router, pkt->proto, (be16)(pkt->ports >> 16));
	if (!helper) {
		about.flags = 0;
		helper = helper_get(router, pkt->proto, source);
	}
	if (!helper && to->has_port) /* the guest's own, in a connection that SIP announced */
		helper =
			helper_sip(router, pkt->proto, to->is_source ? (be16)pkt->ports : to->port);
	if (!helper)
		return 0;
	trace(skb, STEP_HELPED, helper->kind, 0, NULL, NULL);
	if (tracing(skb))
		return 0;
	pkt->flags |= PKT_NO_FLOW;
	if (given_back)
		return 0;
	if (!helper_allows(helper)) {
		drop(skb, 0, DROP_PUNT_RATE);
		return 1;
	}
	about.router[0] = router->router[0];
	about.router[1] = router->router[1];
	about.to = *to;
	about.kind = helper->kind;
	about.flags |= skb->gso_size << HELPED_SEGMENT_SHIFT;
	helper_punt(skb, &about, PUNT_HELPED);
	return 1;
}

/* Gives the packet to the agent if it is the first of an expected connection: HELPER_TAKEN, or 0.
 * @key: that it has in nats. */
static __noinline int helper_expects(struct __sk_buff *skb, struct nat_key *key)
{
	struct helped about = { .vni = skb->cb[CB_ROUTE_VNI] };
	const struct expectation *expected;
	const struct port *port;
	u32 ports = key->ports;

	key->ports &= 0xffff0000;
	expected = bpf_map_lookup_elem(&expectations, key);
	key->ports = ports;
	if (!expected || skb->mark == EDGE_HELPED_MARK || tracing(skb))
		return 0;
	about.router[0] = expected->router[0];
	about.router[1] = expected->router[1];
	about.kind = expected->kind;
	about.to.is_source = key->kind >> 8 == NAT_OUT;
	port = about.to.is_source ? guest_port(skb) : NULL;
	about.port = port ? port->ifindex : 0;
	return limit_allows(0, LIMIT_EXPECTED) ? helper_punt(skb, &about, PUNT_EXPECTED) : 0;
}

/* Whom a packet to the router's own address, or a forwarded one, is for that no port forwarding
 * says anything of: 0, HELPER_TAKEN, or @reason to drop. */
__noinline int helper_in(
	struct __sk_buff *skb, struct pkt *pkt, u32 vni, struct translation *to, int reason)
{
	const struct host *host = host_get();
	struct nat_key key;
	struct nat *known;

	if (!pkt || !to || !host || !host->helped)
		return reason;
	key = nat_key_in(vni, pkt);
	known = bpf_map_lookup_elem(&nats, &key);
	if (!known)
		return helper_expects(skb, &key) ?: reason;
	to->addr = known->addr;
	to->port = known->port;
	to->has_port = 1;
	if (!tracing(skb))
		nat_touch(known, pkt, NAT_IN);
	return 0;
}

/* The same of a packet out, of a guest whose helped connection is forwarded: what belongs to it
 * leaves as the same address. 0, HELPER_TAKEN, or FORWARD_NONE. */
__noinline int helper_out(struct __sk_buff *skb, struct pkt *pkt, const struct interface *in,
	u32 vni, struct translation *to)
{
	const struct host *host = host_get();
	const struct nat *known;
	struct nat_key key;
	struct nat *state;

	if (!pkt || !in || !to || !host || !host->helped || pkt->flags & PKT_LATER_FRAGMENT)
		return FORWARD_NONE;
	key = nat_key_out(in->router, pkt);
	known = bpf_map_lookup_elem(&nats, &key);
	if (!known)
		return helper_expects(skb, &key) ?: FORWARD_NONE;
	if (!(known->flags & NAT_EXPECTED))
		return FORWARD_NONE;
	to->addr = known->addr;
	to->port = known->port;
	to->has_port = 1;
	key = nat_key_answer(vni, pkt, to->addr, to->port);
	state = bpf_map_lookup_elem(&nats, &key);
	if (state && !tracing(skb))
		nat_touch(state, pkt, NAT_OUT);
	return 0;
}

/* Whose the packet is that leaves: NULL if it is of no guest here. */
static __always_inline const struct port *helper_port(const struct __sk_buff *skb)
{
	if (skb->mark != EDGE_HELPED_MARK)
		return guest_port(skb);
	return skb->cb[CB_HELPED_PORT] ? port_get(skb->cb[CB_HELPED_PORT]) : NULL;
}

/* A packet that the agent gives back goes on where it was taken. */
static __always_inline int helper_resume(struct __sk_buff *skb)
{
	struct helped_back back;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &back, sizeof(back)) ||
		bpf_skb_adjust_room(skb, -(s32)sizeof(back), BPF_ADJ_ROOM_MAC, 0))
		return drop(skb, 0, DROP_INTERNAL);
	skb->cb[CB_ROUTE_VNI] = back.vni;
	skb->cb[CB_HELPED_PORT] = back.out ? back.port : 0; /* inside, it is CB_PASSED */
	bpf_tail_call(skb, &stages, back.out ? STAGE_OUTSIDE : STAGE_INSIDE);
	return drop(skb, 0, DROP_INTERNAL);
}
