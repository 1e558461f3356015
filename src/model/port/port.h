/* SPDX-License-Identifier: Apache-2.0 */
/* An attachment point on a network: MAC, addresses, and where it is bound. */
#pragma once

#include "model/txn.h"

enum port_slot {
	PORT_NETWORK_ID = N_STANDARD_SLOTS,
	PORT_ADMIN_STATE_UP,
	PORT_MAC_ADDRESS,
	PORT_FIXED_IPS, /* [{subnet_id, ip_address}] */
	PORT_ALLOWED_ADDRESS_PAIRS,
	PORT_EXTRA_DHCP_OPTS,
	PORT_DEVICE_ID,
	PORT_DEVICE_OWNER,
	PORT_HOST_ID, /* binding:host_id: the host's name, "" unbound */
	PORT_VNIC_TYPE,
	PORT_PROFILE,
	PORT_VIF_TYPE,	  /* computed */
	PORT_VIF_DETAILS, /* computed */
	PORT_PORT_SECURITY,
	PORT_SECURITY_GROUPS, /* sorted, so that equal sets are one interned text */
	PORT_DNS_NAME,
	PORT_DNS_DOMAIN,
	PORT_DNS_ASSIGNMENT, /* computed */
	PORT_STATUS,	     /* enum port_status, written by weftd */
	PORT_QOS_POLICY_ID,
	PORT_QOS_NETWORK_POLICY_ID,
	PORT_PROPAGATE_UPLINK_STATUS,
	PORT_MAC_LEARNING,
	PORT_DATA_PLANE_STATUS,
	PORT_RESOURCE_REQUEST,
	PORT_IP_ALLOCATION,
	PORT_NUMA_AFFINITY,
	PORT_HINTS,
	PORT_STATUS_REASON, /* why a bound port is not ACTIVE, as its host says; else "" */
	PORT_TRUNK_DETAILS, /* computed */
	PORT_DEVICE_PROFILE,
	PORT_METADATA,	      /* what its guest is told of itself */
	PORT_HELD_ADDRESSES,  /* texts, written by weftd: see held_address.h */
	PORT_GATEWAY_HOST_ID, /* of a router's gateway: the host that has it, as that one says */
	N_PORT_SLOTS
};

enum port_index {
	PORT_BY_NAME,
	PORT_BY_PROJECT,
	PORT_BY_NETWORK,
	PORT_BY_NETWORK_MAC, /* unique */
	PORT_BY_MAC,
	PORT_BY_NETWORK_IP, /* unique: texts network id, address */
	PORT_BY_IP,	    /* text: address */
	PORT_BY_SUBNET,	    /* text: subnet id */
	PORT_BY_DEVICE,
	PORT_BY_HOST,	       /* text: host name */
	PORT_BY_HOST_NETWORK,  /* texts: host name, network id */
	PORT_BY_ROUTER_SUBNET, /* text: subnet id; of routers' interfaces alone */
	PORT_BY_QOS_POLICY,
	PORT_BY_SECURITY_GROUP, /* text: its id */
	PORT_BY_HOST_GROUP,	/* texts: host name, security group id; of bound ports */
	PORT_BY_PAIR,		/* texts: network id, address; of its pairs that are one address */
	N_PORT_INDEXES
};

enum port_ip_allocation { PORT_IP_IMMEDIATE, PORT_IP_DEFERRED, PORT_IP_NONE };
enum port_status { PORT_ACTIVE, PORT_DOWN, PORT_BUILD, PORT_ERROR };

extern const struct kind port_kind;

/* Goes through PORT_FIXED_IPS without parsing JSON into a tree:
 *	struct port_ips ips = port_ips_of(port);
 *	while (port_ips_next(&ips)) … ips.ip_text, ips.subnet_id … */
struct port_ips {
	const char *at;
	char ip_text[IP_STRLEN];
	char subnet_id[UUID_STRLEN];
};
struct port_ips port_ips_of(const struct object *port);
bool port_ips_next(struct port_ips *ips);

/* The subnet that the port's address @ip is of, as text in @buf; NULL: it has no such address. */
const char *port_subnet_of(const struct object *port, const char *ip, char buf[static UUID_STRLEN]);
bool port_has_ip(const struct object *port, const char *ip);
bool port_has_subnet(const struct object *port, const char *subnet_id);
/* Goes through PORT_SECURITY_GROUPS in the same way. */
struct port_groups {
	const char *at;
	char id[UUID_STRLEN];
};
struct port_groups port_groups_of(const struct object *port);
bool port_groups_next(struct port_groups *groups);
bool port_has_group(const struct object *port, const char *group_id);
/* Do security groups decide about its packets? Not with port security off, and not about the
 * network's own ports, such as a router's. */
bool port_is_filtered(const struct object *port);

static inline bool port_is_bound(const struct object *port)
{
	return object_str(port, PORT_HOST_ID)[0] != '\0';
}
