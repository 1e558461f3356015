/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel should have, made from the view: networks with their members, endpoints, subnets
 * and local ports, linked to each other. No I/O.
 *
 * Records arrive in any order, so what another record refers to is made at once as a placeholder
 * that is not `known` yet; what is no longer known and no longer referred to is collected after a
 * reconcile. Nothing here calls the datapath: a change marks what it touches dirty, and reconcile.c
 * brings the dirty things up to date. So a batch of lines costs one update per thing it touches,
 * whatever its order, and the cost of a change does not depend on the size of the network.
 *
 *   record ──desired_put()──► network ─┬─ member (a host that has it) ── endpoint, endpoint, …
 *                                      ├─ claim (who says an address is his), chained per address
 *                                      ├─ subnet
 *                                      ├─ interface ── router ─┬─ gateway
 *                                      │                       └─ forwarded IP ── port forwardings
 *                                      └─ port (bound to this host) ─┬─ device ── floating IPs
 *                                                                    └─ policy (firewall.h)
 *
 * A network of a physical one has the number of the wire that carries it here (wire.c), or none.
 */
#pragma once

#include "host/link.h"
#include "sync/record.h"

enum address_type { ADDRESS_IP4 = 4, ADDRESS_IP6 = 6, ADDRESS_MAC = 'M' };

/* An IP or MAC address as a key. */
struct address {
	u8 type; /* enum address_type */
	u8 b[16];
};
struct address address_of_ip(const struct ip *ip);
struct address address_of_mac(const struct mac *mac);
struct ip address_ip(const struct address *address);
struct mac address_mac(const struct address *address);

enum claim_origin {
	CLAIM_OWN,  /* the port's MAC or one of its fixed addresses */
	CLAIM_PAIR, /* of allowed_address_pairs: others may claim it too */
};

/* One endpoint's claim to an address of its network. */
struct claim {
	struct claim *next; /* others to the same address */
	struct endpoint *endpoint;
	struct address address;
	u8 origin;	/* enum claim_origin */
	struct mac mac; /* of an IP address: by which it is reached */
	bool held;	/* of the claims to it, this announced it last, as the controller says */
	bool heard;	/* the same as this host has heard since */
};

struct member {
	struct uuid host; /* first: the key */
	struct network *network;
	bool known, routed;
	bool no_dhcp;	  /* it does not answer the network's */
	bool unconnected; /* to the network's physical network */
	struct record_tunnel tunnel;
	struct endpoint *endpoints; /* list */
	struct ip applied_vtep;	    /* what the datapath has; family 0: nothing */
};

/* One allocation with its claims. */
struct endpoint {
	struct uuid id; /* of the port; first: the key */
	struct member *member;
	struct endpoint *prev, *next; /* of the same member */
	struct endpoint *next_namesake;
	char *dns_name; /* NULL: none */
	struct mac mac;
	bool has_pairs;	 /* claims addresses besides its own */
	GArray *standby; /* struct uuid: hosts that have it when its own is dead; NULL: none */
	u16 n_claims;
	struct claim claims[];
};

struct subnet {
	struct uuid id; /* first: the key */
	struct network *network;
	struct record_subnet record;
};

/* What became of a port on this host, for the report. */
enum port_state { PORT_UNREPORTED, PORT_WIRED, PORT_NOT_WIRED };

struct port {
	struct uuid id; /* first: the key */
	bool known;
	bool deleted; /* was known, and the controller has taken it back */
	struct network *network;
	struct record_port record;
	bool has_device;
	struct link device;  /* valid with has_device */
	u32 applied_ifindex; /* what the datapath has, of a subport dp_subport(); 0: nothing */
	bool applied_active; /* and it forwards */
	char applied_name[IFNAMSIZ + 8]; /* "tap0", "tap0.100" */
	enum port_state state;
	char *reason;	       /* of PORT_NOT_WIRED */
	bool settled;	       /* what it has of security groups is known */
	GArray *groups;	       /* struct uuid, sorted; NULL: they don't matter */
	struct policy *policy; /* NULL: none */
	struct port *parent;   /* of a subport, which is reached by its device; NULL: none */
	GPtrArray *subports;   /* NULL: never had any */
	u32 log_flags;	       /* what the datapath has of logs, DP_PORT_LOG_* */
	u64 log_suppressed;    /* events, as far as that was said */
	struct stages *stages; /* of the provider's tiers (tier.h); NULL: none */
};

