/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hosts that share a router's address: each has a range of its ports, and translates its own guests
 * with no help of others. So they leave straight by the wire, from a MAC of the host's own, that
 * switches learn where it is. The answers come to the host that answers for the address, the
 * gateway's, which by the port alone sends them on, over the wire, to the MAC of the host whose
 * port it is; there they are what answers are on the gateway's host.
 *
 *   guest ─► outside: nat.h ─► wire ─► the outside ─► the gateway's host ─► wire ─► the guest's
 *
 * What has no ports is translated on the gateway's host. A frame is sent on once at most: to the
 * router's MAC only, and never one to a host's. With it the outside's MAC is lost, because a switch
 * would look for the outside here; who must answer the sender finds its next hop again.
 */
#pragma once

#include "outside.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct router_key);
	__type(value, struct snat_owners);
} snat_owners SEC(".maps");

/* By first fragment (its port_id is the network's number): the MAC that it was sent on to. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fragment_key);
	__type(value, struct neighbour);
} owned_fragments SEC(".maps");

/* The port of our address that the packet is about: 0, or -1 when it has none. */
static __always_inline int snat_port(struct __sk_buff *skb, struct pkt *pkt, be16 *ret)
{
	struct pkt *quoted;

	if (pkt->flags & PKT_MESSAGE) {
		quoted = icmp_is_error(pkt) ? related_quoted(skb, pkt) : NULL;
		if (!quoted || !nat_has_ports(quoted->proto))
			return -1;
		*ret = nat_port_of(quoted, true);
		return 0;
	}
	if (!nat_has_ports(pkt->proto) ||
		(pkt->proto == IPPROTO_ICMP && pkt->icmp_type != ICMP_ECHOREPLY))
		return -1;
	*ret = nat_port_of(pkt, false);
	return 0;
}

/* Whose the packet to a router's own address is, if it is another host's: 1 and the MAC in @ret,
 * else 0. */
__noinline int snat_owner(struct __sk_buff *skb, struct pkt *pkt, const struct external *external,
	struct rewrite *ret)
{
	struct neighbour owner = { 0 };
	const struct neighbour *first;
	const struct snat_owners *owners;
	struct fragment_key fragment;
	struct router_key key;
	be16 port = 0;

	if (!pkt || !external || !ret)
		return 0;
	key = (struct router_key){ .router = { external->router[0], external->router[1] } };
	fragment = fragment_key(pkt, ret->vni, RULE_INGRESS);
	if (pkt->flags & PKT_LATER_FRAGMENT) {
		first = bpf_map_lookup_elem(&owned_fragments, &fragment);
		if (first)
			mac_copy(ret->macs, first->mac);
		return first != NULL;
	}
	owners = bpf_map_lookup_elem(&snat_owners, &key);
	if (!owners || snat_port(skb, pkt, &port))
		return 0;
	mac_copy(owner.mac, owners->macs[bpf_ntohs(port) >> SNAT_BLOCK_SHIFT]);
	if (mac_is_zero(owner.mac))
		return 0;
	if (pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		bpf_map_update_elem(&owned_fragments, &fragment, &owner, BPF_ANY);
	mac_copy(ret->macs, owner.mac);
	return 1;
}

/* Sends the frame on to @rewrite's receiver, as it is. */
static __noinline int snat_hand_over(
	struct __sk_buff *skb, const struct host *host, struct rewrite *rewrite)
{
	trace(skb, STEP_TO_OWNER, 0, 0, rewrite->macs, NULL);
	mac_copy(rewrite->macs + ETH_ALEN, host->wire_mac);
	if (bpf_skb_store_bytes(skb, 0, rewrite->macs, sizeof(rewrite->macs), 0))
		return drop(skb, 0, DROP_INTERNAL);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	return wire_send(skb, rewrite->vni, 0);
}

/* The MAC of the next hop to a packet's sender, in place of that of the host that sent it on: to
 * whom the sender is told. False: not known (yet). */
static __noinline bool snat_find_sender(
	struct __sk_buff *skb, const struct pkt *pkt, const u32 *router, u32 vni)
{
	struct route_key key = { .prefix_bits = ROUTE_KEY_FIXED_BITS + 128,
		.router = { router[0], router[1] },
		.family = 4,
		.dst = pkt->src };
	const struct route *route = bpf_map_lookup_elem(&routes, &key);
	struct addr next = pkt->src;
	struct mac mac = { 0 };

	if (!route || !route->n_hops)
		return false;
	if (route->kind == EDGE_ROUTE_VIA)
		next = route->hops[0].via;
	return wire_neighbour(skb, vni, &next, &mac) &&
	       !bpf_skb_store_bytes(skb, ETH_ALEN, &mac, sizeof(mac), 0);
}
