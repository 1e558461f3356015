/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load balancer: an address (the VIP, a port's) whose connections are shared between members. Its
 * listeners say which of the address's ports, its pools who gets what comes there, and how (one
 * file per kind: lb_listener.h, lb_pool.h, lb_member.h, lb_health_monitor.h, lb_l7policy.h,
 * lb_l7rule.h). The provider "edge" is the edge switch of the host where a connection enters; so
 * there is no machine of its own, and nothing to be made. "virtual-router" is HAProxy in an
 * appliance (lb_provider.h says what each can).
 */
#pragma once

#include "model/txn.h"

#define LB_API "/load-balancer"
#define LB_PATH LB_API "/v2.0/lbaas"

enum load_balancer_slot {
	LOAD_BALANCER_ADMIN_STATE_UP = N_STANDARD_SLOTS,
	LOAD_BALANCER_PROVIDER,
	LOAD_BALANCER_VIP_ADDRESS,
	LOAD_BALANCER_VIP_PORT_ID,
	LOAD_BALANCER_VIP_SUBNET_ID,
	LOAD_BALANCER_VIP_NETWORK_ID,
	LOAD_BALANCER_VIP_QOS_POLICY_ID, /* computed */
	LOAD_BALANCER_FLAVOR_ID,
	LOAD_BALANCER_LISTENERS,       /* computed */
	LOAD_BALANCER_POOLS,	       /* computed */
	LOAD_BALANCER_ADDITIONAL_VIPS, /* lb_vips.h */
	LOAD_BALANCER_PROVISIONING,    /* computed: lb_status.h */
	LOAD_BALANCER_OPERATING,       /* computed */
	LOAD_BALANCER_OWN_PORT,	       /* weft made the port, and removes it */
	LOAD_BALANCER_STATE,	       /* what hosts say */
	LOAD_BALANCER_STATUS_REASON,
	LOAD_BALANCER_ZONE,
	N_LOAD_BALANCER_SLOTS
};

enum load_balancer_index {
	LOAD_BALANCER_BY_NAME,
	LOAD_BALANCER_BY_PROJECT,
	LOAD_BALANCER_BY_PORT,
	LOAD_BALANCER_BY_SUBNET,
	LOAD_BALANCER_BY_NETWORK,
	N_LOAD_BALANCER_INDEXES
};

enum load_balancer_state {
	LOAD_BALANCER_IDLE,   /* no host has it (yet): nobody who could reach it is anywhere */
	LOAD_BALANCER_WIRED,  /* every host that has said something has it */
	LOAD_BALANCER_FAILED, /* one can't */
};

extern const struct kind load_balancer_kind;

/* Of a draft of something that is part of a load balancer, whose id is in @slot: the load balancer,
 * which the caller may change. Gives the draft its project. NULL with @error. */
const struct object *load_balancer_take(
	struct txn *txn, struct object *draft, const char *id, GError **error);

/* Is it done by the edge switches of hosts? If not they know nothing of it. */
bool lb_is_at_edge(const struct object *balancer);

/* [{"id": …}, …] of all objects with that key. */
void lb_write_ids(const struct model *model, enum kind_id kind, unsigned index, const char *key,
	struct json_writer *w);
/* [{"id": …}], or [] for NULL. */
void lb_write_id(const char *id, struct json_writer *w);
