/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the edge switch (BPF) and its user-space half (src/datapath) share: keys and values of the
 * maps, the reasons of drops, the steps of a trace. Every struct has explicit padding and a pinned
 * size: maps outlive both halves.
 *
 * Raise EDGE_LAYOUT whenever a key, a value or the meaning of one changes: the agent then builds
 * new maps beside the old ones and switches the programs over when it has filled them (see
 * src/datapath/open.c).
 */
#pragma once

#ifdef __bpf__
#include <linux/types.h>
#include <stdbool.h>
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef __be16 be16;
typedef __be32 be32;
#else
#include "base/types.h"
#endif

#define EDGE_LAYOUT 30

#define EDGE_PORTS_MAX 8192	/* guest ports of a host; port id 0 stands for the host itself */
#define EDGE_VTEPS_MAX 16384	/* (peer, encapsulation) pairs; id 0 is none */
#define EDGE_ROUTE_HOPS 8	/* next hops that share a route's traffic */
#define EDGE_MULTIPATH 4	/* next hops remembered per peer, for ECMP underlays */
#define EDGE_TICK_SHIFT 30	/* a tick is 2^30 ns, about a second */
#define EDGE_TICK_PARTS_SHIFT 8 /* where that is too coarse: its parts, 4 ms */
#define EDGE_TICK_PARTS (1u << EDGE_TICK_PARTS_SHIFT)
#define EDGE_POLICIES_MAX 8192	 /* policies of a host; id 0 is none */
#define EDGE_RULES_MAX 65536	 /* rules of a host, each counted once; slot 0 is none */
#define EDGE_PUNT_FRAME_MAX 2032 /* longer frames are punted cut */
/* What a frame needs in the linear part to be parsed: any, and those that nearly all are. Of a
 * small TCP segment the headers are there; to pull in its payload costs more than all the rest. */
#define EDGE_PULL_BYTES 128
#define EDGE_HEADERS_MIN 54 /* Ethernet, IPv4, TCP */

#define EDGE_VXLAN_PORT 4789
#define EDGE_GENEVE_PORT 6081
/* Our Geneve option: class from the experimental range (RFC 8926 section 7.1), not critical, one
 * word: the identity of the source port, i.e. the first 32 bits of its UUID. */
#define EDGE_GENEVE_CLASS 0xff77
#define EDGE_GENEVE_TYPE_SOURCE 0x01

/* An IPv4 address is written ::ffff:a.b.c.d. */
struct addr {
	union {
		u8 b[16];
		u32 w[4];
	};
};
_Static_assert(sizeof(struct addr) == 16, "layout");

enum edge_encap { EDGE_VXLAN, EDGE_GENEVE };
enum edge_port_kind { EDGE_PORT_VETH, EDGE_PORT_TAP, EDGE_PORT_OTHER };

/* Flags of a port: the same values as enum dp_port_flags. */
enum {
	EDGE_PORT_SECURITY = 1 << 0,
	EDGE_PORT_PUNT_DHCP4 = 1 << 1,
	EDGE_PORT_PUNT_DHCP6 = 1 << 2,
	EDGE_PORT_PUNT_RS = 1 << 3,
	EDGE_PORT_PUNT_DNS = 1 << 4,
	EDGE_PORT_DOWN = 1 << 5,
	EDGE_PORT_LOG_ACCEPT = 1 << 6,
	EDGE_PORT_LOG_DROP = 1 << 7,
	/* These follow from the port's QoS. */
	EDGE_PORT_LIMIT_EGRESS = 1 << 16,
	EDGE_PORT_LIMIT_INGRESS = 1 << 17,
	EDGE_PORT_MARK = 1 << 18,
	EDGE_PORT_GUARANTEED = 1 << 19,
	EDGE_PORT_TIERS = 1 << 24,   /* see struct tiers */
	EDGE_PORT_GUARDED = 1 << 12, /* see bpf/guard.h */
};
/* What the fast path asks about with one test. */
#define EDGE_PORT_SPECIAL (EDGE_PORT_DOWN | EDGE_PORT_LIMIT_EGRESS | EDGE_PORT_MARK)
#define EDGE_PORT_TUNNEL_SPECIAL (EDGE_PORT_LIMIT_EGRESS | EDGE_PORT_MARK | EDGE_PORT_GUARANTEED)

