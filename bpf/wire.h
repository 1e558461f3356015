/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Networks on a wire: frames go out and come in as they are, with the network's VLAN tag. The
 * directory knows the ports of this host; all others are behind the wire. What the wire is answered
 * for (ARP, ND) are the routers' addresses that are on this host, floating IPs among them.
 *
 *   from_wire ──► wire_switch ─┬─► a local port                             the host's own stack
 *                      ▲       ├─► local ports (broadcast) ───────────────────────►│
 *                      │       ├─► inside.h: a router's MAC of this host           │
 *                              ├─► balance_wire.h: for a VIP
 *       a guest's, to a router └─► not ours ──────────────────────────────────────►│
 *       or out of one here
 *
 * Neighbours on the wire are learnt from the ARP and ND that come in. Who is not known is asked for
 * by the agent.
 */
#pragma once

#include "arp.h"
#include "nd.h"
#include "receive.h"
#include "room.h"
#include "route.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct neighbour_key);
	__type(value, struct external);
} externals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct neighbour_key);
	__type(value, struct learnt);
} learnt SEC(".maps");

static __always_inline const struct external *external_get(u32 vni, const struct addr *addr)
{
	struct neighbour_key key = { .vni = vni, .addr = *addr };

	return bpf_map_lookup_elem(&externals, &key);
}

/* The same, if it is this host that answers for it. */
static __always_inline const struct external *external_answered(u32 vni, const struct addr *addr)
{
	const struct external *external = external_get(vni, addr);

	return external && !external->silent ? external : NULL;
}

/* Stands for the wire where a port is asked for. */
static __always_inline struct port wire_port(u32 vni)
{
	return (struct port){ .vni = vni, .ifindex = WIRE_IFINDEX(vni), .kind = EDGE_PORT_OTHER };
}

/* Asks the agent to ask the wire who has an address. */
__noinline int wire_ask(struct __sk_buff *skb, u32 vni, const struct addr *addr)
{
	struct neighbour_key key = { .vni = vni };
	struct punt *punt;

	if (!addr || tracing(skb) || !limit_allows(0, LIMIT_PUNT))
		return 0;
	key.addr = *addr;
	punt = bpf_ringbuf_reserve(&punts, sizeof(*punt), 0);
	if (!punt)
		return 0;
	punt->ifindex = WIRE_IFINDEX(vni);
	punt->reason = PUNT_NEIGHBOUR;
	punt->len = sizeof(key);
	punt->identity = 0;
	memcpy(punt->frame, &key, sizeof(key));
	bpf_ringbuf_submit(punt, 0);
	return 0;
}

/* Whether what was learnt may still be used; asks again in time. */
static __always_inline bool learnt_holds(
	struct __sk_buff *skb, struct learnt *known, u32 vni, const struct addr *addr)
{
	u32 now = tick_now(), age = now - known->seen;
	bool asked = (s32)(known->asked - known->seen) > 0;

	if (age < LEARNT_ASK)
		return true;
	if (!asked && !tracing(skb))
		known->asked = now;
	wire_ask(skb, vni, addr);
	return age < LEARNT_HOLDS && !(asked && now - known->asked >= LEARNT_SILENT);
}

/* The MAC of a neighbour on the wire: false if it is not known (yet). */
__noinline bool wire_neighbour(
	struct __sk_buff *skb, u32 vni, const struct addr *addr, struct mac *ret_mac)
{
	struct neighbour_key key = { .vni = vni };
	const struct neighbour *ours;
	struct learnt *known;

	if (!addr || !ret_mac)
		return false;
	key.addr = *addr;
	ours = bpf_map_lookup_elem(&neighbours, &key);
	if (ours) {
		mac_copy(ret_mac, ours->mac);
		return true;
	}
	known = bpf_map_lookup_elem(&learnt, &key);
	if (!known) {
		wire_ask(skb, vni, addr);
		return false;
	}
	mac_copy(ret_mac, known->mac);
	return learnt_holds(skb, known, vni, addr);
}

