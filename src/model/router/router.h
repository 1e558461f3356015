/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router connects subnets with each other and with an external network. Its interfaces and its
 * gateway are ports (service_port.h): made, changed and deleted in the transaction that changes the
 * router, and found by their device_id.
 */
#pragma once

#include "model/txn.h"

enum router_slot {
	ROUTER_ADMIN_STATE_UP = N_STANDARD_SLOTS,
	ROUTER_STATUS,
	ROUTER_GATEWAY_INFO, /* given, and computed from those that follow */
	ROUTER_GATEWAY_PORT_ID,
	ROUTER_GATEWAY_NETWORK_ID,
	ROUTER_GATEWAY_SEGMENT_ID, /* of that network's: gateway_segment.h */
	ROUTER_ENABLE_SNAT,
	ROUTER_QOS_POLICY_ID,
	ROUTER_HA,
	ROUTER_DISTRIBUTED,
	ROUTER_ROUTES, /* [{destination, nexthop}] */
	ROUTER_AZ_HINTS,
	ROUTER_AZS, /* computed */
	ROUTER_NDP_PROXY,
	ROUTER_FLAVOR_ID,
	ROUTER_CONNTRACK_HELPERS, /* computed */
	ROUTER_GATEWAY_HOSTS,	  /* [host id]: gateway_hosts.h */
	ROUTER_SNAT_RANGES,	  /* [{host_id, port_range_min, port_range_max}]: snat_ranges.h */
	ROUTER_NPTV6_PREFIXES,	  /* [{internal_prefix, external_prefix}]: router_prefixes.c */
	ROUTER_SERVICE_PROVIDERS, /* given, and computed from what follows: service_map.h */
	ROUTER_SERVICE_MAP,
	N_ROUTER_SLOTS
};

enum router_index {
	ROUTER_BY_NAME,
	ROUTER_BY_PROJECT,
	ROUTER_BY_GATEWAY_NETWORK,
	ROUTER_BY_GATEWAY_SEGMENT,
	ROUTER_BY_QOS_POLICY,
	ROUTER_BY_FLAVOR,
	ROUTER_BY_GATEWAY_HOST, /* text: host id */
	ROUTER_BY_SNAT_HOST,	/* text: host id */
	N_ROUTER_INDEXES
};

enum router_status { ROUTER_ACTIVE, ROUTER_DOWN, ROUTER_STATUS_ERROR };

extern const struct kind router_kind;

/* Of @prefixes (texts), the router's subnets, takes those that are others outside, and adds these:
 * what is to be announced. */
void router_prefixes_announce(const struct object *router, GPtrArray *prefixes);

/* The device_owner of the router's interfaces. */
const char *router_interface_owner(const struct object *router);
