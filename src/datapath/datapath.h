/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user-space half of the edge switch: what the agent may say to it. The programs and maps are
 * pinned below `pin_dir` and outlive the process: dp_open() adopts what is there (same map layout),
 * replaces the programs atomically, and forwarding never stops. dp_close() leaves everything
 * running; dp_destroy() removes it.
 *
 * All puts are idempotent and cost one or two map writes; a put that changes nothing writes
 * nothing. Between dp_sweep_begin() and dp_sweep_end() what is not put again is stale and is
 * removed at the end: so an agent that restarted states everything it wants, and only differences
 * touch the kernel.
 *
 * Not thread-safe; one caller, the agent's main thread. All functions that can fail return false
 * with @error set.
 */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

#include "datapath/datapath_firewall.h"
#include "datapath/datapath_guard.h"
#include "datapath/datapath_handover.h"
#include "datapath/datapath_helper.h"
#include "datapath/datapath_shared.h"

enum dp_encap { DP_ENCAP_VXLAN, DP_ENCAP_GENEVE };
enum dp_port_kind { DP_PORT_VETH, DP_PORT_TAP, DP_PORT_OTHER };

struct dp_options {
	/* A directory on a bpffs; created, and a bpffs mounted on it if need be. What is mounted in
	 * a mount namespace that ends with the process (as `ip netns exec` makes one) ends with it.
	 */
	const char *pin_dir;
	u32 flow_entries;     /* size of each flow table, 0: default */
	u32 endpoint_entries; /* size of the directory, 0: default */
	/* How many connections are tracked at most; 0: a quarter of a flow table, 4096, three
	 * quarters of a flow table. And how many are translated by routers' addresses: a quarter
	 * of the table. */
	u32 connections_per_port, half_open_per_port, connections_per_project,
		translations_per_project;
};

bool dp_open(const struct dp_options *options, struct dp **ret, GError **error);
void dp_close(struct dp *dp);
/* Detaches every program and removes every pin; call it in the host's network namespace. */
bool dp_destroy(const char *pin_dir, GError **error);

/* Names of devices that carry tunnel traffic, and this host's tunnel addresses (family 0: none).
 * Attaches to new ones, detaches from those that are no longer named. */
bool dp_set_uplinks(struct dp *dp, const char *const *devices, const struct ip *vtep4,
	const struct ip *vtep6, GError **error);

/*
 * Wires: devices that carry physical networks. A network on a wire has, wherever a VNI is asked
 * for, the number that dp_wire_vni() makes of the device and the VLAN (0: untagged): its frames
 * leave and enter there as they are, and what the directory does not know is sent out. Frames of
 * the wire that are for nobody here go on to the host's own stack.
 */
#define DP_WIRE \
	0x80000000u /* set in the number of a network on a wire; alone: on one of another host */
#define DP_WIRE_IFINDEX_MAX 0x7ffffu
static inline u32 dp_wire_vni(u32 ifindex, u16 vlan)
{
	return DP_WIRE | ifindex << 12 | vlan;
}
/* Names of the devices: attaches to new ones, detaches from those that are no longer named. One may
 * be an uplink too. */
bool dp_set_wires(struct dp *dp, const char *const *devices, GError **error);
/* What each of the uplinks carries (0: not known): guarantees of ports hold then. Takes the root
 * queueing discipline of these devices. After dp_set_uplinks(), before the ports. */
bool dp_set_guarantees(
	struct dp *dp, const char *const *devices, u32 capacity_kbps, GError **error);

void dp_sweep_begin(struct dp *dp);
bool dp_sweep_end(struct dp *dp, GError **error);
/* From now on packets meet what has been stated: after an upgrade to another layout of the maps the
 * devices have the old programs, on the old maps, until then. dp_sweep_end() does it too. */
bool dp_switch(struct dp *dp, GError **error);

