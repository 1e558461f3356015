/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desired configuration of an appliance, as it is PUT (docs/appliances.md): one JSON document,
 * checked as a whole before anything is done with it. What is not known is refused, since a
 * service that somebody asked for and nobody gives is worse than an error. No I/O.
 *
 * All texts are of characters that mean nothing to the daemons whose configuration is made of them.
 */
#pragma once

#include <jansson.h>

#include "appliance/document/balancer.h"
#include "base/addr.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/uuid.h"

#define DEVICE_STRLEN 16  /* IFNAMSIZ */
#define LABEL_STRLEN 64	  /* one label of a DNS name, and NUL */
#define DOMAIN_STRLEN 254 /* a DNS name, and NUL */

enum document_role { ROLE_MANAGEMENT, ROLE_PUBLIC, ROLE_GUEST };

/* A NIC. The device that has the MAC gets the name. */
struct document_interface {
	char name[DEVICE_STRLEN];
	enum document_role role;
	struct mac mac;
	u32 mtu;	   /* bytes; 0: as it is */
	GArray *addresses; /* struct prefix, each with the host's bits */
	/* Of a redundant pair: what the device has instead of its MAC, zeroes: nothing; and
	 * addresses that the master alone has. */
	struct mac virtual_mac;
	GArray *virtual_addresses;
};

struct document_route {
	struct prefix destination;
	struct ip nexthop;
};

/* How guests get what they need to know of IPv6: RFC 4861's advertisements, DHCPv6. */
enum document_ipv6_mode { IPV6_NONE, IPV6_SLAAC, IPV6_STATEFUL, IPV6_STATELESS };

/* What is empty or none is not told to guests. */
struct document_subnet {
	struct prefix cidr;
	struct ip gateway;
	GArray *nameservers;		 /* struct ip */
	GArray *routes;			 /* struct document_route; IPv4 */
	enum document_ipv6_mode ra_mode; /* of IPv6: what is advertised */
	enum document_ipv6_mode address_mode;
};

struct document_host {
	struct mac mac;
	struct ip ip;
	char name[LABEL_STRLEN]; /* "": none */
};

struct document_dhcp {
	bool enabled;
	u32 lease_s;
	u32 mtu; /* bytes; 0: not told */
	GArray *subnets, *hosts;
};

struct document_name {
	char name[DOMAIN_STRLEN];
	GArray *addresses; /* struct ip */
};

struct document_dns {
	bool enabled;
	char domain[DOMAIN_STRLEN]; /* "": none */
	GArray *forwarders;	    /* struct ip; empty: nothing else is answered */
	GArray *names;		    /* struct document_name */
};

struct document_snat {
	struct prefix cidr;
	struct ip address;
};

struct document_floating_ip {
	struct ip floating, fixed;
};

struct document_port_forwarding {
	u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	struct ip external, internal;
	u16 external_first, external_last, internal_first, internal_last;
};

struct document_firewall_rule {
	bool allow;
	u8 family;			   /* 4, 6, or 0: both */
	u8 protocol;			   /* 0: any */
	struct prefix source, destination; /* ip.family 0: any */
	u16 port_first, port_last;	   /* of the destination; 0: any */
};

struct document_firewall {
	bool enabled;
	GArray *rules;
};

enum guard_action { GUARD_ALLOW, GUARD_DENY, GUARD_REJECT };

struct document_device {
	char name[DEVICE_STRLEN];
};

struct document_guard_rule {
	char id[UUID_STRLEN]; /* "": it has none */
	enum guard_action action;
	u8 family, protocol;
	bool has_protocol;
	struct prefix source, destination;				    /* ip.family 0: any */
	u16 source_first, source_last, destination_first, destination_last; /* 0: any */
	GArray *from, *to; /* struct document_device: NICs; NULL: any */
};

/* Rules of what goes out by a NIC ("ingress" of its network), and of what comes in by it. */
struct document_guard {
	char interface[DEVICE_STRLEN];
	GArray *ingress, *egress;  /* struct document_guard_rule */
	bool log_accept, log_drop; /* whether what it lets through, and drops, is written down */
};

/* Of each NIC: events a second in the long run, and at once. */
struct document_log_limits {
	bool given;
	u64 rate, burst;
};

/* One of a pair of appliances that do the same (docs/high-availability.md). */
struct document_redundancy {
	bool enabled, preempt;
	u8 vrid, priority;
	u32 advertisement_ms;
	char interface[DEVICE_STRLEN]; /* by which the two talk; its address is @own */
	struct ip own, peer;
};

