/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtual router is made of: weftd's document of a network or router (weft/provider.h),
 * taken apart once. All is borrowed from the document.
 *
 *	mgmt     on the offering's management network
 *	public   where what is translated leaves: of a network the offering's public network (mgmt,
 *if that is the management network), of a router the network of its gateway. Without it nothing of
 *the guests' gets out. guest0 … a side each: the guests' network, or one of a router's interfaces
 *
 * A redundant router is a pair of appliances that share all NICs but mgmt, by which the two talk.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "providers/virtual_router/offering.h"

#define SIDES_MAX 16
#define PAIR 2
#define NIC_MGMT "mgmt"
#define NIC_PUBLIC "public"

/* A network of guests. */
struct side {
	char nic[16];
	const json_t *network, *subnets, *ports;
	const json_t *balancers; /* load balancers on the network */
	const json_t *nic_port;	 /* NULL: not made yet */
	bool dhcp, dns, metadata;
	/* It is the gateway of its subnets: those whose gateway_ip its port has. */
	bool routes;
};

struct facts {
	const json_t *document;
	struct offering offering;
	bool is_router;
	const char *id; /* the attachment's */
	bool is_pair;
	unsigned member;	     /* which of the pair is described now: 0, 1 */
	const json_t *own, *subnets; /* its ports, and all subnets that they are on */
	bool is_made;		     /* the appliance is there already */
	bool is_wanted; /* false: it is somebody else who serves, or it is switched off */
	const char *public_network; /* of a NIC of its own; NULL: none */
	const json_t *public_port;  /* whose addresses it has there; NULL: not known yet */
	struct side sides[SIDES_MAX];
	unsigned n_sides;
};

/* False: it is refused, and *@ret_reason (g_free) says why. facts_clear() in any case. */
bool facts_read(const json_t *document, struct facts *ret, char **ret_reason);
void facts_clear(struct facts *facts);

bool facts_has_service(const struct facts *facts, const char *name);
/* Is it announced by BGP? */
bool facts_announces(const struct facts *facts, const char *cidr);
/* Has somebody come who is to be served? */
bool facts_has_guest(const struct facts *facts);
/* Is side @i of the network of an earlier one? IPv4 and IPv6 are two interfaces of a router. */
bool facts_is_another(const struct facts *facts, unsigned i);
bool facts_has_balancer(const struct facts *facts);
/* From now on they are of that one of the pair. */
void facts_choose(struct facts *facts, unsigned member);
/* What an appliance is called. */
const char *member_name(unsigned member);
/* The appliance's port of that name, or NULL. */
const json_t *facts_own_port(const struct facts *facts, const char *nic);
/* The same of the other one of the pair. */
const json_t *facts_peer_port(const struct facts *facts, const char *nic);
/* The port's first address of the version, or NULL. */
const char *ipv4_of(const json_t *port);
const char *ipv6_of(const json_t *port);
/* A router that is told not to translate: its guests are outside by IPv4 what they are inside. */
bool facts_routes_ipv4(const struct facts *facts);
/* The first IPv4 address outside, or NULL. */
const char *facts_outside(const struct facts *facts);

/* What several files need of the API's objects. */
const char *text_of(const json_t *object, const char *key);
const json_t *find_by(const json_t *list, const char *key, const char *value);
bool port_is_guest(const json_t *port);
bool subnet_is_ipv4(const json_t *subnet);
/* By addresses, or by advertisements. */
bool subnet_is_served(const json_t *subnet);
bool subnet_is_automatic(const json_t *subnet);
/* The port's first address on the subnet, or NULL. */
const char *address_on(const json_t *port, const char *subnet);
/* Has a port of the network that address? */
bool side_has_address(const struct side *side, const char *subnet, const char *address);
/* "10.0.0.1/24" of an address and its subnet's range. */
json_t *with_length(const char *address, const char *cidr);
/* Its name as DHCP and DNS can tell it, of one label; "": none. */
const char *label_of(const json_t *port);
