/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPv6 prefixes that are others outside (NPTv6, RFC 6296): of the sender on the way out, of the
 * receiver on the way in, one to one and with no state, so connections outlive the host that has
 * the gateway, and begin on either side. A word of the address takes up what the prefix has made of
 * its sum (RFC 6296 section 3.1): so no checksum changes, neither that of what is inside, whatever
 * protocol that is, nor that of an ICMP error that quotes it.
 *
 * Done on the host that has the gateway. A guest that sends to an outer address of its own router
 * is turned round there, as if by the outside: the router's own address is the next hop.
 */
#pragma once

#include "balance_apply.h"
#include "related.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct prefix_key);
	__type(value, struct prefix_change);
} prefixes SEC(".maps");

static __always_inline const struct prefix_change *prefix_get(
	const u32 *router, u32 direction, const struct addr *addr)
{
	struct prefix_key key = { .prefix_bits = PREFIX_KEY_FIXED_BITS + 128,
		.router = { router[0], router[1] },
		.direction = direction };

	key.addr = *addr;
	return bpf_map_lookup_elem(&prefixes, &key);
}

/* One's complement sum, of which there is one zero. */
static __always_inline u16 prefix_sum(u16 a, u16 b)
{
	u32 sum = (u32)a + b;

	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0 : (u16)sum;
}

/* Changes the word that keeps the address' sum; false: there is none, or the interface id is that
 * of the routers' anycast address, which is one in each network alone (RFC 6296 section 3.5). */
static __always_inline bool prefix_adjust(struct addr *addr, const struct prefix_change *change)
{
	u16 *words = (u16 *)addr->b;

	if (change->in_subnet) {
		if (words[3] == 0xffff)
			return false;
		words[3] = prefix_sum(words[3], change->adjust);
		return true;
	}
	if (!(addr->w[2] | addr->w[3]))
		return false;
	if (words[4] != 0xffff)
		words[4] = prefix_sum(words[4], change->adjust);
	else if (words[5] != 0xffff)
		words[5] = prefix_sum(words[5], change->adjust);
	else if (words[6] != 0xffff)
		words[6] = prefix_sum(words[6], change->adjust);
	else if (words[7] != 0xffff)
		words[7] = prefix_sum(words[7], change->adjust);
	else
		return false;
	return true;
}

/* What @addr is on the other side of a router: 1, 0 if it is the same, -1 if it can't be any. */
__noinline int prefix_translate(const struct router_key *router, u32 direction, struct addr *addr)
{
	const struct prefix_change *change;

	if (!router || !addr)
		return 0;
	change = prefix_get(router->router, direction, addr);
	if (!change)
		return 0;
	if (!prefix_adjust(addr, change))
		return -1;
	addr->w[0] = (addr->w[0] & ~change->mask[0]) | change->prefix[0];
	addr->w[1] = (addr->w[1] & ~change->mask[1]) | change->prefix[1];
	return 1;
}

/* Of the packet that an ICMP error quotes: its receiver on the error's way out, its sender on the
 * way in. The sums of error and quote stay as they are. */
static __always_inline void prefix_quote(struct __sk_buff *skb, const struct pkt *pkt,
	const struct router_key *router, u32 direction, struct addr *room)
{
	u32 off =
		bounded(pkt->l4_off, 0x1ff) + sizeof(struct icmp) + (direction == NAT_OUT ? 24 : 8);

	if (!(pkt->flags & PKT_MESSAGE) || !icmp_is_error(pkt) ||
		bpf_skb_load_bytes(skb, off, room, sizeof(*room)))
		return;
	if (prefix_translate(router, direction, room) > 0)
		bpf_skb_store_bytes(skb, off, room, sizeof(*room), 0);
}

/* Finds what the sender (NAT_OUT) or receiver (NAT_IN) of a packet becomes, into room->prefix; 0,
 * or the reason to drop. */
__noinline int prefix_find(struct pkt *pkt, const struct router_key *router, u32 direction)
{
	struct room *room = room_get();
	int found;

	if (!pkt || !router || !room)
		return DROP_INTERNAL;
	room->prefix.kind = BALANCED_NOT;
	if (pkt->family != 6)
		return 0;
	room->prefix.addr = direction == NAT_OUT ? pkt->src : pkt->dst;
	found = prefix_translate(router, direction, &room->prefix.addr);
	if (found > 0)
		room->prefix.kind =
			direction == NAT_OUT ? BALANCED_OUTER_SENDER : BALANCED_INNER_RECEIVER;
	return found < 0 ? DROP_UNTRANSLATABLE : 0;
}

/* Translates what was found, and what an error quotes; 0 on success. */
__noinline int prefix_apply(
	struct __sk_buff *skb, struct pkt *pkt, const struct router_key *router, u32 direction)
{
	struct room *room = room_get();

	if (!pkt || !router || !room)
		return -1;
	if (pkt->family != 6)
		return 0;
	prefix_quote(skb, pkt, router, direction, &room->was.src);
	if (!room->prefix.kind)
		return 0;
	trace(skb, STEP_TRANSLATED, direction == NAT_OUT, 0, NULL, &room->prefix.addr);
	return prefix_store(skb, pkt, &room->prefix);
}