/* A router's, on a network of this host. */
struct interface {
	struct uuid id; /* of the port; first: the key */
	struct network *network;
	struct router *router;
	struct record_interface record;
	enum port_state state;
	char *reason; /* of PORT_NOT_WIRED */
};

/* A router's way outside. */
struct gateway {
	struct uuid id; /* of the port; first: the key */
	struct router *router;
	struct record_gateway record;
	enum port_state state; /* PORT_UNREPORTED: another host has it */
	char *reason;	       /* of PORT_NOT_WIRED */
};

struct dp_gateway;

struct router {
	struct uuid id; /* first: the key */
	GPtrArray *interfaces;
	struct gateway *gateway; /* NULL: none */
	GPtrArray *forwarded_ips;
	GPtrArray *floating_ips; /* that go with the gateway */
	guint n_helpers;	 /* conntrack helpers */
	GPtrArray *firewalls;	 /* struct router_firewall: of its ports */
	/* What the datapath has, reconcile_router.c alone knows of it; NULL: nothing. */
	GArray *applied_interfaces, *applied_routes;
	GArray *applied_prefixes; /* reconcile_prefix.c */
	struct dp_gateway *applied_gateway;
	bool limited;		/* it has limits of the gateway: qos.h */
	GArray *applied_guards; /* reconcile_router_firewall.c */
};

#define APPLIANCE_NIC_LEN 16 /* a device's name, and NUL */

/* The firewall group of a router's port. Hosts ask it, or an appliance does. */
struct router_firewall {
	struct uuid id;		     /* of the port; first: the key */
	struct router *router;	     /* NULL: an appliance's */
	struct uuid appliance;	     /* that asks it; zero: hosts do */
	char nic[APPLIANCE_NIC_LEN]; /* of that, which has the port */
	struct record_router_firewall record;
	u32 vni; /* where the datapath has it */
	struct mac mac;
	u32 log_flags;	    /* what the datapath has of logs, DP_GUARD_LOG_* */
	u64 log_suppressed; /* events, as far as that was said */
};

/* Of a port of this host. */
struct floating_ip {
	struct uuid id; /* first: the key */
	bool known;
	struct record_floating_ip record;
	u32 applied_vni; /* what the datapath has, with the address; 0: nothing */
	struct ip applied_ip;
	/* For whom the datapath knows that the gateway's host has it; family 0: nobody. */
	struct ip applied_elsewhere;
	u64 applied_router; /* with that */
	bool limited;	    /* it has limits of it: qos.h */
	enum port_state state;
	char *reason; /* of PORT_NOT_WIRED */
};

/* What this host says to BGP peers. */
struct bgp_speaker {
	struct uuid id; /* first: the key */
	struct record_bgp_speaker record;
};

/* A machine that runs here. */
struct appliance {
	struct uuid id; /* first: the key */
	struct record_appliance record;
	GPtrArray *
		firewalls; /* struct router_firewall: that it asks, as its configuration has them */
	bool logs;	   /* it writes down what they decide */
};

/* A floating IP whose ports are forwarded, on a router of this host. */
struct forwarded_ip {
	struct uuid id; /* of the floating IP; first: the key */
	struct router *router;
	GPtrArray *forwardings;
	u32 applied_vni; /* where the wire is answered, for that address with that MAC; 0: not here
			  */
	struct ip applied_ip;
	struct mac applied_mac;
	bool limited;	       /* the datapath has limits of it: qos.h */
	enum port_state state; /* PORT_UNREPORTED: another host has the gateway */
	char *reason;	       /* of PORT_NOT_WIRED */
};

struct dp_port_forwarding;

struct port_forwarding {
	struct uuid id; /* first: the key */
	bool known;
	struct forwarded_ip *ip;
	struct record_port_forwarding record;
	struct dp_port_forwarding *applied; /* what the datapath has; NULL: nothing */
};

/* Of a network of this host. */
/* A listener, as the datapath has it. */
struct applied_listener {
	struct uuid id;
	struct ip vip;
	u8 proto;
	u16 port;
};