/* map host: one entry. */
struct host {
	u32 epoch; /* of the configuration; a flow entry of another epoch is evaluated again */
	u32 uplink_ifindex;
	u32 vxlan_ifindex; /* the collect-metadata vxlan device, 0: none */
	be32 vtep4;
	struct addr vtep6;
	u8 has_vtep4, has_vtep6;
	u8 zero[2];
	u32 shaper_ifindex;   /* where limited traffic goes, see bpf/shaper.h; 0: it does not */
	u32 connections_max;  /* of a port with a policy */
	u32 half_open_max;    /* of these, those that nobody has answered */
	u32 translations_max; /* of a project */
	u8 wire_mac[6];	      /* its own on wires, see bpf/snat.h; zero: none */
	u8 helped;	      /* some router has a conntrack helper */
	u8 zero2;
};
_Static_assert(sizeof(struct host) == 60, "layout");

/* map ports: hash by ifindex; of a subport of a trunk, by SUBPORT_NUMBER() of the parent's device
 * and the tag, which stands for an ifindex wherever there is one. Map port_cache: the same, array
 * by ifindex modulo its size, where a lookup is inlined; an entry of another device is a miss. The
 * ifindex is last, and so is the last to be written. */
#define EDGE_PORT_CACHE 8192
#define EDGE_SUBPORT 0x80000000u
#define SUBPORT_NUMBER(ifindex, vlan) (EDGE_SUBPORT | (ifindex) << 12 | (vlan))
#define SUBPORT_IFINDEX(number) ((number) >> 12 & 0x7ffff)
#define SUBPORT_VLAN(number) ((number)&0xfff)
struct port {
	u32 id; /* dense; index of counters and rate limits, and scope of the port's flow entries */
	u32 vni;
	u32 flags;
	be32 identity; /* what Geneve metadata carries */
	u8 mac[6];
	u8 kind;
	u8 dscp; /* of EDGE_PORT_MARK */
	u8 uuid[16];
	u32 flood_index; /* its place in the flood list of its network */
	u32 policy;	 /* what its firewall lets through, see struct policy; 0: it has none */
	/* An address of each family that it may use with its own MAC, which most of what it sends
	 * has; zero: see sources. */
	be32 own4;
	struct addr own6;
	u32 ifindex;
};
_Static_assert(sizeof(struct port) == 72, "layout");

/* map sources: which (MAC, address) a port may use; longest prefix match. Bits of the key before
 * the address: 96. family 0 with no address bits: the MAC alone, for frames that carry no IP. */
struct source_key {
	u32 prefix_bits;
	u32 port_id;
	u8 mac[6];
	u8 family;
	u8 zero;
	struct addr addr;
};
#define SOURCE_KEY_FIXED_BITS 96
_Static_assert(sizeof(struct source_key) == 32, "layout");

/* map networks: by VNI. */
struct network {
	u32 mtu; /* bytes of the inner IP packet */
	u8 shared_addresses;
	u8 has_gateway4, has_gateway6;
	u8 routed; /* no layer 2 between its ports: all goes through the router at its gateway */
	be32 gateway4;
	struct addr gateway6;
};
_Static_assert(sizeof(struct network) == 28, "layout");

/* map endpoints: where a MAC is. */
struct endpoint_key {
	u32 vni;
	u8 mac[6];
	u16 zero;
};
struct endpoint {
	u32 ifindex; /* local device, or 0 */
	u32 vtep;    /* id of the peer when not local */
};
#define EDGE_ENDPOINT_ROUTER 0xffffffffu /* as vtep: the MAC is a router's, see interfaces */
_Static_assert(sizeof(struct endpoint_key) == 12 && sizeof(struct endpoint) == 8, "layout");

/* maps neighbours and services: who has an address. */
struct neighbour_key {
	u32 vni;
	struct addr addr;
};
struct neighbour {
	u8 mac[6];
	u8 routed; /* for routers alone: guests of the network ask each other */
	u8 zero;
};
_Static_assert(sizeof(struct neighbour_key) == 20 && sizeof(struct neighbour) == 8, "layout");

/* map interfaces: of routers, by VNI and MAC. A router is on every host that has one of its
 * networks, so a packet to its MAC is routed where it enters. */
struct interface {
	u32 router[2]; /* the first 64 bits of its UUID */
	be32 ip4;      /* whom errors to the network's guests come from */
	u8 has_ip4, has_ip6;
	u8 zero[2];
	struct addr ip6;
};
_Static_assert(sizeof(struct interface) == 32, "layout");