struct dp_network {
	u32 vni;
	u32 mtu_bytes;		      /* largest inner IP packet */
	struct ip gateway4, gateway6; /* source of ICMP errors; family 0: none */
	bool routed; /* no layer 2 between its ports: the router at its gateway answers for all */
	bool shared_addresses; /* some address may move between ports: ARP/ND of an unknown target
				  is replicated */
};
bool dp_network_put(struct dp *dp, const struct dp_network *network, GError **error);
bool dp_network_delete(struct dp *dp, u32 vni, GError **error);

/* Hosts that have the network: it may be received from them, and broadcast and multicast are
 * replicated to them unless they have it only over routers. */
struct dp_member {
	u32 vni;
	struct ip vtep;
	enum dp_encap encap;
	bool routed;
};
bool dp_member_put(struct dp *dp, const struct dp_member *member, GError **error);
bool dp_member_delete(struct dp *dp, u32 vni, const struct ip *vtep, GError **error);

/* Where a MAC is: on a local device (ifindex != 0) or behind a VTEP. */
struct dp_endpoint {
	u32 vni;
	struct mac mac;
	u32 ifindex;
	struct ip vtep;
	enum dp_encap encap;
};
bool dp_endpoint_put(struct dp *dp, const struct dp_endpoint *endpoint, GError **error);
bool dp_endpoint_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error);

/* Who has an address: answers ARP and neighbour solicitations at the asking port. */
bool dp_neighbour_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error);
bool dp_neighbour_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error);

/* Routers, each by the first 64 bits of its UUID. An interface is a router's MAC on a network: what
 * is sent to it is routed. The router's own addresses answer echo requests when they have a route
 * DP_ROUTE_LOCAL, and ARP/ND when they are neighbours. */
struct dp_interface {
	u32 vni;
	struct mac mac;
	u64 router;
	struct ip ip4, ip6; /* whom ICMP errors come from; family 0: none are sent */
};
bool dp_interface_put(struct dp *dp, const struct dp_interface *interface, GError **error);
bool dp_interface_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error);

enum dp_route_kind {
	DP_ROUTE_CONNECTED, /* the destination is a neighbour on the network of its one hop */
	DP_ROUTE_VIA,	    /* the hop's @via is; several hops share the connections */
	DP_ROUTE_LOCAL,	    /* the router's own address */
	DP_ROUTE_BLACKHOLE,
};
#define DP_ROUTE_HOPS 8
struct dp_route_hop {
	u32 vni;	/* where it leads to */
	struct mac mac; /* the router's there */
	struct ip via;	/* family 0: not of DP_ROUTE_VIA */
};
struct dp_route {
	u64 router;
	struct prefix prefix;
	enum dp_route_kind kind;
	u8 n_hops; /* 0: LOCAL and BLACKHOLE */
	struct dp_route_hop hops[DP_ROUTE_HOPS];
};
bool dp_route_put(struct dp *dp, const struct dp_route *route, GError **error);
bool dp_route_delete(struct dp *dp, u64 router, const struct prefix *prefix, GError **error);

/*
 * A router's way to the outside. Its gateway is on one host: there it has an interface on the
 * wire's network (dp_interface_put()), the wire is answered for its addresses, which need no route
 * DP_ROUTE_LOCAL, and what leaves by a route whose hops are on a wire is translated to
 * @snat4 unless a floating IP is the sender's. Other hosts hand such packets to that host, over the
 * tunnel to @vtep. IPv6 keeps its addresses, but for dp_prefix_translation_put().
 *
 * Hosts may share the address, each with a range of its ports: then a host that has one translates
 * its guests' senders itself, and they leave by its wire with the MAC of dp_set_wire_mac(). The
 * gateway's host sends on what comes for others' ports (dp_snat_owners_put()).
 */
