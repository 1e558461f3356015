/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries a network: an overlay (geneve, vxlan: a VNI), a VLAN of a physical network, or a
 * physical network as it is (flat). Or several of these: then NETWORK_SEGMENTS lists them, and the
 * network's own provider attributes are null.
 */
#pragma once

#include "model/txn.h"

#define VLAN_FIRST 1u
#define VLAN_LAST 4094u

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
/* The VLAN of a network may be changed, and nothing else. */
bool provider_check_update(const struct object *old, const struct object *draft, GError **error);

/* Keeps which VNIs are free, network_kind's state; kind_hooks.observe. */
void provider_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase);

/* Keys of network_kind's unique indexes. */
void provider_vni_keys(const struct object *network, struct key_sink *sink);
void provider_vlan_keys(const struct object *network, struct key_sink *sink);
void provider_flat_keys(const struct object *network, struct key_sink *sink);
