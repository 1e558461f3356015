/* SPDX-License-Identifier: Apache-2.0 */
/* A range of addresses on a network, and what DHCP and RA tell of it. */
#pragma once

#include "model/number_set.h"
#include "model/txn.h"

enum subnet_slot {
	SUBNET_NETWORK_ID = N_STANDARD_SLOTS,
	SUBNET_CIDR,
	SUBNET_IP_VERSION,
	SUBNET_GATEWAY_IP,
	SUBNET_ALLOCATION_POOLS, /* [{start, end}] */
	SUBNET_ENABLE_DHCP,
	SUBNET_DNS_NAMESERVERS, /* [ip] */
	SUBNET_HOST_ROUTES,	/* [{destination, nexthop}] */
	SUBNET_IPV6_RA_MODE,
	SUBNET_IPV6_ADDRESS_MODE,
	SUBNET_SUBNETPOOL_ID,
	SUBNET_SERVICE_TYPES,
	SUBNET_DNS_PUBLISH_FIXED_IP,
	SUBNET_SEGMENT_ID,
	SUBNET_PREFIXLEN,	 /* of a request */
	SUBNET_USE_DEFAULT_POOL, /* of a request */
	N_SUBNET_SLOTS
};

enum subnet_index {
	SUBNET_BY_NAME,
	SUBNET_BY_PROJECT,
	SUBNET_BY_NETWORK,
	SUBNET_BY_SUBNETPOOL,
	SUBNET_BY_SUBNETPOOL_PROJECT, /* texts: pool id, project id */
	SUBNET_BY_SEGMENT,
	N_SUBNET_INDEXES
};

/* Choices of the two IPv6 modes; -1 (object_choice() of null): unset. */
enum ipv6_mode { IPV6_SLAAC, IPV6_DHCPV6_STATEFUL, IPV6_DHCPV6_STATELESS };

extern const struct kind subnet_kind;

/* Do hosts make their own addresses on it (EUI-64), so that every port has one of it? */
bool subnet_is_slaac(const struct object *subnet);

/* Address allocation; see ipam.c. Both know what the open transaction has taken.
 * subnet_take_next(): the next free address of the pools, or IP_EXHAUSTED.
 * subnet_take(): exactly @ip, or IP_IN_USE / INVALID_INPUT. */
bool subnet_take_next(struct txn *txn, const struct object *subnet, struct ip *ret, GError **error);
bool subnet_take(struct txn *txn, const struct object *subnet, const struct ip *ip, GError **error);

/* How many addresses its pools have, or without any its whole range; and how many, in the pools or
 * not, ports have. */
u128 subnet_address_count(const struct object *subnet);
u64 subnet_addresses_used(const struct model *model, const struct object *subnet);
/* How many of the pools' ports have. */
u64 subnet_pool_used(const struct model *model, const struct object *subnet);
/* How many of the pools are free (saturated). */
u64 subnet_pool_free(const struct model *model, const struct object *subnet);