enum document_encryption { ENCRYPT_3DES, ENCRYPT_AES_128, ENCRYPT_AES_192, ENCRYPT_AES_256 };
enum document_hash { HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum document_pfs { PFS_GROUP2, PFS_GROUP5, PFS_GROUP14 };

/* What one of the two phases of IPsec agrees on. */
struct document_proposal {
	unsigned encryption, hash, pfs; /* of the enums above */
	u32 lifetime_s;
};

enum document_dpd { DPD_HOLD, DPD_CLEAR, DPD_RESTART, DPD_RESTART_BY_PEER, DPD_DISABLED };

#define IDENTITY_STRLEN 128
#define PSK_STRLEN 257

/* A tunnel between two sites. The prefixes are of one family, the two addresses too. */
struct document_ipsec {
	char name[LABEL_STRLEN];
	struct ip local, peer;
	char local_id[IDENTITY_STRLEN], peer_id[IDENTITY_STRLEN];
	char psk[PSK_STRLEN];
	GArray *local_cidrs, *peer_cidrs; /* struct prefix */
	bool response_only;		  /* the peer begins */
	bool ah;			  /* not ESP: authenticated, not encrypted */
	bool transport; /* between the two addresses alone, which the prefixes are */
	u8 ike_version; /* 1 or 2 */
	u32 mtu;	/* bytes, of the way between the two */
	unsigned dpd;
	u32 dpd_interval_s, dpd_timeout_s;
	struct document_proposal ike, esp;
};

#define WIREGUARD_KEY_STRLEN 45 /* 32 bytes as base64, and NUL */

struct document_wireguard_peer {
	char public_key[WIREGUARD_KEY_STRLEN];
	char preshared_key[WIREGUARD_KEY_STRLEN]; /* "": none */
	struct ip endpoint;			  /* family 0: it comes to us */
	u16 endpoint_port;
	GArray *allowed_ips; /* struct prefix; they are routed to it */
	u32 keepalive_s;     /* 0: none */
};

#define WIREGUARD_DEVICE "wg0"
#define IPSEC_DEVICE "ipsec0" /* charon's, where the kernel lacks ESP */

struct document_wireguard {
	bool enabled;
	char private_key[WIREGUARD_KEY_STRLEN];
	u16 listen_port;
	u32 mtu;
	GArray *addresses; /* struct prefix */
	GArray *peers;	   /* struct document_wireguard_peer */
};

struct document_gre {
	char name[DEVICE_STRLEN];
	struct ip local, peer;
	bool has_key;
	u32 key;
	u32 mtu;
	GArray *addresses, *destinations; /* struct prefix; what is routed to the peer */
};

#define BGP_PASSWORD_STRLEN 81 /* of RFC 2385, and NUL */

struct document_bgp_neighbor {
	struct ip ip;
	u32 as, keepalive_s, hold_s;
	char password[BGP_PASSWORD_STRLEN]; /* "": none */
};

struct document_bgp {
	bool enabled, import;
	u32 as;
	struct ip router_id; /* IPv4 */
	struct ip source,
		source6;   /* of sessions: the public NIC's first one of each; family 0: none */
	GArray *neighbors; /* struct document_bgp_neighbor */
	GArray *networks;  /* struct prefix; each is told to neighbors of its own family */
};

/* What guests are told of themselves (document_metadata.h). */
struct document_metadata {
	bool enabled;
	json_t *json;	  /* the section as it is */
	GArray *networks; /* struct document_metadata_network */
};

struct document {
	u64 revision;
	char id[UUID_STRLEN];
	GArray *interfaces; /* struct document_interface */
	GArray *routes;	    /* struct document_route */
	struct document_dhcp dhcp;
	struct document_dns dns;
	struct document_metadata metadata;
	GArray *snat, *floating_ips, *port_forwardings;
	GArray *routed; /* struct prefix, of IPv4: what the outside reaches as it is */
	struct document_firewall firewall;
	GArray *guards; /* struct document_guard */
	struct document_log_limits log_limits;
	GArray *load_balancers; /* struct balancer */
	struct document_redundancy redundancy;
	struct document_bgp bgp;
	GArray *ipsec; /* struct document_ipsec */
	struct document_wireguard wireguard;
	GArray *gre; /* struct document_gre */
};

/* INVALID_INPUT says where in the document what is wrong. */
struct document *document_parse(const char *text, size_t len, GError **error);
void document_free(struct document *document);
DEFINE_AUTOPTR(document, document_free)

/* Where what is not for guests leaves: the public NIC, or the management NIC if there is none. */
const struct document_interface *document_public(const struct document *document);
bool document_has_role(const struct document *document, enum document_role role);
/* NULL: no NIC has that name. */
const struct document_interface *document_interface_named(
	const struct document *document, const char *name);
/* Are there leases or advertisements of that family (4, 6)? */
bool document_leases(const struct document *document, u8 family);
/* Has it one of its own, so that what is there is reached even by who is not master? */
bool document_reaches(const struct document *document, const struct ip *ip);

/* The addresses (struct prefix) of the NIC or tunnel of that name; NULL: there is no such one. */
const GArray *document_addresses(const struct document *document, const char *device);
/* Tunnels that have a device of their own; @visit is told each name. */
void document_each_tunnel(
	const struct document *document, void (*visit)(const char *device, void *data), void *data);
