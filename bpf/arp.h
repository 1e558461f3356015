/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ARP (RFC 826) from guests. The directory knows who has which address, so requests are answered at
 * the asking port and go nowhere. Probes (RFC 5227, sender 0.0.0.0) are answered when another port
 * has the address: that defends it. In networks whose addresses may move between ports
 * (shared_addresses), announcements and requests for unknown targets are replicated, and
 * announcements told to the agent; elsewhere those of routers that are machines.
 */
#pragma once

#include "announce.h"
#include "antispoof.h"
#include "flood.h"
#include "neighbours.h"

#define ARP_REQUEST 1
#define ARP_REPLY 2

struct arp {
	struct ethhdr eth;
	be16 hardware, protocol;
	u8 hardware_len, protocol_len;
	be16 operation;
	u8 sender_mac[ETH_ALEN];
	u8 sender_ip[4];
	u8 target_mac[ETH_ALEN];
	u8 target_ip[4];
} __attribute__((packed));
_Static_assert(sizeof(struct arp) == 42, "RFC 826");

static __always_inline u32 arp_ip(const u8 *ip)
{
	return ((const u16 *)ip)[0] | (u32)((const u16 *)ip)[1] << 16;
}

/* 0, or the reason to drop: both the Ethernet and the ARP sender must be the port's. */
static __always_inline int arp_check(const struct port *port, const struct arp *arp)
{
	struct addr sender;
	struct mac mac;

	if (arp->hardware != bpf_htons(1) || arp->protocol != bpf_htons(ETH_P_IP) ||
		arp->hardware_len != ETH_ALEN || arp->protocol_len != 4)
		return DROP_MALFORMED;
	if (!(port->flags & EDGE_PORT_SECURITY))
		return 0;
	mac_copy(&mac, arp->eth.h_source);
	if (!mac_equal(&mac, port->mac) && !source_allowed(port->id, &mac, 0, NULL))
		return DROP_SPOOFED_MAC;
	mac_copy(&mac, arp->sender_mac);
	addr_set4(&sender, arp_ip(arp->sender_ip));
	return source_allowed(port->id, &mac, 4, &sender) ? 0 : DROP_SPOOFED_ARP;
}

/* Turns the request into its reply and sends it back. */
static __always_inline int arp_answer(struct __sk_buff *skb, struct arp *arp,
	const struct port *port, const struct neighbour *owner)
{
	u32 asked = arp_ip(arp->target_ip), asker = arp_ip(arp->sender_ip);
	struct addr addr;
	u8 mac[ETH_ALEN];

	mac_copy(mac, owner->mac);
	addr_set4(&addr, asked);
	trace(skb, STEP_ANSWERED, port->vni, 0, mac, &addr);
	mac_copy(arp->eth.h_dest, arp->eth.h_source);
	mac_copy(arp->eth.h_source, mac);
	arp->operation = bpf_htons(ARP_REPLY);
	mac_copy(arp->target_mac, arp->sender_mac);
	memcpy(arp->target_ip, &asker, 4);
	mac_copy(arp->sender_mac, mac);
	memcpy(arp->sender_ip, &asked, 4);
	count_tx(skb, port->id);
	return answer_guest(skb, port);
}

/* A request whose target the directory does not know, or an announcement. */
static __always_inline int arp_unanswered(
	struct __sk_buff *skb, const struct port *port, u32 reason)
{
	const struct network *network = network_get(port->vni);

	if (network && network->shared_addresses && !network->routed)
		return flood_start(skb, port->id, port->vni, port->ifindex);
	return drop(skb, port->id, reason);
}

/* The guest says who it is, @solicited: because it was asked. */
static __always_inline void arp_announce(struct __sk_buff *skb, const struct port *port,
	const struct arp *arp, struct addr *addr, const bool solicited)
{
	struct mac mac;

	addr_set4(addr, arp_ip(arp->sender_ip));
	mac_copy(&mac, arp->sender_mac);
	announce(skb, port, addr, &mac, solicited);
}

static __always_inline int arp_announcement(
	struct __sk_buff *skb, const struct port *port, const struct arp *arp)
{
	struct addr addr;

	arp_announce(skb, port, arp, &addr, false);
	if (neighbour_is_announced(port, &addr, arp->sender_mac))
		return flood_start(skb, port->id, port->vni, port->ifindex);
	return arp_unanswered(skb, port, DROP_UNSOLICITED);
}

static __always_inline int arp_from_guest(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt)
{
	struct arp *arp = (void *)(long)skb->data;
	const struct neighbour *owner;
	const struct network *network;
	struct addr target;
	int reason;

	if ((void *)(arp + 1) > (void *)(long)skb->data_end)
		return drop(skb, port->id, DROP_TRUNCATED);
	reason = arp_check(port, arp);
	if (reason)
		return drop(skb, port->id, (u32)reason);
	if (arp->operation != bpf_htons(ARP_REQUEST)) {
		if (pkt_is_multicast(pkt))
			return arp_announcement(skb, port, arp);
		arp_announce(skb, port, arp, &target, true);
		bpf_tail_call(skb, &stages, STAGE_UNICAST);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	if (arp_ip(arp->sender_ip) == arp_ip(arp->target_ip))
		return arp_announcement(skb, port, arp);
	addr_set4(&target, arp_ip(arp->target_ip));
	owner = neighbour_get(port->vni, &target);
	if (owner && mac_equal(owner->mac, arp->sender_mac))
		return CONSUMED; /* a probe for its own address: silence means that nobody else has
				    it */
	network = network_get(port->vni);
	if (network && unlikely(network->routed))
		owner = neighbour_routed(
			network, port->vni, &target, owner, arp_ip(arp->sender_ip) != 0);
	if (!owner)
		return arp_unanswered(skb, port, DROP_UNKNOWN_TARGET);
	return arp_answer(skb, arp, port, owner);
}
