/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Peers, and how to reach them. The kernel's routing decides; what it said is remembered for a tick
 * per peer and part of the hash space (so that ECMP underlays spread). Every tick one packet goes
 * by bpf_redirect_neigh(), which keeps the kernel's neighbour entry alive as any other traffic
 * would; the packets between carry the remembered MACs.
 *
 * bpf_fib_lookup() insists on a device with forwarding enabled: we show it our own vxlan device, so
 * that the uplink need not forward. Without that device every packet is left to
 * bpf_redirect_neigh().
 */
#pragma once

#include "host.h"
#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_VTEPS_MAX);
	__type(key, u32); /* id */
	__type(value, struct vtep);
} vteps SEC(".maps");

/* NULL: there is none of that id. */
static __always_inline struct vtep *vtep_get(u32 id)
{
	struct vtep *vtep = bpf_map_lookup_elem(&vteps, &id);

	return vtep && vtep->family ? vtep : NULL;
}

static __always_inline void hop_store(
	struct hop *hop, const struct bpf_fib_lookup *fib, bool resolved)
{
	hop->ifindex = fib->ifindex;
	if (fib->family == AF_INET) {
		addr_set4(&hop->nexthop, fib->ipv4_dst);
	} else {
		memcpy(&hop->nexthop, fib->ipv6_dst, sizeof(hop->nexthop));
	}
	hop->has_nexthop = 1;
	mac_copy(hop->dst_mac, fib->dmac);
	mac_copy(hop->src_mac, fib->smac);
	hop->resolved = resolved;
}

/* Asks the kernel's routing about the peer and remembers the answer for a tick. */
__noinline int hop_refresh(struct __sk_buff *skb, const struct host *host, const struct vtep *vtep,
	struct hop *hop, u16 sport)
{
	struct bpf_fib_lookup fib = { .l4_protocol = IPPROTO_UDP, .sport = sport };
	long rc;

	if (!host || !vtep || !hop)
		return 0;
	fib.ifindex = host->vxlan_ifindex;
	fib.dport = bpf_htons(vtep->encap == EDGE_GENEVE ? EDGE_GENEVE_PORT : EDGE_VXLAN_PORT);
	if (vtep->family == 4) {
		fib.family = AF_INET;
		fib.ipv4_src = host->vtep4;
		fib.ipv4_dst = vtep->remote.w[3];
	} else {
		fib.family = AF_INET6;
		memcpy(fib.ipv6_src, &host->vtep6, sizeof(host->vtep6));
		memcpy(fib.ipv6_dst, &vtep->remote, sizeof(vtep->remote));
	}
	rc = host->vxlan_ifindex ? bpf_fib_lookup(skb, &fib, sizeof(fib), 0)
				 : BPF_FIB_LKUP_RET_FWD_DISABLED;
	if (rc == BPF_FIB_LKUP_RET_SUCCESS || rc == BPF_FIB_LKUP_RET_NO_NEIGH) {
		hop_store(hop, &fib, rc == BPF_FIB_LKUP_RET_SUCCESS);
	} else {
		hop->ifindex = host->uplink_ifindex;
		hop->has_nexthop = 0;
		hop->resolved = 0;
	}
	return 0;
}

/* Sends the encapsulated packet; the kernel finds the next hop's MAC, and the next hop if we do not
 * know it. */
__noinline int hop_send_by_kernel(struct __sk_buff *skb, const struct hop *hop, u32 family)
{
	struct bpf_redir_neigh nh = { .nh_family = family == 4 ? AF_INET : AF_INET6 };

	if (!hop)
		return TC_ACT_SHOT;
	trace(skb, STEP_VIA_KERNEL, hop->ifindex, 0, NULL, NULL);
	if (!hop->has_nexthop)
		return (int)bpf_redirect_neigh(hop->ifindex, NULL, 0, 0);
	if (family == 4)
		nh.ipv4_nh = hop->nexthop.w[3];
	else
		memcpy(nh.ipv6_nh, &hop->nexthop, sizeof(hop->nexthop));
	return (int)bpf_redirect_neigh(hop->ifindex, &nh, sizeof(nh), 0);
}
