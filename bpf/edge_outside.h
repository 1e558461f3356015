/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of edge.h that is about the outside (bpf/wire.h, bpf/outside.h, bpf/nat.h). Included by
 * it.
 *
 * A wire carries a physical network. A network on a wire has, wherever a VNI is asked for, a number
 * made of the device and the VLAN, so a frame's network is known with no lookup in either
 * direction.
 */
#pragma once

#define EDGE_WIRE 0x80000000u /* alone: on a wire that this host does not have */
#define WIRE_NUMBER(ifindex, vlan) (EDGE_WIRE | (ifindex) << 12 | (vlan))
#define WIRE_IFINDEX(vni) ((vni) >> 12 & 0x7ffff)
#define WIRE_VLAN(vni) ((vni)&0xfff)

/* map gateways: a router's way to the outside. */
struct router_key {
	u32 router[2];
};
struct gateway {
	u32 vni;  /* of the wire, EDGE_WIRE alone: not on this host */
	u32 vtep; /* id of the host that has the gateway; 0: there is none, or it is this one */
	u32 mtu;
	be32 ip4; /* its addresses; 0: none */
	u8 mac[6];
	u8 here; /* on this host */
	u8 snat; /* senders are translated to ip4 */
	struct addr ip6;
	u16 port_first,
		n_ports; /* of ip4, this host's; 0: its guests leave by the gateway's host */
	u16 limits;	 /* number of what limits its traffic; 0: nothing */
	u8 zero[2];
	u32 owner[2];	      /* who counts its connections: a number of its project's */
	u32 translations_max; /* how many of these the owner may have, within the host's limit */
};
_Static_assert(sizeof(struct router_key) == 8 && sizeof(struct gateway) == 60, "layout");

/* map snat_owners: by router, which hosts have which ports of its address: the MAC that they use on
 * the wire, by block of ports; zero: nobody else's. */
#define SNAT_BLOCK_SHIFT 10
#define SNAT_BLOCKS (65536 >> SNAT_BLOCK_SHIFT)
#define SNAT_PORT_FIRST 1024			 /* those below are kept, where a host has all */
#define SNAT_PORTS_ALL (65536 - SNAT_PORT_FIRST) /* as n_ports: no host shares the address */
struct snat_owners {
	u8 macs[SNAT_BLOCKS][6];
};
_Static_assert(sizeof(struct snat_owners) == 384, "layout");

/* map floating_ips: what a guest's address is translated to, by router and address. */
struct floating_key {
	u32 router[2];
	be32 fixed;
};
struct floating {
	u32 vni;
	be32 ip4;
	u8 mac[6];
	u8 elsewhere; /* where the gateway is; nothing of the above is said */
	u8 zero;
};
_Static_assert(sizeof(struct floating_key) == 12 && sizeof(struct floating) == 16, "layout");

/* map externals: addresses that this host has on its wires, by network and address
 * (struct neighbour_key): routers' own, floating IPs, and those whose ports are forwarded. */
struct external {
	u32 router[2];
	be32 fixed; /* of a floating IP that stands for a guest; else 0 */
	u8 mac[6];
	u8 silent;   /* another host answers for it: this one has a range of its ports */
	u8 forwards; /* its ports are forwarded */
	u16 limits;  /* number of what limits its traffic; 0: nothing */
	u8 balancer; /* a VIP of the wire's own network, and no router's */
	u8 zero;
};
_Static_assert(sizeof(struct external) == 24, "layout");

/* map learnt: who is on the wires, by the same key; forgets the least used. */
struct learnt {
	u32 seen;  /* tick at which the wire said so last */
	u32 asked; /* at which it was asked again since then; older: it was not */
	u8 mac[6];
	u8 zero[2];
};
_Static_assert(sizeof(struct learnt) == 16, "layout");
#define LEARNT_ASK 20	  /* ticks after which it is asked for again, when it is used */
#define LEARNT_SILENT 5	  /* after which who has been asked and does not answer has gone */
#define LEARNT_HOLDS 1200 /* and after which it is not believed any more */

/* map nats: connections whose sender is translated, an entry per direction. Out: as the guest
 * sends it; the scope is the router. In: as it comes from the wire; the scope is the network. */
enum nat_direction { NAT_OUT, NAT_IN };
struct nat_key {
	u32 scope[2];
	u32 kind; /* FLOW_KIND(protocol, direction) */
	be32 src, dst;
	u32 ports; /* as struct pkt has them */
};
enum nat_flags {
	NAT_REPLIED = 1 << 0,
	NAT_FIN_OUT = 1 << 1,
	NAT_FIN_IN = 1 << 2,
	NAT_RESET = 1 << 3,
	NAT_EXPECTED = 1 << 4,	 /* of NAT_OUT: it belongs to a helped connection (bpf/helper.h) */
	NAT_TAKEN_OVER = 1 << 5, /* of NAT_OUT: with a guest, of a port that another host gave */
};
struct nat {
	u32 seen;
	u32 router[2]; /* of NAT_IN */
	u32 owner[2];  /* the same */
	be32 addr;     /* out: what the sender becomes; in: what the receiver does */
	be16 port;
	u8 flags; /* of NAT_IN: it is the connection's state */
	u8 part;  /* of TCP that closes: of the tick when it was seen, in parts */
};
_Static_assert(sizeof(struct nat_key) == 24 && sizeof(struct nat) == 28, "layout");

/* maps nats_made and nats_gone: connections by the owner of the router (struct router_key → u64),
 * so that no project takes the whole table, however many routers it has. The data path alone counts
 * in the first, the agent in the second; the difference is what there is. */

/* map nat_embryos: of each owner's connections the ways in (struct nat_key) of those that nobody
 * has answered yet, when they were lined up; map nat_lines: how many have been, by owner. */
#define EDGE_NAT_EMBRYOS_MAX 131072
#define EDGE_NAT_RING 8192 /* places of an owner */