/* The wire said that @addr is at @mac. @always: else only what is known already is corrected. */
__noinline int wire_learn(u32 vni, const struct addr *addr, const struct mac *mac, bool always)
{
	struct neighbour_key key = { .vni = vni };
	struct learnt value = { .seen = tick_now() };

	if (!addr || !mac)
		return 0;
	key.addr = *addr;
	mac_copy(value.mac, mac);
	if (always || bpf_map_lookup_elem(&learnt, &key))
		bpf_map_update_elem(&learnt, &key, &value, BPF_ANY);
	return 0;
}

/* What came from the wire and is for nobody here is the host's; a guest's or a router's goes out.
 */
static __always_inline int wire_not_ours(struct __sk_buff *skb, u32 vni)
{
	if (skb->ifindex == WIRE_IFINDEX(vni))
		return TC_ACT_UNSPEC;
	return untag(skb) ? drop(skb, 0, DROP_INTERNAL) : wire_send(skb, vni, 0);
}

/* Copies to the guests of the network; the rest is for the host, if untagged. What is said to the
 * host alone, such as an answer to its own question, is not for them; nor is anything, if there are
 * none. */
static __always_inline int wire_flood(struct __sk_buff *skb, u32 vni)
{
	if (!network_get(vni) || skb->ifindex != WIRE_IFINDEX(vni) ||
		skb->pkt_type == PACKET_HOST || !bpf_map_lookup_elem(&flood_groups, &vni))
		return wire_not_ours(skb, vni);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	return flood_start(skb, 0, vni, 0);
}

