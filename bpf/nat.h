/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Translation of IPv4 addresses (RFC 4787, RFC 5382, RFC 5508): of the sender on the way out, of
 * the receiver on the way in. A floating IP is one to one and needs no state. Senders that share
 * the router's address have an entry per direction in `nats`; the one for the way in is the
 * connection's state, and user space ages both by it (src/datapath/nats.c).
 *
 * Ports are kept where they are free, else the next in turn is taken (RFC 4787 section 4.1: address
 * and port dependent mapping, so a port is used by as many connections as there are destinations,
 * and their number is not bounded by that of ports). Of ICMP the identifier stands for the port.
 * Errors are translated with the packet that they quote.
 */
#pragma once

#include "nat_embryo.h"
#include "related.h"

#define NAT_CURSORS_SHIFT 14
/* Where the next port of a destination is looked for: one place behind the last, so the connection
 * that is found there is the oldest of those that got a port in turn, and most probably over. By a
 * hash of the destination, from a random port on (RFC 6056 section 3.3.4). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << NAT_CURSORS_SHIFT);
	__type(key, u32);
	__type(value, u32);
} nat_cursors SEC(".maps");

#define NAT_ATTEMPTS 48
/* That a port stays with whom it was given to at least, after the last packet, in parts of a tick:
 * of closed TCP longer than the least time-out after which one of both sends its end
 * anew, which is a packet. */
#define NAT_CLOSED_PARTS ((s32)EDGE_TICK_PARTS / 4)
#define NAT_ANSWERED_PARTS (5 * (s32)EDGE_TICK_PARTS - 1)
#define IP4_CHECK_OFF (ETH_HLEN + 10)
#define IP4_SRC_OFF (ETH_HLEN + 12)
#define IP4_DST_OFF (ETH_HLEN + 16)

static __always_inline u32 nat_checksum_off(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return 6;
	default: /* SCTP's does not cover addresses */
		return 0;
	}
}

/* Replaces the port (of ICMP the identifier) at @off, and what of it is in the checksum at @check
 * (0: none); 0 on success. */
static __always_inline long nat_port(
	struct __sk_buff *skb, u32 off, u32 check, u64 flags, be16 from, be16 to)
{
	if (from == to)
		return 0;
	if (check && bpf_l4_csum_replace(skb, check, from, to, flags | 2))
		return -1;
	return bpf_skb_store_bytes(skb, off, &to, sizeof(to), 0);
}

static __always_inline be16 nat_port_of(const struct pkt *pkt, bool source)
{
	if (pkt->proto == IPPROTO_ICMP)
		return (be16)(pkt->ports | pkt->ports >> 16);
	return (be16)(source ? pkt->ports : pkt->ports >> 16);
}

/* The transport header of a translated packet; 0 on success. */
static __always_inline long nat_transport(
	struct __sk_buff *skb, const struct pkt *pkt, const struct translation *to, be32 from)
{
	const u64 zero_stays = pkt->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	u32 l4 = bounded(pkt->l4_off, 0x1ff), check = nat_checksum_off(pkt->proto);
	be16 port = nat_port_of(pkt, to->is_source);

	if (pkt->flags & (PKT_LATER_FRAGMENT | PKT_MESSAGE))
		return 0;
	if (check && bpf_l4_csum_replace(skb, l4 + check, from, to->addr,
			     BPF_F_PSEUDO_HDR | zero_stays | sizeof(from)))
		return -1;
	if (!to->has_port)
		return 0;
	if (pkt->proto == IPPROTO_ICMP)
		return nat_port(skb, l4 + 4, l4 + 2, 0, port, to->port);
	if (!check) /* SCTP, and what has no ports */
		return 0;
	return nat_port(skb, to->is_source ? l4 : l4 + 2, l4 + check, zero_stays, port, to->port);
}

/* Rewrites the packet and @pkt; 0 on success. */
__noinline int nat_apply(struct __sk_buff *skb, struct pkt *pkt, struct translation *to)
{
	be32 from;
	u32 off;

	if (!pkt || !to)
		return -1;
	from = to->is_source ? pkt->src.w[3] : pkt->dst.w[3];
	off = to->is_source ? IP4_SRC_OFF : IP4_DST_OFF;
	if (nat_transport(skb, pkt, to, from))
		return -1;
	if (bpf_l3_csum_replace(skb, IP4_CHECK_OFF, from, to->addr, sizeof(from)) ||
		bpf_skb_store_bytes(skb, off, &to->addr, sizeof(to->addr), 0))
		return -1;
	if (to->is_source)
		pkt->src.w[3] = to->addr;
	else
		pkt->dst.w[3] = to->addr;
	if (to->has_port && pkt->proto == IPPROTO_ICMP)
		pkt->ports = pkt->icmp_type == ICMP_ECHO ? to->port : (u32)to->port << 16;
	else if (to->has_port && to->is_source)
		pkt->ports = (pkt->ports & 0xffff0000) | to->port;
	else if (to->has_port)
		pkt->ports = (pkt->ports & 0xffff) | (u32)to->port << 16;
	return 0;
}

