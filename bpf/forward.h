/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Port forwardings: ports of an address on the wire that stand for ports of an address inside. What
 * comes in is for the host that has the router's gateway; the wire is answered for such an address
 * with the gateway's MAC. Answers leave there too, or from the guest's own host where that has
 * ports of the router's address (snat.h). Nearly all need no state: a port inside is forwarded
 * once, so what its guest sends from there is sent as the port outside, whoever began. So
 * connections survive when another host takes the gateway over. Only where several ports outside
 * are one inside must somebody remember which one a client asked: that is in `nats`, the client
 * being the one who opens.
 */
#pragma once

#include "fragment.h"
#include "gateway.h"
#include "nat.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct forward_key);
	__type(value, struct forward);
} forwards SEC(".maps");

/* By fragment (its port_id is the network's number): what the translated side of the first became.
 * Of senders only those that are forwarded; 0: the gateway's host knows. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fragment_key);
	__type(value, be32);
} translated_fragments SEC(".maps");

#define FORWARD_NONE (-1)      /* the packet is of no port forwarding */
#define FORWARD_ELSEWHERE (-2) /* the host with the gateway alone knows */

/* What a packet is forwarded by: its key in `nats`, in either direction. */
static __always_inline const struct forward *forward_get(const struct nat_key *key)
{
	const bool out = key->kind >> 8 == NAT_OUT;
	struct forward_key by = { .prefix_bits = FORWARD_KEY_BITS,
		.scope = { key->scope[0], key->scope[1] },
		.addr = out ? key->src : key->dst,
		.kind = (u16)key->kind,
		.port = (be16)(out ? key->ports : key->ports >> 16) };

	return bpf_map_lookup_elem(&forwards, &by);
}

static __always_inline be16 forward_port(const struct forward *forward, be16 port)
{
	return bpf_htons((u16)(bpf_ntohs(port) - forward->first + forward->becomes));
}

/* Takes over what a port forwarding says of the packet that an ICMP error quotes: false if there is
 * none, or it alone does not know. */
static __noinline bool forward_follow(const struct nat_key *key, struct translation *to)
{
	const bool out = key->kind >> 8 == NAT_OUT;
	const struct forward *forward = forward_get(key);

	if (!forward || (out && forward->many))
		return false;
	to->addr = forward->addr;
	to->port = forward->many
			   ? bpf_htons(forward->becomes)
			   : forward_port(forward, (be16)(out ? key->ports : key->ports >> 16));
	to->has_port = 1;
	return true;
}

/* Remembers which of many ports the client asked; 0, or the reason to drop. */
static __noinline int forward_remember(
	const struct pkt *pkt, u32 vni, const struct forward *forward)
{
	struct nat_key in = nat_key_in(vni, pkt), out = { .kind = FLOW_KIND(pkt->proto, NAT_OUT) };
	struct nat value = { .seen = tick_now() }, *known = bpf_map_lookup_elem(&nats, &in);
	const struct gateway *gateway = gateway_get(forward->router);
	be16 inside = bpf_htons(forward->becomes);

	if (!gateway)
		return DROP_NO_GATEWAY;
	value.owner[0] = gateway->owner[0];
	value.owner[1] = gateway->owner[1];
	value.router[0] = out.scope[0] = forward->router[0];
	value.router[1] = out.scope[1] = forward->router[1];
	value.addr = out.src = forward->addr;
	value.port = inside;
	out.dst = pkt->src.w[3];
	out.ports = inside | pkt->ports << 16;
	if (known) {
		nat_touch(known, pkt, NAT_OUT);
	} else if (!nat_count(gateway)) {
		return DROP_NAT_QUOTA;
	} else if (bpf_map_update_elem(&nats, &in, &value, BPF_NOEXIST)) {
		nat_uncount(value.owner);
		return DROP_NAT_PORTS;
	}
	known = bpf_map_lookup_elem(&nats, &out);
	value.addr = pkt->dst.w[3];
	value.port = (be16)(pkt->ports >> 16);
	if (known && known->addr == value.addr && known->port == value.port)
		return 0;
	return bpf_map_update_elem(&nats, &out, &value, BPF_ANY) ? DROP_NAT_PORTS : 0;
}