/* map routes: longest prefix match within a router. */
struct route_key {
	u32 prefix_bits;
	u32 router[2];
	u32 family;
	struct addr dst;
};
#define ROUTE_KEY_FIXED_BITS 96
enum edge_route_kind {
	EDGE_ROUTE_CONNECTED, /* the destination is on the network */
	EDGE_ROUTE_VIA,	      /* a hop's `via` is; the connection decides which hop */
	EDGE_ROUTE_LOCAL,     /* the router's own address */
	EDGE_ROUTE_BLACKHOLE,
};
struct route_hop {
	u32 vni;   /* of the network that it leads to */
	u8 mac[6]; /* the router's there */
	u8 zero[2];
	struct addr via; /* not of EDGE_ROUTE_CONNECTED */
};
struct route {
	u8 kind;
	u8 n_hops; /* 0: of EDGE_ROUTE_LOCAL and EDGE_ROUTE_BLACKHOLE */
	u8 zero[2];
	struct route_hop hops[EDGE_ROUTE_HOPS];
};
_Static_assert(sizeof(struct route_key) == 32 && sizeof(struct route_hop) == 28 &&
		       sizeof(struct route) == 4 + 28 * EDGE_ROUTE_HOPS,
	"layout");

/* map vteps: array by id. The hops are the BPF side's own cache of the kernel's routing. */
struct hop {
	u32 until; /* tick up to which it holds; 0: never resolved */
	u32 ifindex;
	u8 dst_mac[6], src_mac[6];
	u8 resolved; /* the MACs are known */
	u8 has_nexthop;
	u8 zero[2];
	struct addr nexthop;
};
_Static_assert(sizeof(struct hop) == 40, "layout");

struct vtep {
	struct addr remote;
	u8 family; /* 4, 6, or 0: free */
	u8 encap;
	u8 zero[6];
	struct hop hops[EDGE_MULTIPATH];
};
_Static_assert(sizeof(struct vtep) == 184, "layout");

/* map members: a network's hosts by address, and so the peers that it may be received from. */
struct member_key {
	u32 vni;
	struct addr remote;
};
struct member {
	u32 vtep;
	u32 flood_index; /* all ones: nothing is replicated to it */
};
_Static_assert(sizeof(struct member_key) == 20 && sizeof(struct member) == 8, "layout");

/* maps flood_groups (by VNI) and flood_targets: lists without holes, one per network and class. */
enum flood_class { FLOOD_PORT, FLOOD_HOST4, FLOOD_HOST6, N_FLOOD_CLASSES };
struct flood_group {
	u32 n[N_FLOOD_CLASSES];
};
struct flood_key {
	u32 vni;
	u16 class;
	u16 index;
};
struct flood_target {
	u32 id; /* FLOOD_PORT: ifindex; else: vtep */
};
_Static_assert(sizeof(struct flood_key) == 8 && sizeof(struct flood_group) == 12, "layout");

/* maps flows4 and flows6: the verdict of a connection, one entry per direction. The scope is the
 * port id for what a guest sent and the VNI for what came from the underlay, so a guest can't ride
 * on another port's verdict. */
enum flow_direction { FLOW_FROM_GUEST, FLOW_FROM_UNDERLAY };
struct flow_key4 {
	u32 scope;
	u32 kind; /* FLOW_KIND(protocol, direction): one store, which hashing then reads as one word
		   */
	be32 src, dst;
	u32 ports; /* source and destination as on the wire */
};
struct flow_key6 {
	u32 scope;
	u32 kind;
	struct addr src, dst;
	u32 ports;
};
#define FLOW_KIND(proto, direction) ((proto) | (direction) << 8)
_Static_assert(sizeof(struct flow_key4) == 20 && sizeof(struct flow_key6) == 44, "layout");

enum flow_state {
	FLOW_NEW,	  /* not answered yet; of TCP: the handshake is not over */
	FLOW_ESTABLISHED, /* answered, or not tracked */
	FLOW_CLOSING,	  /* over: reset, or closed by both sides */
	FLOW_CONNECTED,	  /* a tracked TCP connection, which may be silent for hours */
	FLOW_HALF_CLOSED, /* the same, closed by one side */
};
enum flow_output {
	FLOW_TO_PEER,	/* into the namespace at the other end of a veth */
	FLOW_TO_DEVICE, /* out of a device */
	FLOW_TO_TUNNEL, /* encapsulated to a peer */
	FLOW_TO_WIRE,	/* out of the device of its network's number */
	FLOW_OUTPUT = 3,
	FLOW_LIMITED = 1 << 2, /* with one of these: the local receiver has a limit */
};
struct flow {
	u32 epoch;
	u32 seen;    /* tick of the last packet, a tick or so behind */
	u32 macs[3]; /* destination and source MAC that it was decided for, as on the wire */
	union {
		u32 ifindex; /* of the local device */
		u32 answer;  /* FLOW_TO_TUNNEL: see flow_answer() */
	};
	be32 ack;    /* of a tracked TCP connection: what the guest expects next */
	u16 port_id; /* of the local receiver, for its counters */
	u16 mtu;
	union {
		struct {
			u16 vtep; /* peer: destination, or source of what came from the underlay */
			u16 hash; /* chooses the outer source port and next hop */
		};
		u32 answer_here; /* of others: see flow_answer() */
	};
	u8 state : 3;
	u8 watched : 1;	     /* whoever has a state of it wants to see each segment */
	u8 window_scale : 4; /* of the guest (RFC 7323 section 2.2) */
	u8 output : 3;
	u8 beside : 1; /* opened by the remote past the routers, see guard.h */
	u8 unused : 4;
	u8 flags;
	u8 window; /* that the guest advertised last, the high byte */
	union {
		struct {
			/* FLOW_ROUTED to a port that is here, and nothing but its MACs and TTL
			 * change: the router's MAC towards the receiver, whose own is the port's.
			 * Then there is no rewrite. */
			u8 router[6];
			u8 has_router;
			u8 zero;
		};
		u32 rewrite; /* else, by what number it is in rewrite_cache; 0: it is not */
	};
};
/* A port's entry for what its guest sends is also the state of the connection at the port's
 * firewall (bpf/connection.h): an entry that the other side opened has epoch 0, no verdict, until
 * the guest sends something, unless the answer's way is known with the opening. */
