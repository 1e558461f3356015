/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the responders (DHCP, RA, DNS) know of the port that asks. The agent fills one of these from
 * its view whenever a frame is punted, and may keep it: everything is borrowed and read only, and
 * the responders keep nothing of it after they return. Who asks is decided by the port the frame
 * came in at, never by what the frame says.
 *
 * Addresses of the services themselves, the same in every network and on every host, so that a
 * guest that moves does not notice:
 *   MAC   fa:16:3f:00:00:01       locally administered, outside the base from which port MACs are
 * drawn IPv4  169.254.169.253         DHCP server identifier, DNS server IPv6
 * fe80::f816:3fff:fe00:1  source of router advertisements and DHCPv6, DNS server They are link
 * local, so they collide with no tenant's plan and need no router: DHCP gives a host route to the
 * IPv4 one. The gateway's address would not do: it may belong to a real router or to another guest,
 * and then nobody may answer ARP for it here.
 */
#pragma once

#include "base/addr.h"

extern const struct mac service_mac;
extern const struct ip service_ip4;
extern const struct ip service_ip6;
/* Of the metadata service (agent/metadata/), which other clouds have there too: 169.254.169.254,
 * fe80::a9fe:a9fe. */
extern const struct ip metadata_ip4, metadata_ip6;

enum service_ip6_mode {
	SERVICE_IP6_NONE, /* null in the API */
	SERVICE_IP6_SLAAC,
	SERVICE_IP6_STATEFUL,  /* "dhcpv6-stateful" */
	SERVICE_IP6_STATELESS, /* "dhcpv6-stateless" */
};
/* NULL and "" are NONE; false when the text is none of the API's values. */
bool service_ip6_mode_parse(const char *text, enum service_ip6_mode *ret);

struct service_route {
	struct prefix destination;
	struct ip nexthop;
};

struct service_subnet {
	struct prefix cidr;
	struct ip gateway; /* family 0: none */
	bool enable_dhcp;
	enum service_ip6_mode ra_mode, address_mode;
	const struct ip *dns_servers; /* none: the service address is given out */
	size_t n_dns_servers;
	const struct service_route *routes;
	size_t n_routes;
};

struct service_address {
	struct ip ip;
	const struct service_subnet *subnet;
};

/* One of the API's extra_dhcp_opts. */
struct service_option {
	const char *name;  /* "mtu", "tftp-server", "option:ntp-server", "150" … */
	const char *value; /* as in dnsmasq's --dhcp-option: comma separated */
	u8 ip_version;	   /* 4 or 6 */
};

struct service_port {
	const char *id, *network_id; /* UUIDs */
	struct mac mac;
	const struct service_address *addresses; /* fixed IPs, in the API's order */
	size_t n_addresses;
	u32 mtu_bytes;		/* of the network */
	const char *dns_name;	/* one label; NULL or "": host-10-0-0-5 */
	const char *dns_domain; /* of the network; with or without the last dot; NULL or "": none */
	const struct service_option *options;
	size_t n_options;
	u32 lease_s;	       /* DHCP lease; 0: SERVICE_LEASE_S */
	u16 router_lifetime_s; /* in RAs for subnets with a gateway, 0: nobody routes here */
	struct mac router_mac; /* of that gateway; zero: service_mac */
};
#define SERVICE_LEASE_S (24 * 3600)

/* The host name that DHCP gives the port: its dns_name, or the name derived from @ip. */
#define SERVICE_NAME_SIZE 64 /* a DNS label and NUL */
void service_host_name(
	const struct service_port *port, const struct ip *ip, char ret[static SERVICE_NAME_SIZE]);

/* "host-10-0-0-5" for 10.0.0.5, "host-2001-db8--1" for 2001:db8::1; and back. */
void service_derived_name(const struct ip *ip, char ret[static SERVICE_NAME_SIZE]);
bool service_derived_name_parse(const char *name, struct ip *ret);