#define DP_SNAT_BLOCK 1024 /* ranges begin at, and have, a multiple of it */
#define DP_SNAT_PORT_FIRST 1024
#define DP_SNAT_PORTS_ALL (65536 - DP_SNAT_PORT_FIRST) /* of a host that shares it with nobody */
struct dp_gateway {
	u64 router;
	u32 vni;	/* the wire's number; DP_WIRE alone: this host does not have it */
	u32 mtu_bytes;	/* of the outside */
	bool here;	/* this host is the gateway's */
	struct mac mac; /* of the gateway's port */
	struct ip vtep; /* !here: of the host that is; family 0: there is none */
	enum dp_encap encap;
	struct ip ip4, ip6; /* its addresses on the wire; family 0: none */
	bool snat; /* IPv4 senders without a floating IP get @ip4; else they keep their own */
	u16 port_first, n_ports; /* this host's of @ip4; 0: none */
	u8 limits[16];		 /* of dp_limits_put(); zeroes: none */
	u64 owner; /* whose connections count together (a project's); 0: the router's alone */
	/* How many of them there may be, within translations_per_project. */
	bool is_limited;
	u32 translations_max;
};
bool dp_gateway_put(struct dp *dp, const struct dp_gateway *gateway, GError **error);
bool dp_gateway_delete(struct dp *dp, u64 router, GError **error);

/* The MAC by which this host's translated packets leave, and by which other hosts send on what
 * answers them: of this host's alone. */
bool dp_set_wire_mac(struct dp *dp, const struct mac *mac, GError **error);
/* The ranges of other hosts. */
struct dp_snat_owner {
	u16 port_first, n_ports;
	struct mac mac;
};
bool dp_snat_owners_put(
	struct dp *dp, u64 router, const struct dp_snat_owner *owners, size_t n, GError **error);
bool dp_snat_owners_delete(struct dp *dp, u64 router, GError **error);

/* Where the gateway is: an IPv6 prefix inside that is another outside, of the same length, up to 64
 * bits (RFC 6296). */
struct dp_prefix_translation {
	u64 router;
	struct prefix inside, outside;
};
bool dp_prefix_translation_put(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error);
bool dp_prefix_translation_delete(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error);

/* A floating IP whose guest is on this host: translated here, one to one, in both directions; the
 * wire is answered for it with @mac. */
struct dp_floating_ip {
	u64 router;
	u32 vni; /* the wire's number */
	struct ip floating, fixed;
	struct mac mac; /* of the floating IP's port */
	u8 limits[16];	/* of dp_limits_put(); zeroes: none */
};
bool dp_floating_ip_put(struct dp *dp, const struct dp_floating_ip *floating_ip, GError **error);
bool dp_floating_ip_delete(struct dp *dp, u32 vni, const struct ip *floating, GError **error);

/*
 * Ports of an address on the wire that stand for ports of an address behind a router. What comes to
 * them is translated where the router's gateway is, and so are the answers; every other host that
 * has the router knows whose answers these are.
 */
struct dp_port_forwarding {
	u64 router;
	u32 vni;   /* the wire's number; 0: the gateway is on another host */
	u8 proto;  /* TCP or UDP */
	bool many; /* all ports outside are the first one inside; else one each */
	struct ip external, internal;
	u16 external_first, external_last, internal_first;
};
bool dp_port_forwarding_put(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error);
/* What another one says by now stays. */
bool dp_port_forwarding_remove(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error);
/* The wire is answered for the address with @mac, the gateway's; what is forwarded of it is stated
 * beside. @limits: of dp_limits_put(); zeroes: none. */
bool dp_forwarded_address_put(struct dp *dp, u64 router, u32 vni, const struct ip *ip,
	const struct mac *mac, const u8 limits[16], GError **error);
bool dp_forwarded_address_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error);

/*
 * Load balancers. A VIP is an address with a MAC of its own; a listener is one of its ports, whose
 * connections are shared between members by consistent hashing (bpf/balance.h). A member of weight
 * 0 gets no new ones and keeps those that it has; one that is left out loses them. All hosts that
 * are told the same choose the same.
 */