/* What the checksum of a quoted packet takes up: @from has become @to in its pseudo-header. */
static __always_inline u32 nat_difference(be32 from, be32 to)
{
	return (u32)(u16)~from + (u16) ~(from >> 16) + (u16)to + (u16)(to >> 16);
}

/* The packet that an ICMP error quotes, which went the other way: its receiver where @to is a
 * source, its sender where it is a destination. The sum of a header does not change with an
 * address and its checksum, so of the quoted IP header nothing is in the error's own (RFC 5508
 * section 4.2). @quoted: the packet as it is. 0 on success. */
__noinline int nat_apply_quoted(
	struct __sk_buff *skb, struct pkt *pkt, struct pkt *quoted, struct translation *to)
{
	u32 icmp, ip, l4, check, difference = 0;
	be32 from;
	be16 port;

	if (!pkt || !quoted || !to)
		return -1;
	icmp = bounded(pkt->l4_off, 0x1ff);
	ip = icmp + sizeof(struct icmp);
	l4 = ip + bounded(quoted->headers, 0x3f);
	from = to->is_source ? quoted->dst.w[3] : quoted->src.w[3];
	if (bpf_l3_csum_replace(skb, ip + 10, from, to->addr, sizeof(from)) ||
		bpf_skb_store_bytes(
			skb, ip + (to->is_source ? 16 : 12), &to->addr, sizeof(to->addr), 0))
		return -1;
	check = quoted->proto == IPPROTO_ICMP ? 2 : nat_checksum_off(quoted->proto);
	if (!check)
		return 0;
	if (quoted->proto != IPPROTO_ICMP)
		difference = nat_difference(from, to->addr);
	port = nat_port_of(quoted, quoted->proto == IPPROTO_ICMP || !to->is_source);
	if (to->has_port) {
		u32 off = quoted->proto == IPPROTO_ICMP ? 4 : to->is_source ? 2 : 0;

		difference += (u32)(u16)~port + to->port;
		if (nat_port(skb, l4 + off, icmp + 2, 0, port, to->port))
			return -1;
	}
	return difference ? quoted_checksum(skb, pkt, l4 + check, difference) : 0;
}

static __always_inline struct nat_key nat_key_out(const u32 *router, const struct pkt *pkt)
{
	return (struct nat_key){ .scope = { router[0], router[1] },
		.kind = FLOW_KIND(pkt->proto, (u32)NAT_OUT),
		.src = pkt->src.w[3],
		.dst = pkt->dst.w[3],
		.ports = pkt->ports };
}

/* Of what answers a packet that is sent as @addr and @port. */
static __always_inline struct nat_key nat_key_answer(
	u32 vni, const struct pkt *pkt, be32 addr, be16 port)
{
	struct nat_key key = { .scope = { vni, 0 },
		.kind = FLOW_KIND(pkt->proto, (u32)NAT_IN),
		.src = pkt->dst.w[3],
		.dst = addr };

	key.ports =
		pkt->proto == IPPROTO_ICMP ? (u32)port << 16 : pkt->ports >> 16 | (u32)port << 16;
	return key;
}

static __always_inline struct nat_key nat_key_in(u32 vni, const struct pkt *pkt)
{
	return (struct nat_key){ .scope = { vni, 0 },
		.kind = FLOW_KIND(pkt->proto, (u32)NAT_IN),
		.src = pkt->src.w[3],
		.dst = pkt->dst.w[3],
		.ports = pkt->ports };
}

/* Of the entry that the packet quoted by an ICMP error belongs to, seen from the error's side; the
 * scope is the caller's to set. */
static __always_inline struct nat_key nat_key_quoted(const struct pkt *quoted, u32 direction)
{
	return (struct nat_key){ .kind = FLOW_KIND(quoted->proto, direction),
		.src = quoted->dst.w[3],
		.dst = quoted->src.w[3],
		.ports = quoted->ports >> 16 | quoted->ports << 16 };
}

/* Takes over what the entry says, if there is one: false if there is none. */
static __always_inline bool nat_follow(const struct nat_key *key, struct translation *to)
{
	const struct nat *known = bpf_map_lookup_elem(&nats, key);

	if (!known)
		return false;
	to->addr = known->addr;
	to->port = known->port;
	to->has_port = 1;
	return true;
}

