/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the datapath to what is desired. reconcile_flush() looks only at what is dirty;
 * reconcile_all() states everything between dp_sweep_begin() and dp_sweep_end(), which adopts what
 * a former process left in the kernel: what is right is not touched, what is stale goes, and
 * forwarding never stops. What is stale can be told only by who knows all: the file may be torn,
 * older than the kernel, or empty, so from the start until the controller has said that all has
 * been sent (`partial`) nothing in the kernel goes but what the controller deletes by name.
 *
 * Order of a flush: networks, members, what ports need of the firewall, ports (attached before
 * anybody is sent to them), what they no longer need of it, routers, floating IPs, port
 * forwardings, addresses, and last the networks that go. A call that fails is logged, remembered in
 * `failed`, and healed by a later reconcile_all(): so one bad object disturbs no other.
 * anybody is sent to them), what they no longer need of it, routers, floating IPs, addresses, load
 * balancers, and last the networks that go. A call that fails is logged, remembered in `failed`,
 * and healed by a later reconcile_all(): so one bad object disturbs no other.
 */
#pragma once

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

struct quiet;
struct rtnl;

struct reconcile {
	struct dp *dp;
	struct desired *desired;
	struct rtnl *rtnl;
	struct quiet *quiet;
	const char *const *uplinks;	  /* NULL-ended */
	u32 capacity_kbps;		  /* of each; 0: not known */
	struct ip tunnel_ip4, tunnel_ip6; /* of the configuration; family 0: the host record's */
	/* A port's state or reason has changed. */
	void (*port_changed)(struct port *port, void *data);
	/* The same of a router's interface. */
	void (*interface_changed)(struct interface *interface, void *data);
	/* Other routers are on the network now, or other addresses of them. */
	void (*routers_changed)(struct network *network, void *data);
	/* The same of a gateway that is here, and of a floating IP. */
	void (*gateway_changed)(struct gateway *gateway, void *data);
	void (*floating_ip_changed)(struct floating_ip *floating_ip, void *data);
	/* The same of one whose ports are forwarded, where its gateway is. */
	void (*forwarded_ip_changed)(struct forwarded_ip *ip, void *data);
	void (*load_balancer_changed)(struct load_balancer *balancer, void *data);
	/* What a listener has done here is about to go. */
	void (*listener_ends)(
		const struct uuid *listener, const struct dp_listener_stats *last, void *data);
	/* An address is here now, with that MAC, on a wire. */
	void (*address_placed)(
		u32 vni, const struct mac *mac, const struct ip *address, void *data);
	void (*address_withdrawn)(u32 vni, const struct ip *address, void *data);
	/* A neighbour on a wire is the next hop of a route. */
	void (*next_hop_stated)(u32 vni, const struct ip *next_hop, void *data);
	/* Is the host at that tunnel address known not to be alive? */
	bool (*host_is_dead)(const struct ip *vtep, void *data);
	/* A port that was forwarded here is another host's now; the datapath still has it. */
	void (*port_leaves)(const struct port *port, void *data);
	/* Does it say that it is cut off from the outside? NULL: this one. */
	bool (*host_is_cut_off)(const struct ip *vtep, void *data);
	/* A port is no longer this host's; it is detached. */
	void (*port_deleted)(const struct port *port, void *data);
	void *data;
	/* Another host has come back, which may have answered for what is here: so switches are
	 * told again. For one flush. */
	bool hosts_rejoined;
	bool failed;
	bool peers_changed; /* other tunnel addresses, or ours; whoever wants to know clears it */
	bool alone;   /* there is no controller now: whose a pair's port is, is found out here */
	bool partial; /* set it before the first reconcile_all(); reconcile_complete() ends it */
	bool sweeping;
};

/* The controller has sent all: a flush, and what nobody has stated since the start goes. */
void reconcile_complete(struct reconcile *reconcile);
void reconcile_flush(struct reconcile *reconcile);
void reconcile_all(struct reconcile *reconcile);

/* This host's tunnel: its record's, with the addresses of the configuration where it gives some. */
struct record_tunnel reconcile_own_tunnel(const struct reconcile *reconcile);

/* How to reach a peer: the first of our encapsulations that it has too, IPv4 when both have it.
 * False when nothing is common. */
bool tunnel_choose(const struct record_tunnel *own, const struct record_tunnel *peer,
	struct ip *ret_vtep, enum dp_encap *ret_encap);

/* Logs @error, which is freed, and remembers that something must be stated again. Returns false. */
bool reconcile_failed(struct reconcile *reconcile, GError *error);

/* reconcile_redundant.c: where the endpoint is taken to be; and whether that is here. */
const struct member *redundant_place(
	const struct reconcile *reconcile, const struct endpoint *endpoint);
/* Projects are told apart by 16 bytes, whatever their ids are; zero: there is none. */
void project_name(const char *id, u8 ret[static 16]);

bool redundant_is_dead(const struct reconcile *reconcile, const struct member *member);
bool port_is_active(const struct reconcile *reconcile, const struct port *port);

/* reconcile_address.c, reconcile_floating_ip.c, reconcile_port.c, reconcile_router.c */
void reconcile_address(struct reconcile *reconcile, const struct dirty_address *dirty);
void reconcile_port(struct reconcile *reconcile, struct port *port);
/* reconcile_firewall.c: before the ports, and behind them. */
void reconcile_firewall_begin(struct reconcile *reconcile);
void reconcile_firewall_end(struct reconcile *reconcile);
void reconcile_router(struct reconcile *reconcile, struct router *router);
void reconcile_floating_ip(struct reconcile *reconcile, struct floating_ip *floating_ip);
/* reconcile_port_forwarding.c: behind its router, and behind the floating IP that it may have been.
 */
void reconcile_forwarded_ip(struct reconcile *reconcile, struct forwarded_ip *ip);
/* reconcile_load_balancer.c: behind the addresses. */
/* reconcile_vip.c: is it this host that answers the wire for its VIPs? */
bool vip_is_here(const struct reconcile *reconcile, const struct load_balancer *balancer);
/* lb_way.c: of the router by which @member is reached from the VIP's network, its interface there;
 * zero: the network's gateway is a router, or none leads to it. */
struct mac lb_way(const struct network *network, const struct ip *member);
void reconcile_load_balancer(struct reconcile *reconcile, struct load_balancer *balancer);
/* reconcile_conntrack_helper.c */
void reconcile_conntrack_helper(struct reconcile *reconcile, struct conntrack_helper *helper);