#define DP_LB_MEMBERS_MAX 1024
struct dp_lb_member {
	u32 vni;
	struct mac mac;
	struct ip ip;
	u16 port;
	u32 weight;
	/* Of the router's interface on the VIP's network by which it is reached from there, where
	 * the network's gateway is none: firewall groups on that way are asked. Else zero. */
	struct mac router_mac;
};
struct dp_listener {
	u32 vni; /* of the VIP's network */
	struct ip vip;
	u16 port;
	u8 proto;
	bool by_source;			    /* the sender's address alone chooses */
	const struct dp_lb_member *members; /* no two of the same address and port */
	size_t n_members;
	const struct prefix *allowed; /* who may use it; none: everybody */
	size_t n_allowed;
};
bool dp_listener_put(struct dp *dp, const struct dp_listener *listener, GError **error);
bool dp_listener_delete(
	struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port, GError **error);
/* What a listener has done on this host, since it has been here: connections and bytes (of IP
 * packets) to its members that are here, and packets from here that no member could get. @number:
 * of these counters; others begin at 0. */
struct dp_listener_stats {
	u32 number;
	u64 active, total, bytes_in, bytes_out, errors;
};
/* False: it is not here. */
bool dp_listener_stats(struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port,
	struct dp_listener_stats *ret);
/* The address answers ARP and ND, and what is sent to it is for its listeners. */
bool dp_vip_put(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error);
bool dp_vip_delete(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error);

/* On a wire: this host has the VIP for all that comes by it, and answers for it there. */
bool dp_vip_here_put(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error);
bool dp_vip_here_delete(struct dp *dp, u32 vni, const struct ip *vip, GError **error);

/* What guests of network @vni answer the VIP, to ports and ICMP identifiers from DP_PROBE_PORT on,
 * is punted; or, without @wanted, is not any more. Neither stated in sweeps nor kept by them. */
#define DP_PROBE_PORT 0xfe00
bool dp_probe_set(struct dp *dp, u32 vni, const struct ip *vip, bool wanted, GError **error);

/* A guest port. @pairs: the (MAC, prefix) that it may use as source, its own fixed addresses
 * included; ignored without DP_PORT_SECURITY. */
struct dp_pair {
	struct mac mac;
	struct prefix prefix;
};
enum dp_port_flags {
	DP_PORT_SECURITY = 1 << 0, /* anti-spoofing, DHCP-server and RA guard */
	DP_PORT_PUNT_DHCP4 = 1 << 1,
	DP_PORT_PUNT_DHCP6 = 1 << 2,
	DP_PORT_PUNT_RS = 1 << 3,
	DP_PORT_PUNT_DNS = 1 << 4,   /* UDP port 53 to dp_service_put() addresses */
	DP_PORT_DOWN = 1 << 5,	     /* admin_state_up false: everything is dropped, and counted */
	DP_PORT_LOG_ACCEPT = 1 << 6, /* see dp_log_dispatch() */
	DP_PORT_LOG_DROP = 1 << 7,
	DP_PORT_GUARDED = 1 << 12, /* see dp_guard_put() */
};
/* Quality of service. A limit counts bytes of frames and the packets that GSO makes; a burst of 0
 * is chosen here. What is above is delayed for a moment, and then dropped and counted. */
struct dp_rate {
	u32 kbps, burst_kbits;	  /* 0 kbps: no limit */
	u32 kpps, burst_kpackets; /* 0 kpps: no limit */
};
struct dp_qos {
	struct dp_rate egress, ingress; /* as the port sees it */
	u32 min_kbps; /* of what it sends to other hosts; see dp_set_guarantees() */
	bool marks;   /* what it sends gets @dscp, the outer header too */
	u8 dscp;
};
/* Limits of a floating IP or gateway, by a name that the caller chooses; put before what has them,
 * and released after that. @held: this caller has put them before. */
struct dp_limits {
	struct dp_rate egress, ingress; /* as the guests behind it see it */
};
bool dp_limits_put(
	struct dp *dp, const u8 id[16], const struct dp_limits *limits, bool held, GError **error);