/* Keeps a connection's state; only what changes is written. Who goes on after a reset has not taken
 * it for one of the connection's: somebody else may have sent it (RFC 7857 section 2.2, as RFC 6146
 * section 3.5.2.2 has it). */
static __always_inline void nat_touch(struct nat *state, const struct pkt *pkt, u32 direction)
{
	u32 parts = tick_parts_now(), now = parts / EDGE_TICK_PARTS;
	u8 flags = state->flags;

	if (direction == NAT_IN)
		flags |= NAT_REPLIED;
	if (pkt->proto == IPPROTO_TCP) {
		if (pkt->tcp_flags & TCP_RST)
			flags |= NAT_RESET;
		else
			flags &= (u8)~NAT_RESET;
		if (pkt->tcp_flags & TCP_FIN)
			flags |= direction == NAT_OUT ? NAT_FIN_OUT : NAT_FIN_IN;
		if (pkt->flags & PKT_OPENING && direction == NAT_OUT)
			flags = 0; /* the same ports once more */
	}
	if (state->seen != now)
		state->seen = now;
	if (state->flags != flags)
		state->flags = flags;
	if (flags & (NAT_RESET | NAT_FIN_OUT | NAT_FIN_IN))
		state->part = (u8)parts;
}

/* Whether there is a port that can be another one: of what has none, one sender talks to a
 * destination. */
static __always_inline bool nat_has_ports(u8 proto)
{
	return nat_checksum_off(proto) || proto == IPPROTO_ICMP;
}

/* Is the port of the router's address this host's to give? */
static __always_inline bool nat_owns(const struct gateway *gateway, be16 port)
{
	return (u32)bpf_ntohs(port) - gateway->port_first < gateway->n_ports ||
	       gateway->n_ports == SNAT_PORTS_ALL;
}

/* Whether a connection that is known here leaves by this port of the router's address. */
static __always_inline bool nat_holds(
	const struct gateway *gateway, const struct nat *out, const struct pkt *pkt)
{
	return out->addr == gateway->ip4 &&
	       (nat_owns(gateway, out->port) || out->flags & NAT_TAKEN_OVER ||
		       !nat_has_ports(pkt->proto));
}

/* The middle of a connection that hosts share the address of: another has its port, and knows it or
 * tells of it in a moment (src/agent/handover/handover.h). From any other port it would be reset.
 */
static __always_inline bool nat_is_elsewhere(const struct gateway *gateway, const struct pkt *pkt)
{
	return gateway->n_ports && gateway->n_ports != SNAT_PORTS_ALL &&
	       pkt->proto == IPPROTO_TCP && !(pkt->flags & PKT_OPENING);
}

/* Of the destination of a packet; NULL never. */
static __always_inline u32 *nat_cursor(const u32 *router, const struct pkt *pkt)
{
	u32 hash = (router[0] ^ pkt->dst.w[3]) * 2654435761u + (pkt->ports >> 16) + pkt->proto;

	hash = hash * 2654435761u >> (32 - NAT_CURSORS_SHIFT);
	return bpf_map_lookup_elem(&nat_cursors, &hash);
}

/* Which port the @attempt-th try takes: the sender's own, then those in turn. */
static __always_inline be16 nat_candidate(
	const struct gateway *gateway, be16 own, u32 *cursor, u32 attempt)
{
	if (!attempt && nat_owns(gateway, own))
		return own;
	if (!*cursor)
		*cursor = bpf_get_prandom_u32();
	return bpf_htons(
		(u16)(gateway->port_first + __sync_fetch_and_add(cursor, 1) % gateway->n_ports));
}

/* Takes @port of the gateway's address for the connection of @state; 0 on success. Global: the loop
 * around it is short to the verifier. */
__noinline long nat_claim(
	const struct gateway *gateway, const struct pkt *pkt, u16 port, const struct nat *state)
{
	struct nat_key answer;
	struct nat value; /* a map takes none from a caller's memory, says Linux 6.1 */

	if (!gateway || !pkt || !state)
		return -1;
	answer = nat_key_answer(gateway->vni, pkt, gateway->ip4, port);
	value = *state;
	return bpf_map_update_elem(&nats, &answer, &value, BPF_NOEXIST);
}

/* Whether a connection may give its port to another: TCP that is closed (whom the other end still
 * remembers in TIME-WAIT it lets open anew, RFC 6191), and questions to well-known ports that have
 * been answered (RFC 4787 REQ-5 a). */