struct load_balancer {
	struct uuid id; /* first: the key */
	bool known;
	GPtrArray *networks; /* its VIP's, and those of its members */
	struct record_load_balancer record;
	u32 applied_vni;      /* what the datapath has, with what follows; 0: nothing */
	GArray *applied_vips; /* struct ip */
	struct mac applied_mac;
	bool applied_here; /* on a wire: this host answers for them */
	GArray *applied;   /* struct applied_listener */
	enum port_state state;
	char *reason; /* of PORT_NOT_WIRED */
};

struct dp_conntrack_helper;

/* Of a router of this host. */
struct conntrack_helper {
	struct uuid id; /* first: the key */
	bool known;
	struct record_conntrack_helper record;
	struct dp_conntrack_helper *applied; /* what the datapath has; NULL: nothing */
};

/* A device that carries a physical network. */
struct wire {
	const char *physical_network, *device; /* of the configuration */
	u32 ifindex;			       /* 0: it is not there */
	bool running;			       /* it is up, and has a carrier */
};

struct network {
	struct uuid id; /* first: the key */
	bool known;
	struct record_wire wire; /* physical_network NULL: an overlay */
	u32 vni;		 /* or the wire's number, 0: it is not here */
	u32 mtu_bytes;
	bool admin_state_up, l2_adjacency;
	char *name, *dns_domain;
	bool dns;      /* its guests' questions are answered here */
	bool metadata; /* and those about themselves */
	GPtrArray *subnets, *ports, *interfaces;
	GPtrArray *load_balancers; /* with their VIP or a member on it */
	GArray *gone_routers;	   /* struct mac: since the last flush */
	GHashTable *members;	   /* by host */
	GHashTable *claims;	   /* set of the first claim of each address */
	GHashTable *names;	   /* dns_name → first struct endpoint */
	u32 n_with_pairs;	   /* endpoints */
	struct uuid part;	   /* the least of the networks that routers join with it */
	struct group_member *group_members; /* list */
	u32 applied_vni;		    /* what the datapath has; 0: nothing */
};

struct dirty_address {
	struct network *network;
	struct address address;
};

struct desired {
	struct uuid self; /* this host; zero until its record or hello came */
	char *host_name;
	struct record_tunnel tunnel; /* this host's */
	bool tunnel_changed;
	GArray *wires; /* struct wire */
	bool wires_changed;
	GHashTable *networks, *endpoints, *subnets, *ports, *interfaces, *routers; /* by id */
	GHashTable *gateways, *floating_ips, *forwarded_ips, *port_forwardings;	   /* by id */
	GHashTable *router_firewalls;						   /* by id */
	GHashTable *bgp_speakers;						   /* by id */
	GHashTable *appliances;							   /* by id */
	GHashTable *redundant;	       /* set of endpoints with standby hosts */
	GHashTable *holders;	       /* set of endpoints that hold an address (claim.c) */
	GHashTable *logs;	       /* struct network_log, by id */
	GHashTable *conntrack_helpers; /* by id */
	GHashTable *connection_quotas,
		*limited_projects; /* connection_quota.c: by id, by project */
	GHashTable *attached;	   /* applied_ifindex → port; kept by reconcile_port.c */
	/* Sets. */
	GHashTable *dirty_networks, *dirty_members, *dirty_addresses, *dirty_ports, *dirty_routers;
	GHashTable *dirty_floating_ips, *dirty_forwarded_ips, *dirty_load_balancers;
	GHashTable *load_balancers; /* by id */
	GHashTable *rerouted;	    /* networks whose routers changed */
	GHashTable *dirty_conntrack_helpers;
	struct firewall *firewall;
};

struct desired *desired_new(void);
void desired_free(struct desired *desired);

/* Takes over what @record holds. */
void desired_put(struct desired *desired, const struct record_key *key, struct record *record);
void desired_delete(struct desired *desired, const struct record_key *key);
/* All of a change has been told. What the firewall is changes only then. */
void desired_commit(struct desired *desired);
/* What has been told is not all: the firewall stays as the datapath has it until the next commit.
 */
void desired_set_incomplete(struct desired *desired);

/* The device of a port has come, changed, or (NULL) gone. */
void desired_set_device(
	struct desired *desired, const struct uuid *port, const struct link *device);

