/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a view as C values (ARCHITECTURE.md, "Records"), decoded from the data of a put.
 * Attributes that are not known are ignored; those that are known must be right, or the record is
 * refused as a whole: a host must not wire half of what it was told. Attributes that may be absent
 * are null, zero or empty then.
 */
#pragma once

#include <jansson.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/uuid.h"

/* X(symbol, text) */
#define RECORD_KINDS(X)                                 \
	X(HOST, "host")                                 \
	X(NETWORK, "network")                           \
	X(SUBNET, "subnet")                             \
	X(MEMBER, "member")                             \
	X(PORT, "port")                                 \
	X(ENDPOINT, "endpoint")                         \
	X(INTERFACE, "interface")                       \
	X(GATEWAY, "gateway")                           \
	X(FLOATING_IP, "floating_ip")                   \
	X(BGP_SPEAKER, "bgp-speaker")                   \
	X(PORT_FORWARDING, "port_forwarding")           \
	X(CONNTRACK_HELPER, "conntrack_helper")         \
	X(LOAD_BALANCER, "load_balancer")               \
	X(SECURITY_GROUP, "security-group")             \
	X(SECURITY_GROUP_RULE, "security-group-rule")   \
	X(GROUP_MEMBER, "group-member")                 \
	X(ADDRESS_GROUP, "address-group")               \
	X(SECURITY_TIER, "security-tier")               \
	X(SECURITY_POLICY, "security-policy")           \
	X(SECURITY_POLICY_RULE, "security-policy-rule") \
	X(ROUTER_FIREWALL, "router-firewall")           \
	X(CONNECTION_QUOTA, "connection-quota")         \
	X(APPLIANCE, "appliance")                       \
	X(LOG, "log")

enum record_kind {
#define X(symbol, text) RECORD_##symbol,
	RECORD_KINDS(X)
#undef X
		RECORD_N_KINDS
};
const char *record_kind_name(enum record_kind kind);
bool record_kind_parse(const char *name, enum record_kind *ret);

/* Names a record. @sub is the host of a member ("<network id>/<host id>"), the port of a
 * group-member
 * ("<group id>/<port id>"), and zero for other kinds. */
struct record_key {
	struct uuid id, sub;
	enum record_kind kind;
};
bool record_key_parse(
	enum record_kind kind, const char *id, struct record_key *ret, GError **error);
#define RECORD_ID_TEXT 80
const char *record_key_format(const struct record_key *key, char buf[static RECORD_ID_TEXT]);
guint record_key_hash(gconstpointer key);
gboolean record_key_equal(gconstpointer a, gconstpointer b);

/* In the order of preference; a bit per encapsulation (RECORD_ENCAP_*) tells membership. */
enum record_encap { RECORD_VXLAN, RECORD_GENEVE };
struct record_tunnel {
	struct ip ip4, ip6; /* family 0: none */
	u8 encaps[2];	    /* enum record_encap */
	u8 n_encaps;
};

/* An address or prefix that a port may use besides its own; a bare address is a prefix of full
 * length. */
struct record_pair {
	struct mac mac;
	struct prefix prefix;
};

struct record_fixed_ip {
	struct ip ip;
	struct uuid subnet_id;
};

struct record_option {
	char *name, *value;
	u8 ip_version;
};

struct record_route {
	struct prefix destination;
	struct ip nexthop;
};

struct record_host {
	char *name;
	struct record_tunnel tunnel;
};

/* What carries a network that is not an overlay. */
struct record_wire {
	char *physical_network; /* NULL: the network is an overlay */
	u16 vlan;		/* 0: untagged */
};

struct record_network {
	char *name, *dns_domain;
	struct record_wire wire;
	u32 vni; /* of an overlay, else 0 */
	u32 mtu_bytes;
	bool admin_state_up;
	bool dns, metadata; /* hosts answer it */
	bool l2_adjacency;  /* false: all between its ports goes through its router */
};

struct record_subnet {
	struct uuid network_id;
	struct prefix cidr;
	struct ip gateway; /* family 0: none */
	bool enable_dhcp;
	const char *ra_mode, *address_mode; /* interned; NULL: none */
	GArray *dns_nameservers;	    /* struct ip */
	GArray *host_routes;		    /* struct record_route */
	struct uuid address_scope_id;	    /* zero: none */
};

struct record_member {
	struct uuid network_id, host_id;
	struct record_tunnel tunnel;
	bool routed; /* it has the network only over routers: it sends there, and is not sent to */
	bool dhcp;   /* it answers the network's DHCP */
	bool connected; /* to the physical network of one that is on such; else true */
};

struct record_endpoint {
	struct uuid network_id, host_id;
	struct mac mac;
	GArray *ips;   /* struct ip */
	GArray *pairs; /* struct record_pair */
	char *dns_name;
	GArray *standby; /* struct uuid: hosts that may have it when its host is dead */
	GArray *held;	 /* struct ip: that others may have too, and it announced last */
};

