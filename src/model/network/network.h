/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual L2 network; what carries it is in provider.h. */
#pragma once

#include "model/txn.h"

enum network_slot {
	NETWORK_ADMIN_STATE_UP = N_STANDARD_SLOTS,
	NETWORK_STATUS,
	NETWORK_SHARED,
	NETWORK_MTU,
	NETWORK_PROVIDER_TYPE,
	NETWORK_PROVIDER_PHYSICAL,
	NETWORK_PROVIDER_SEGMENT, /* the VNI, or the VLAN */
	NETWORK_SEGMENTS,	  /* null unless there are several */
	NETWORK_L2_ADJACENCY,	  /* given when it is created, and computed */
	NETWORK_EXTERNAL,
	NETWORK_IS_DEFAULT,
	NETWORK_PORT_SECURITY,
	NETWORK_DNS_DOMAIN,
	NETWORK_AZ_HINTS,
	NETWORK_AZS,	 /* computed */
	NETWORK_SUBNETS, /* computed */
	NETWORK_IPV4_ADDRESS_SCOPE,
	NETWORK_IPV6_ADDRESS_SCOPE,
	NETWORK_QOS_POLICY_ID,
	NETWORK_VLAN_TRANSPARENT,
	NETWORK_SERVICE_PROVIDERS, /* given, and computed from what follows: service_map.h */
	NETWORK_SERVICE_MAP,
	NETWORK_ROUTED, /* asked for: no layer 2 between its ports */
	N_NETWORK_SLOTS
};

enum network_index {
	NETWORK_BY_NAME,
	NETWORK_BY_PROJECT,
	NETWORK_BY_SEGMENT,
	NETWORK_BY_QOS_POLICY,
	NETWORK_BY_DEFAULT,  /* text: "true" */
	NETWORK_BY_EXTERNAL, /* text: "true" */
	N_NETWORK_INDEXES
};

/* VNIs handed out when the caller names none. */
#define NETWORK_VNI_FIRST 4096u
#define NETWORK_VNI_LAST 0xfffffeu

/* MTU of a network that names none: an underlay of 1500 less the largest overhead (Geneve with one
 * option over IPv6). */
#define NETWORK_MTU_DEFAULT "1422"

enum network_status { NETWORK_ACTIVE, NETWORK_DOWN };

extern const struct kind network_kind;

/* Do hosts forward for it? Not for several physical networks and transparent VLANs: those stay
 * DOWN, and no host is told of them. Where an overlay is among several segments, that is what hosts
 * use.
 */
bool network_has_datapath(const struct object *network);
/* The physical network that alone carries it, or NULL. */
const char *network_physical(const struct object *network);

/* The physical networks that carry it, names; none where an overlay does, or hosts do not forward
 * for it. Several, where each host is on one: what is outside is by the host's.
 * g_ptr_array_unref(). */
GPtrArray *network_physicals(const struct object *network);

/* The address scope of a network's subnets of that IP version, by the network's id; NULL: none. */
const char *network_address_scope(const struct model *model, const char *id, s64 version);

/* The external network that is taken when none is named, or NULL. */
const struct object *network_default(const struct txn *txn);

/* May @caller have ports on a network that it sees? An external one is seen by all, for gateways
 * and floating IPs alone. */
bool network_usable(
	const struct model *model, const struct object *network, const struct caller *caller);