/* Whom a packet from the wire's network @vni is forwarded to; 0, or the reason to drop. */
__noinline int forward_in(struct __sk_buff *skb, struct pkt *pkt, u32 vni, struct translation *to)
{
	const struct forward *forward;
	struct nat_key key;

	if (!pkt || !to)
		return DROP_INTERNAL;
	key = nat_key_in(vni, pkt);
	forward = forward_get(&key);
	if (!forward)
		return DROP_NOT_FORWARDED;
	trace(skb, STEP_FORWARDED, bpf_ntohs((be16)(pkt->ports >> 16)), 0, NULL, &pkt->dst);
	to->addr = forward->addr;
	to->has_port = 1;
	if (!forward->many) {
		to->port = forward_port(forward, (be16)(pkt->ports >> 16));
		return 0;
	}
	to->port = bpf_htons(forward->becomes);
	return tracing(skb) ? 0 : forward_remember(pkt, vni, forward);
}

/* Which of many ports the receiver had asked; 0, FORWARD_NONE, or the reason to drop. */
static __always_inline int forward_recall(struct __sk_buff *skb, const struct pkt *pkt, u32 vni,
	const struct nat_key *key, const struct forward *forward, struct translation *to)
{
	const struct nat *known = bpf_map_lookup_elem(&nats, key);
	struct nat_key in;
	struct nat *state;

	if (!known || known->addr != forward->addr) /* it can't be told, until the client sends */
		return pkt->proto == IPPROTO_TCP && !(pkt->flags & PKT_OPENING)
			       ? DROP_NOT_TRANSLATED
			       : FORWARD_NONE;
	to->port = known->port;
	in = nat_key_answer(vni, pkt, known->addr, known->port);
	state = bpf_map_lookup_elem(&nats, &in);
	if (state && !tracing(skb))
		nat_touch(state, pkt, NAT_IN);
	return 0;
}

/* A later fragment follows its first. */
static __always_inline int forward_fragment(const struct fragment_key *key, struct translation *to)
{
	const be32 *first = bpf_map_lookup_elem(&translated_fragments, key);

	if (!first)
		return FORWARD_NONE;
	to->addr = *first;
	to->has_port = 0;
	return *first ? 0 : FORWARD_ELSEWHERE;
}

/* As whom the sender of a packet to the outside leaves; 0, FORWARD_NONE, FORWARD_ELSEWHERE, or the
 * reason to drop. */
__noinline int forward_out(struct __sk_buff *skb, struct pkt *pkt, const struct interface *in,
	const struct gateway *gateway, struct translation *to)
{
	struct fragment_key fragment;
	const struct forward *forward;
	struct nat_key key;
	struct addr addr;
	be32 becomes = 0;
	int reason = 0;

	if (!pkt || !in || !gateway || !to)
		return DROP_INTERNAL;
	fragment = fragment_key(pkt, gateway->vni, RULE_EGRESS);
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return forward_fragment(&fragment, to);
	key = nat_key_out(in->router, pkt);
	forward = forward_get(&key);
	if (!forward)
		return FORWARD_NONE;
	to->port = forward_port(forward, (be16)pkt->ports);
	if (forward->many && gateway->here)
		reason = forward_recall(skb, pkt, gateway->vni, &key, forward, to);
	else if (forward->many)
		reason = FORWARD_ELSEWHERE;
	if (reason && reason != FORWARD_ELSEWHERE)
		return reason;
	if (!reason) {
		becomes = forward->addr;
		to->addr = becomes;
		to->has_port = 1;
		addr_set4(&addr, becomes);
		trace(skb, STEP_FORWARDED, bpf_ntohs(to->port), 1, NULL, &addr);
	}
	if (pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		bpf_map_update_elem(&translated_fragments, &fragment, &becomes, BPF_ANY);
	return reason;
}