enum flow_flags {
	FLOW_ROUTED = 1 << 0,	  /* see has_router, and else rewrites4 */
	FLOW_TRACKED = 1 << 1,	  /* the state is that of the connection at the sender's firewall */
	FLOW_TO_TRACKED = 1 << 2, /* the local receiver's firewall has a state of it too */
	FLOW_BY_REMOTE = 1 << 3,  /* tracked: the other side opened it */
	FLOW_REPLIED = 1 << 4,
	FLOW_FIN_LOCAL = 1 << 5,
	FLOW_FIN_REMOTE = 1 << 6,
	FLOW_TRANSLATED = 1 << 7, /* routed, and see its rewrite */
};
#define FLOW_CONNECTION \
	(FLOW_TRACKED | FLOW_BY_REMOTE | FLOW_REPLIED | FLOW_FIN_LOCAL | FLOW_FIN_REMOTE)
_Static_assert(EDGE_PORTS_MAX <= 65536 && EDGE_VTEPS_MAX <= 65536, "port_id and vtep of a flow");
/* maps verdicts4 and verdicts6: entries that are verdicts alone, as they were made. */
#define EDGE_VERDICTS_MAX 65536
struct verdict_lines {
	u64 made, taken;
};
/* An entry of flows4 fills two cache lines with that, and all of what is allocated for it: what
 * only some connections have belongs into a map of its own, named by a flag. */
_Static_assert(sizeof(struct flow) == 48, "layout");

#include "edge_balance.h"

/* maps rewrites4 and rewrites6: by the key of a routed flow, what becomes of its packets' headers.
 */
#define PORT_KEPT 2
struct translation { /* of a packet's IPv4 sender or receiver */
	be32 addr;
	be16 port;   /* of ICMP the identifier */
	u8 has_port; /* PORT_KEPT: and there is a state of it in nats, that wants to see an end */
	u8 is_source;
};
struct rewrite {
	u32 vni;	       /* of the network that they leave on; 0: there is no verdict yet */
	u8 macs[12];	       /* destination and source */
	struct translation to; /* with FLOW_TRANSLATED */
	struct balanced balanced;
};
_Static_assert(sizeof(struct rewrite) == 48, "layout");

/* map rewrite_cache: the same, a per-CPU array by a number that each verdict gets, modulo its size:
 * what is found there needs no hashing. */
#define EDGE_REWRITE_CACHE 2048
struct cached_rewrite {
	u32 number;
	be32 src, dst; /* of the flow, which is of IPv4 */
	u32 ports;
	struct rewrite rewrite;
};
_Static_assert(sizeof(struct cached_rewrite) == 64, "layout");

#include "edge_firewall.h"
#include "edge_log.h"
#include "edge_outside.h"
#include "edge_forward.h"
#include "edge_prefix.h"
#include "edge_qos.h"

/* map counters: per-CPU array by port id. rx: from the guest, tx: to the guest. */
struct counters {
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes;
};

/* map drops: per-CPU hash. */
struct drop_key {
	u32 port_id; /* 0: the host */
	u32 reason;
};

/* map limits: array by port id; theoretical arrival times of rate limiters, in ns. */
enum limit_kind { LIMIT_PUNT, LIMIT_ICMP, LIMIT_FLOOD, LIMIT_ECHO, LIMIT_EXPECTED, N_LIMITS };
struct limits {
	u64 tat_ns[N_LIMITS];
};

/* map events: per-CPU array of counts that are not drops. */
enum edge_event { EVENT_FLOW_TABLE_FULL, N_EVENTS };

#include "edge_punt.h"
#include "edge_helper.h"
#include "edge_drop.h"
#include "edge_trace.h"