void dp_limits_release(struct dp *dp, const u8 id[16]);
/* What has passed them, and what they have dropped. */
struct dp_limit_count {
	u64 packets, bytes, dropped;
};
struct dp_limit_counts {
	struct dp_limit_count egress, ingress;
};
bool dp_limit_counts(struct dp *dp, const u8 id[16], struct dp_limit_counts *ret, GError **error);

/* A subport of a trunk is a port of its own: where there is an ifindex, it has the number that
 * dp_subport() makes of its parent's device and its tag. Its kind is DP_PORT_OTHER, and its
 * parent's port is put first: tagged frames enter by its program. */
static inline u32 dp_subport(u32 ifindex, u16 vlan)
{
	return dp_wire_vni(ifindex, vlan);
}
static inline bool dp_is_subport(u32 ifindex)
{
	return ifindex & DP_WIRE;
}
struct dp_port {
	u32 ifindex;
	enum dp_port_kind kind;
	u32 vni;
	u32 flags;
	struct mac mac;
	u8 uuid[16];	/* of the port; the traces and metadata carry it */
	u8 project[16]; /* what connections count against; zero: nobody. Of a new port alone */
	/* How many all ports of the project may have here, within connections_per_project. */
	bool project_is_limited;
	u32 project_limit;
	const struct dp_pair *pairs;
	size_t n_pairs;
	const u8 *policy; /* 16 bytes, its id; NULL: everything is let through */
	struct dp_tiers tiers;
	bool keep_policy; /* instead: what it has of both; the port must be there */
	struct dp_qos qos;
};
bool dp_port_put(
	struct dp *dp, const struct dp_port *port, GError **error); /* attaches the program */
bool dp_port_delete(
	struct dp *dp, u32 ifindex, GError **error); /* detaches; fine if the device is gone */

/* Addresses in a network that the agent itself answers (DNS, DHCP server): ARP/ND is answered with
 * @mac. */
bool dp_service_put(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error);
bool dp_service_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error);

/* Frames for the agent. dp_punt_fd() becomes readable; dp_punt_dispatch() calls @cb for each.
 * @frame is valid during the call. */
enum dp_punt_reason {
	DP_PUNT_DHCP4,
	DP_PUNT_DHCP6,
	DP_PUNT_RS,
	DP_PUNT_DNS,
	DP_PUNT_NEIGHBOUR, /* no frame but a question: see dp_punt_neighbour() */
	DP_PUNT_METADATA,  /* TCP port 80 to dp_service_put() addresses */
	DP_PUNT_PROBE,	   /* an answer to a health check: see dp_probe_set() */
	DP_PUNT_HELPED,	   /* see dp_punt_helped() */
	DP_PUNT_EXPECTED,
	DP_PUNT_ANNOUNCED, /* see datapath_shared.h */
};
typedef void (*dp_punt_cb)(
	u32 ifindex, enum dp_punt_reason reason, const u8 *frame, size_t len, void *data);
int dp_punt_fd(const struct dp *dp);
void dp_punt_dispatch(struct dp *dp, dp_punt_cb cb, void *data);

/* Of DP_PUNT_NEIGHBOUR: whose MAC somebody must ask for on the wire's network @ret_vni. The answer
 * is learnt from the wire as it comes in, as all ARP and ND there is. False: the frame is none. */
bool dp_punt_neighbour(const u8 *frame, size_t len, u32 *ret_vni, struct ip *ret_ip);

/* Sends an Ethernet frame to the guest behind a port's device. */
bool dp_inject(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GError **error);

/*
 * What the firewall tells of ports with DP_PORT_LOG_ACCEPT, of each connection that it lets begin
 * (of a stateless policy: each packet), and with DP_PORT_LOG_DROP, of each packet that it drops.
 * dp_log_fd() becomes readable; dp_log_dispatch() calls @cb for each, with an event that is valid
 * during the call.
 */