static __always_inline bool nat_is_spent(const struct nat *in, const struct nat_key *key)
{
	const u8 closed = NAT_FIN_OUT | NAT_FIN_IN;
	s32 parts = (s32)(tick_parts_now() - (in->seen * EDGE_TICK_PARTS + in->part));

	if ((u8)key->kind == IPPROTO_TCP)
		return (in->flags & NAT_RESET || (in->flags & closed) == closed) &&
		       parts > NAT_CLOSED_PARTS;
	return (u8)key->kind == IPPROTO_UDP && in->flags & NAT_REPLIED &&
	       bpf_ntohs((be16)key->ports) < 1024 && parts > NAT_ANSWERED_PARTS;
}

/* Whether @port of the gateway's address is free for the connection of a packet: nobody has it, or
 * who has it is over, and loses it now. Global, as nat_claim(). */
__noinline bool nat_frees(const struct gateway *gateway, const struct pkt *pkt, u16 port)
{
	struct nat_key in;
	struct nat *old;

	if (!gateway || !pkt)
		return false;
	in = nat_key_answer(gateway->vni, pkt, gateway->ip4, port);
	old = bpf_map_lookup_elem(&nats, &in);
	return !old || (nat_is_spent(old, &in) && nat_end(&in, old));
}

/* Finds a port for a new connection and writes it down, both ways; 0, or the reason to drop. */
static __always_inline int nat_make(const u32 *router, const struct gateway *gateway,
	const struct pkt *pkt, struct translation *to)
{
	struct nat_key out = nat_key_out(router, pkt), answer;
	const struct router_key *owner = (const struct router_key *)gateway->owner;
	struct room *room = room_get();
	be16 own = nat_port_of(pkt, true);
	u32 *cursor = nat_cursor(router, pkt);
	const bool has_ports = nat_has_ports(pkt->proto);
	long failed = -1;

	if (!gateway->n_ports || !cursor || !room)
		return DROP_NAT_PORTS;
	if (!nat_count(gateway) && !(nat_evict(owner) && nat_count(gateway)))
		return DROP_NAT_QUOTA;
	room->made = (struct nat){ .seen = tick_now(),
		.router = { router[0], router[1] },
		.owner = { owner->router[0], owner->router[1] },
		.addr = pkt->src.w[3],
		.port = own };
	for (u32 i = 0; i < NAT_ATTEMPTS; i++) {
		to->port = has_ports ? nat_candidate(gateway, own, cursor, i) : own;
		if (nat_frees(gateway, pkt, to->port))
			failed = nat_claim(gateway, pkt, to->port, &room->made);
		if (!failed || failed == -E2BIG || !has_ports)
			break;
	}
	if (failed == -E2BIG && nat_evict(owner))
		failed = nat_claim(gateway, pkt, to->port, &room->made);
	if (!failed) {
		answer = nat_key_answer(gateway->vni, pkt, gateway->ip4, to->port);
		room->made.addr = gateway->ip4;
		room->made.port = to->port;
		if (!bpf_map_update_elem(&nats, &out, &room->made, BPF_ANY)) {
			nat_line_up(owner, &answer);
			return 0;
		}
		bpf_map_delete_elem(&nats, &answer);
	}
	nat_uncount(
		room->made.owner); /* a map takes no key from a caller's memory, says Linux 6.1 */
	return DROP_NAT_PORTS;
}

/* What the sender of a packet becomes that leaves by the router's own address; 0, or the reason to
 * drop. */
__noinline int nat_out(struct __sk_buff *skb, struct pkt *pkt, const struct interface *in,
	const struct gateway *gateway, struct translation *to)
{
	struct nat_key key;
	struct nat *known, *state;

	if (!pkt || !in || !gateway || !to)
		return DROP_INTERNAL;
	key = nat_key_out(in->router, pkt);
	to->addr = gateway->ip4;
	to->is_source = 1;
	to->has_port = PORT_KEPT;
	if (pkt->flags & PKT_LATER_FRAGMENT) { /* its first has the port */
		to->has_port = 0;
		return 0;
	}
	known = bpf_map_lookup_elem(&nats, &key);
	if (known && nat_holds(gateway, known, pkt)) {
		to->port = known->port;
		key = nat_key_answer(gateway->vni, pkt, gateway->ip4, known->port);
		state = bpf_map_lookup_elem(&nats, &key);
		if (state && state->addr == pkt->src.w[3] &&
			state->port == nat_port_of(pkt, true)) {
			if (!tracing(skb))
				nat_touch(state, pkt, NAT_OUT);
			return 0;
		}
	}
	if (nat_is_elsewhere(gateway, pkt))
		return DROP_NOT_TRANSLATED;
	if (tracing(skb)) { /* which of others nobody knows before */
		to->port = nat_port_of(pkt, true);
		if (nat_has_ports(pkt->proto) && !nat_owns(gateway, to->port))
			to->port = 0;
		return 0;
	}
	return nat_make(in->router, gateway, pkt, to);
}
