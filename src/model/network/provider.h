/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries a network, as its own attributes say it: those of its one segment, or, when it has
 * several, NETWORK_SEGMENTS lists them and the others are null. The segments themselves are objects
 * (segment.h).
 */
#pragma once

#include "model/txn.h"

#define VLAN_FIRST 1u
#define VLAN_LAST 4094u
#define VNI_FIRST 1u
#define VNI_LAST 0xffffffu

#define PHYSICAL_NETWORK_MAX 64 /* bytes of a physical network's name */

/* "provider:network_type"; the order is that of the table's choices. */
enum provider_type { PROVIDER_GENEVE, PROVIDER_VXLAN, PROVIDER_VLAN, PROVIDER_FLAT };
extern const char *const provider_types[];

/* Is a network of that type carried by tunnels? */
static inline bool provider_is_overlay(int type)
{
	return type == PROVIDER_GENEVE || type == PROVIDER_VXLAN;
}

/* Checks what a new network's draft says of it and fills in the rest: the next VNI, or the first
 * free VLAN of its physical network. */
bool provider_settle(struct txn *txn, struct object *draft, GError **error);
/* Stages the segments that the network's attributes say. */
bool provider_make_segments(struct txn *txn, const struct object *network, GError **error);
/* The VLAN of a network may be changed, and nothing else; its segment follows. */
bool provider_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
/* Stages the network's attributes as its segments are. */
bool provider_follow(struct txn *txn, const char *network_id, GError **error);

/* The VNI of the network's first overlay; 0: it has none. */
s64 provider_vni(const struct object *network);