/* 0: nothing is said of it. */
struct record_rates {
	u32 max_kbps, max_burst_kbps, max_kpps, max_burst_kpps, min_kbps;
};
struct record_qos {
	struct record_rates egress, ingress; /* as the port sees it */
	bool marks;
	u8 dscp_mark;
};

struct record_port {
	struct uuid network_id;
	struct mac mac;
	GArray *fixed_ips; /* struct record_fixed_ip */
	GArray *pairs;	   /* struct record_pair */
	GArray *options;   /* struct record_option */
	bool port_security, admin_state_up;
	bool active;	       /* false: it may move here, and passes nothing yet */
	struct uuid parent_id; /* of a subport, which its guest reaches by the tag; else zero */
	u16 vlan;
	bool filtered;	/* its security groups decide, be they none */
	GArray *groups; /* struct uuid, sorted */
	struct record_qos qos;
	char *name, *dns_name;
	const char *project_id; /* interned: there are few on a host; NULL: not known */
	char *device_id;
	char *metadata;	 /* JSON; NULL: none was given */
	GPtrArray *tags; /* of char *; NULL: none */
};

/* A router's, on a network; its id is the port's. */
struct record_interface {
	struct uuid network_id, router_id;
	struct mac mac;
	GArray *fixed_ips; /* struct record_fixed_ip */
	GArray *routes;	   /* struct record_route: all of the router's */
	bool admin_state_up;
};

struct record_security_group {
	char *name;
	bool stateful;
};

enum record_remote { REMOTE_ANY, REMOTE_PREFIX, REMOTE_GROUP, REMOTE_ADDRESS_GROUP };
struct record_security_group_rule {
	struct uuid group_id;
	bool egress;
	u8 family;		/* 4, 6 */
	s32 proto;		/* -1: any */
	s32 port_min, port_max; /* -1: any; of ICMP type and code */
	enum record_remote remote;
	struct prefix prefix;  /* REMOTE_PREFIX */
	struct uuid remote_id; /* REMOTE_GROUP, REMOTE_ADDRESS_GROUP */
};

/* The provider's tiers. */
struct record_security_tier {
	char *name;
	u32 priority;
	bool baseline;
};

struct record_security_policy {
	char *name;
	struct uuid tier_id;
	u32 priority;
	bool enabled;
	/* Whom it is applied to; all empty: everybody. */
	GPtrArray *projects, *tags;	   /* of char *; NULL: none */
	GArray *networks, *ports, *groups; /* struct uuid */
};

enum record_action { ACTION_ALLOW, ACTION_DENY, ACTION_PASS };
struct record_security_policy_rule {
	struct uuid policy_id;
	u32 priority;
	enum record_action action;
	struct record_security_group_rule match; /* but the group */
	char *domain;				 /* instead of a remote of the match, or NULL */
};

/* A port of a security group that rules name: what it sends from. */
struct record_group_member {
	struct uuid network_id;
	GArray *addresses; /* struct prefix */
};

struct record_address_group {
	char *name, *project_id;
	GArray *addresses; /* struct prefix */
};

/* Which decisions are to be written down, and of which ports: @target_id alone, those that have
 * @resource_id, or all of the project (zero: not said). */
struct record_log {
	char *name, *project_id;
	const char *resource_type; /* interned */
	bool accepts, drops;
	struct uuid resource_id, target_id;
};

/* How many tracked connections all ports of a project may have on this host. */
struct record_connection_quota {
	char *project_id;
	u32 limit;
};

struct record_outer_subnet {
	struct prefix cidr;
	struct ip gateway;	      /* family 0: none */
	struct uuid address_scope_id; /* zero: none */
};

struct record_snat_range {
	struct uuid host_id;
	u32 port_min, port_max;
};

struct record_prefix_pair {
	struct prefix internal, external;
};

/* A router's, on an external network; its id is the port's. */
struct record_gateway {
	struct uuid router_id, network_id;
	const char *project_id; /* the router's, interned; NULL: not known */
	struct record_wire wire;
	u32 mtu_bytes;
	struct mac mac;
	GArray *fixed_ips; /* struct record_fixed_ip */
	GArray *subnets;   /* struct record_outer_subnet: all of the external network */
	GArray *hosts;	   /* struct uuid: who may have it, best first */
	/* struct record_snat_range: who gives which ports of its address; empty: one host all. */
	GArray *snat_ranges;
	GArray *nptv6_prefixes; /* struct record_prefix_pair */
	bool enable_snat, admin_state_up;
	struct record_qos qos; /* its limits */
};

struct record_floating_ip {
	struct uuid router_id, network_id, port_id;
	struct record_wire wire;
	struct ip floating, fixed;
	struct mac mac;
	bool by_gateway;       /* the host that has the router's gateway has it */
	struct record_qos qos; /* its limits */
};