static __always_inline int wire_arp(struct __sk_buff *skb, u32 vni)
{
	struct arp *arp = (void *)(long)skb->data;
	const struct external *external;
	struct room *room = room_get();
	struct neighbour owner = { 0 };
	struct addr sender, target;
	struct mac mac;
	bool request, announces;

	if ((void *)(arp + 1) > (void *)(long)skb->data_end || !room)
		return TC_ACT_UNSPEC;
	request = arp->operation == bpf_htons(ARP_REQUEST);
	addr_set4(&sender, arp_ip(arp->sender_ip));
	addr_set4(&target, arp_ip(arp->target_ip));
	mac_copy(&mac, arp->sender_mac);
	external = external_answered(vni, &target);
	announces = !request || sender.w[3] == target.w[3];
	if (sender.w[3] && !tracing(skb))
		wire_learn(vni, &sender, &mac, external || announces);
	if (!request || !external)
		return wire_flood(skb, vni);
	if (mac_equal(external->mac, &mac))
		return CONSUMED; /* our own announcement has come back */
	mac_copy(owner.mac, external->mac);
	arp = (void *)(long)skb->data; /* a call lies between */
	if ((void *)(arp + 1) > (void *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	room->port = wire_port(vni);
	return arp_answer(skb, arp, &room->port, &owner);
}

/* Neighbour solicitations and advertisements (RFC 4861). */
static __always_inline int wire_nd(struct __sk_buff *skb, u32 vni, const struct pkt *pkt)
{
	const void *end = (void *)(long)skb->data_end;
	const struct nd *nd = (void *)(long)skb->data + (pkt->l4_off & 0x3ff);
	bool advert = pkt->icmp_type == ND_NEIGHBOUR_ADVERT;
	struct room *room = room_get();
	struct neighbour owner = { 0 };
	const struct external *external;
	struct addr target;
	struct mac mac;

	if ((const void *)(nd + 1) > end || !room)
		return TC_ACT_UNSPEC;
	memcpy(&target, &nd->target, sizeof(target));
	external = advert ? NULL : external_answered(vni, &target);
	if (nd_option_mac(nd, end, skb->len - pkt->l4_off,
		    advert ? ND_OPTION_TARGET_LL : ND_OPTION_SOURCE_LL, &mac) <= 0)
		mac_copy(&mac, PKT_SRC(pkt));
	if (!tracing(skb) && (pkt->src.w[0] | pkt->src.w[1] | pkt->src.w[2] | pkt->src.w[3]))
		wire_learn(vni, advert ? &target : &pkt->src, &mac, external || advert);
	if (!external)
		return wire_flood(skb, vni);
	if (mac_equal(external->mac, &mac))
		return CONSUMED;
	mac_copy(owner.mac, external->mac);
	room->port = wire_port(vni);
	return nd_answer(skb, &room->port, &owner, &target);
}

/* Whether it is neighbour discovery to be looked at here: what a router's MAC was asked directly is
 * among it. */
static __always_inline bool is_nd(const struct pkt *pkt)
{
	return pkt->family == 6 && pkt->proto == IPPROTO_ICMPV6 &&
	       (pkt->icmp_type == ND_NEIGHBOUR_SOLICIT || pkt->icmp_type == ND_NEIGHBOUR_ADVERT);
}

/* To a port of this host. */
static __always_inline int wire_deliver(
	struct __sk_buff *skb, const struct host *host, u32 vni, struct pkt *pkt, u32 ifindex)
{
	const struct network *network = network_get(vni);
	struct room *room = room_get();
	struct flow *flow;
	int reason, answer;

	if (!network || !room)
		return wire_not_ours(skb, vni);
	flow = &room->flow;
	verdict_init(flow, host, pkt, network->mtu);
	reason = resolve_local(skb, pkt, ifindex, flow, &answer);
	if (reason)
		return reason == DROPPED ? CONSUMED : drop(skb, 0, (u32)reason);
	if (skb->ifindex == WIRE_IFINDEX(vni) && pkt->family && answer_holds(answer) &&
		!(pkt->flags & PKT_NO_FLOW) && !tracing(skb))
		flow_put(skb, pkt, vni, FLOW_FROM_UNDERLAY, flow);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	trace(skb, STEP_TO_PORT, flow->ifindex, flow->port_id, NULL, NULL);
	if (unlikely(flow->output & FLOW_LIMITED || skb->cb[CB_PASSED]))
		return finish(skb, limited_after(skb, skb->cb[CB_PASSED], flow->port_id,
					   flow->output, flow->ifindex));
	count_tx(skb, flow->port_id);
	return deliver(skb, flow->ifindex, flow->output);
}

/* Is it for a floating IP of this host, by a route that leads to the host itself? Such a route is
 * announced by BGP. */
static __always_inline bool wire_is_routed(struct __sk_buff *skb, u32 vni, const struct pkt *pkt)
{
	const struct external *external;

	if (skb->pkt_type != PACKET_HOST || pkt->family != 4)
		return false;
	external = external_get(vni, &pkt->dst);
	return external && external->fixed;
}

/* Is it for the VIP of a load balancer? Then it may be sent to a member's MAC (balance_wire.h). */
__noinline bool wire_is_balanced(u32 vni, const struct pkt *pkt)
{
	struct neighbour_key key = { .vni = vni };
	const struct neighbour *neighbour;
	const struct endpoint *endpoint;

	if (!pkt)
		return false;
	key.addr = pkt->dst;
	neighbour = bpf_map_lookup_elem(&neighbours, &key);
	endpoint = neighbour ? endpoint_get(vni, neighbour->mac) : NULL;
	return endpoint && is_balancer(endpoint);
}

/* A frame on network @vni, from the wire or from a guest or router of this host. */
static __always_inline int wire_switch_frame(
	struct __sk_buff *skb, const struct host *host, u32 vni, struct pkt *pkt)
{
	const struct endpoint *endpoint = endpoint_get(vni, PKT_DST(pkt));

	if (endpoint && wire_is_balanced(vni, pkt)) {
		bpf_tail_call(skb, &stages, STAGE_BALANCE_WIRE);
		return drop(skb, 0, DROP_INTERNAL);
	}
	if (endpoint && endpoint->ifindex)
		return wire_deliver(skb, host, vni, pkt, endpoint->ifindex);
	if ((endpoint && endpoint->vtep == EDGE_ENDPOINT_ROUTER) || wire_is_routed(skb, vni, pkt)) {
		bpf_tail_call(skb, &stages, STAGE_INSIDE);
		return drop(skb, 0, DROP_INTERNAL);
	}
	if (mac_equal(PKT_DST(pkt), host->wire_mac) && external_get(vni, &pkt->dst)) {
		bpf_tail_call(skb, &stages, STAGE_INSIDE); /* handed over: snat.h */
		return drop(skb, 0, DROP_INTERNAL);
	}
	return pkt_is_multicast(pkt) ? wire_flood(skb, vni) : wire_not_ours(skb, vni);
}
