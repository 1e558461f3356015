/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about traces (bpf/trace.h). Included by it. */
#pragma once

/* Steps of a trace; src/datapath/trace.c makes the sentences. */
enum trace_code {
	STEP_FROM_GUEST,     /* a: port id */
	STEP_FROM_UNDERLAY,  /* a: VNI, b: encapsulation; addr: the peer */
	STEP_FLOW,	     /* a: 1 if an entry exists and is current */
	STEP_SOURCE_ALLOWED, /* mac, addr */
	STEP_NO_SECURITY,
	STEP_ENDPOINT,	      /* a: VNI; mac */
	STEP_TO_PORT,	      /* a: ifindex, b: port id */
	STEP_TO_TUNNEL,	      /* a: VNI, b: encapsulation; addr: the peer */
	STEP_VIA,	      /* a: ifindex; mac of the next hop */
	STEP_VIA_KERNEL,      /* a: ifindex; the kernel resolves the next hop */
	STEP_TO_KERNEL_VXLAN, /* the kernel's vxlan device decapsulates for a tap */
	STEP_ANSWERED,	      /* a: VNI; addr asked for, mac answered */
	STEP_PUNT,	      /* a: reason */
	STEP_FLOOD,	      /* a: VNI, b: copies to local ports */
	STEP_FLOOD_HOSTS,     /* a: VNI, b: copies to hosts */
	STEP_TOO_BIG,	      /* a: MTU that the sender is told */
	STEP_DROP,	      /* a: reason, b: port id */
	STEP_ROUTE, /* a: VNI that the route leads to, b: its kind; addr: whom it is sent to there
		     */
	STEP_ROUTER_ECHO,      /* addr: the router's */
	STEP_ICMP_ERROR,       /* a: type, b: code */
	STEP_RULE,	       /* a: what was decided; b: port id, RULE_STEP_EGRESS set if so */
	STEP_NO_RULE,	       /* b: the same */
	STEP_CONNECTION,       /* a: 1 if the guest opened it, else 0; b: port id */
	STEP_RELATED,	       /* an ICMP error about a connection; b: port id */
	STEP_NO_POLICY_NEEDED, /* b: port id */
	STEP_TO_WIRE,	       /* a: ifindex, b: VLAN */
	STEP_FROM_WIRE,	       /* a: ifindex, b: VLAN */
	STEP_TRANSLATED, /* a: 1 if the sender is, else the receiver; b: port; addr: the new one */
	STEP_TO_GATEWAY, /* the router's gateway is on another host */
	STEP_LIMIT,	 /* a: id of the limit */
	STEP_MARK,	 /* a: DSCP */
	STEP_GUARANTEED, /* a: port id */
	STEP_TO_OWNER,	 /* the port of the router's address is another host's; mac: its */
	STEP_FORWARDED,	 /* a: the port outside, b: 1 if the sender's; addr: outside */
	STEP_BALANCED,	 /* a: ifindex of the member, 0: it is elsewhere; b: its port; mac, addr */
	STEP_HELPED,	 /* a: enum edge_helper */
	STEP_GUARD, /* a: what was decided, 0: no rule matches; b: enum rule_direction; mac: of the
		     * router's port; addr: the other side */
	STEP_RESET, /* a: for how many seconds the connection has been unknown, b: from when on its
		     * sender is reset */
};
struct trace_step {
	u32 code;
	u32 a, b;
	u8 mac[6];
	u16 zero;
	struct addr addr;
};
_Static_assert(sizeof(struct trace_step) == 36, "layout");

/* What a policy decides: the slot of the rule, and these. */
#define RULE_DENY 0x80000000u
#define RULE_PASS 0x40000000u	/* the next tier decides */
#define RULE_TIER 0x20000000u	/* the rule is a tier's */
#define RULE_OPEN 0x10000000u	/* no rule decides, and that lets it through */
#define RULE_GUARD 0x08000000u	/* the rule is of a firewall group */
#define RULE_REJECT 0x04000000u /* with RULE_DENY: a guest that sent it is told */
#define RULE_SLOT 0x00ffffffu
#define RULE_STEP_EGRESS 0x80000000u

/* skb->mark of a packet that is only traced. */
#define EDGE_TRACE_MARK 0x77656674