/* The configuration maps a physical network to a device; the names are borrowed. */
void desired_map_wire(struct desired *desired, const char *physical_network, const char *device);
/* A mapped device has come (again, perhaps with another index) or, with 0, gone. */
void desired_set_wire(struct desired *desired, const char *device, u32 ifindex);
/* Whether what is sent by it gets anywhere; true when that is news. */
bool desired_set_wire_running(struct desired *desired, const char *device, bool running);
bool desired_wire_is_running(const struct desired *desired, const struct record_wire *wire);
/* Whether all mapped devices are there and run. */
bool desired_wires_run(const struct desired *desired);
/* The number of what @wire says, or 0; then *ret_why (the caller's; NULL: nobody asks) says what is
 * missing. */
u32 desired_wire_number(
	const struct desired *desired, const struct record_wire *wire, char **ret_why);
/* This host has other wires: who has which gateway may be decided differently. */
void desired_mark_gateways(struct desired *desired);
/* Other hosts are alive now: so may all that leads to them, by routers and load balancers. */
void desired_mark_ways(struct desired *desired);
/* The same of ports of pairs of appliances. */
void desired_mark_redundant(struct desired *desired);
/* The same of addresses that several ports may have. */
void desired_mark_holders(struct desired *desired);

/* Everything is dirty: before stating all of it to a datapath whose content is not known. */
void desired_mark_all(struct desired *desired);
/* Frees what is neither known nor referred to nor in the datapath; after a reconcile. */
void desired_collect(struct desired *desired);

/* NULL when there is none; placeholders included. */
struct network *desired_network(const struct desired *desired, const struct uuid *id);
struct port *desired_port(const struct desired *desired, const struct uuid *id);
struct endpoint *desired_endpoint(const struct desired *desired, const struct uuid *id);
struct subnet *desired_subnet(const struct desired *desired, const struct uuid *id);
struct interface *desired_interface(const struct desired *desired, const struct uuid *id);
struct gateway *desired_gateway(const struct desired *desired, const struct uuid *id);
struct load_balancer *desired_load_balancer(const struct desired *desired, const struct uuid *id);
struct floating_ip *desired_floating_ip(const struct desired *desired, const struct uuid *id);
struct forwarded_ip *desired_forwarded_ip(const struct desired *desired, const struct uuid *id);

/* Its record is here, and what carries it is. */
static inline bool network_is_here(const struct network *network)
{
	return network->known && network->vni;
}

/* There is something to forward still. */
bool forwarded_ip_is_known(const struct forwarded_ip *ip);
/* Whether servers behind the router may have helped connections, by port forwardings. */
bool router_serves_helped(const struct router *router);
/* Of any of its forwardings: all say the same of the address. */
const struct record_port_forwarding *forwarded_ip_record(const struct forwarded_ip *ip);

/* The claims to an address, or NULL. */
const struct claim *network_claims(const struct network *network, const struct address *address);
/* Who of those that claim it has it, as far as that was announced; NULL: nobody. */
const struct claim *claims_holder(const struct claim *claims);
/* That one has just announced its address, which others claim too. */
void claim_hear(struct desired *desired, struct claim *claim);
/* From now on the controller is believed again. */
void claim_believe(struct desired *desired, struct claim *claim);
/* NULL: it does not claim that. */
struct claim *endpoint_claim(struct endpoint *endpoint, const struct address *address);
/* The router's interface that is up and has the address, fixed, link-local or MAC, or NULL. */
const struct interface *network_interface(
	const struct network *network, const struct address *address);
/* Its first VIP of an IP version, or NULL. */
const struct ip *load_balancer_vip(const struct load_balancer *balancer, u8 family);
/* The load balancer that is up and has the address, its VIP or MAC, or NULL. */
const struct load_balancer *network_vip(
	const struct network *network, const struct address *address);
bool interface_is_up(const struct interface *interface);
/* What a router is called in the datapath. */
u64 router_number(const struct uuid *router);
/* Has it an address of @family on a subnet of the port? */
bool interface_is_of(const struct interface *interface, const struct port *port, u8 family);
/* The router's interface, up and with an address of @family, on a subnet of the port; or NULL. */
const struct interface *port_router(const struct port *port, u8 family);
/* The same of a router that is somebody else's: it is a port like a guest's, whose interface is
 * switched off here. */
const struct interface *port_router_elsewhere(
	const struct desired *desired, const struct port *port, u8 family);