struct record_lb_member {
	struct uuid id, network_id;
	struct ip ip;
	u32 port, weight;
	u32 backup_weight; /* of a backup, when it is its turn; 0: none */
	u32 monitor_port;  /* 0: its port */
	bool dead;	   /* it gets nothing */
};
enum record_lb_monitor_type {
	LB_MONITOR_NONE,
	LB_MONITOR_TCP,
	LB_MONITOR_HTTP,
	LB_MONITOR_PING,
	LB_MONITOR_UDP,
};
struct record_lb_monitor {
	enum record_lb_monitor_type type;
	u32 delay, timeout; /* seconds */
	u32 max_retries, max_retries_down;
	const char *http_method, *url_path, *expected_codes; /* interned; of HTTP */
	const char *domain_name;			     /* the same; "": none */
	const char *http_version;			     /* the same */
};
struct record_lb_pool {
	struct uuid id;
	bool by_source;	 /* the sender's address alone chooses */
	GArray *members; /* struct record_lb_member */
	struct record_lb_monitor monitor;
};
struct record_lb_listener {
	struct uuid id;
	u8 proto;
	u32 port;
	struct uuid pool_id; /* zero: none */
	GArray *allowed;     /* struct prefix: who may use it; none: everybody */
};
struct record_load_balancer {
	struct uuid network_id;
	GArray *vips; /* struct ip, at least one */
	struct mac mac;
	bool admin_state_up;
	GArray *listeners; /* struct record_lb_listener */
	GArray *pools;	   /* struct record_lb_pool */
};

struct record_bgp_peer {
	struct ip ip;
	u32 as;
	char *password; /* NULL: none */
};

struct record_bgp_speaker {
	u32 as;
	u8 family;	  /* 4, 6 */
	GArray *networks; /* struct uuid: external ones */
	GArray *peers;	  /* struct record_bgp_peer */
	bool floating_ips, tenant_networks;
};

/* A machine that runs on this host. */
struct record_appliance {
	u32 generation;		     /* another one is another machine */
	u32 revision;		     /* of what it is told */
	u32 cpu_percent, memory_mib; /* 0: no limit */
	char *machine_image;	     /* of a virtual machine; NULL: it is one of namespaces */
	s32 vcpus;		     /* 0: as many as cpu_percent needs */
	json_t *nics;		     /* [{"name", "port_id"}] */
	json_t *config;		     /* without its revision */
};

struct record_port_forwarding {
	struct uuid router_id, floating_ip_id;
	struct ip external, internal; /* of IPv4 */
	bool udp;		      /* else TCP */
	u16 external_first, external_last;
	u16 internal_first, internal_last; /* as many, or one */
	struct record_qos qos;		   /* the limits of the floating IP */
};

/* What a router's translated connections to a port are understood as. */
struct record_conntrack_helper {
	struct uuid router_id;
	char *helper; /* "tftp" … */
	bool udp;     /* else TCP */
	u16 port;
};

struct record_router_firewall_rule {
	struct uuid id;
	bool deny, reject;		   /* reject: denied, and a guest that sends it is told */
	u8 family;			   /* 4, 6 */
	s32 proto;			   /* -1: any */
	struct prefix source, destination; /* family 0: any */
	u16 source_first, source_last;	   /* last 0: any */
	u16 destination_first, destination_last;
	struct uuid source_group, destination_group; /* zero: any */
	char *name;
};

struct record_firewall_policy {
	struct uuid id; /* zero: there is none */
	char *name;
};

/* The firewall group of a router's port; its id is the port's. */
struct record_router_firewall {
	struct uuid router_id, group_id;
	char *name, *project_id;
	struct record_firewall_policy ingress_policy, egress_policy;
	GArray *ingress, *egress; /* struct record_router_firewall_rule, in their order */
};

struct record {
	enum record_kind kind;
	union {
		struct record_host host;
		struct record_network network;
		struct record_subnet subnet;
		struct record_member member;
		struct record_endpoint endpoint;
		struct record_port port;
		struct record_interface interface;
		struct record_security_group security_group;
		struct record_security_group_rule security_group_rule;
		struct record_group_member group_member;
		struct record_address_group address_group;
		struct record_security_tier security_tier;
		struct record_security_policy security_policy;
		struct record_security_policy_rule security_policy_rule;
		struct record_gateway gateway;
		struct record_floating_ip floating_ip;
		struct record_load_balancer load_balancer;
		struct record_log log;
		struct record_router_firewall router_firewall;
		struct record_connection_quota connection_quota;
		struct record_bgp_speaker bgp_speaker;
		struct record_appliance appliance;
		struct record_port_forwarding port_forwarding;
		struct record_conntrack_helper conntrack_helper;
	};
};

/* @data is the object of a put. What *ret holds is freed by record_clear(). */
bool record_decode(enum record_kind kind, const json_t *data, struct record *ret, GError **error);
void record_clear(struct record *record);