struct dp_log_event {
	u64 time_ns;   /* of CLOCK_MONOTONIC */
	u8 port[16];   /* UUID */
	bool is_guard; /* decided by the firewall group of a router's port, when asked at @port; */
	u8 guard[16];  /* the UUID of that; the direction is as its network sees it */
	enum dp_direction direction;
	const char *dropped; /* the name of the reason; NULL: it was let through */
	bool has_rule;	     /* else none matched, or none was asked */
	u8 rule[16];
	u16 eth_type;
	u8 family; /* 4, 6, or 0: not IP; so no protocol or addresses */
	u8 proto, icmp_type, icmp_code, tcp_flags;
	bool has_ports; /* of a protocol that has */
	u16 sport, dport;
	u32 len; /* bytes of the frame */
	struct ip src, dst;
	struct mac src_mac, dst_mac;
};
typedef void (*dp_log_cb)(const struct dp_log_event *event, void *data);
int dp_log_fd(const struct dp *dp);
void dp_log_dispatch(struct dp *dp, dp_log_cb cb, void *data);
/* How many events are told of each port, for those that are put from now on; the defaults are
 * Neutron's. */
#define DP_LOG_RATE 100 /* a second */
#define DP_LOG_BURST 25
void dp_set_log_rate(struct dp *dp, u32 per_second, u32 burst);
/* Events of the port that were not told, since it has logs. */
u64 dp_log_suppressed(struct dp *dp, u32 ifindex);

/* Counters, since the program was first attached. rx: from the guest; tx: to the guest. */
struct dp_counters {
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes, drops;
};
bool dp_port_counters(struct dp *dp, u32 ifindex, struct dp_counters *ret, GError **error);
size_t dp_n_drop_reasons(void);
const char *dp_drop_reason_name(size_t reason); /* "spoofed-mac" */
const char *dp_drop_reason_doc(size_t reason);	/* one sentence */
bool dp_drop_counts(struct dp *dp, u32 ifindex /* 0: whole host */, u64 *ret_counts /* n reasons */,
	GError **error);

struct dp_port_connections {
	u64 connections, half_open, evicted /* half open ones, for new ones */;
};
bool dp_port_connections(
	struct dp *dp, u32 ifindex, struct dp_port_connections *ret, GError **error);

/* How full the tables are. @name: "flows4", "rules", … */
typedef void (*dp_table_fn)(const char *name, u32 entries, u32 max, void *data);
void dp_tables_each(struct dp *dp, dp_table_fn fn, void *data);

struct dp_usage {
	u32 flows, flows_max, endpoints, endpoints_max, networks, ports;
	u32 translations, translations_max; /* connections by routers' own addresses */
	u64 flow_table_full;		    /* verdicts that could not be cached */
};
bool dp_usage(struct dp *dp, struct dp_usage *ret, GError **error);

/* Whether a tracked connection of a guest is with @ip, as far as that is known: true too for the
 * time that it takes to find out. Call it again until it is false; then it is no longer watched. */
bool dp_remote_is_in_use(struct dp *dp, const struct ip *ip);

/* Removes idle flow entries; call about once a second. Bounded work per call. */
void dp_flows_expire(struct dp *dp);

/* What traces call the things that the datapath knows by numbers alone. Each returns a new string,
 * or NULL when it does not know either. */
struct dp_names {
	char *(*rule)(const u8 id[16], void *data);	       /* "the rule … of …" */
	char *(*rules_of_port)(const u8 uuid[16], void *data); /* "the security groups …" */
	void *data;
};
void dp_set_names(struct dp *dp, const struct dp_names *names);

/* Runs the real program on @frame as if it came from the guest at @ifindex (or from the underlay,
 * when it is an uplink), with live maps and without effect. @ret_steps: one sentence per step, in
 * order; owned by the caller. */
bool dp_trace(struct dp *dp, u32 ifindex, const u8 *frame, size_t len, GPtrArray **ret_steps,
	GError **error);
