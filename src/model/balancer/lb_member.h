/* SPDX-License-Identifier: Apache-2.0 */
/* An address and port that gets connections of a pool. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_member_slot {
	LB_MEMBER_POOL_ID = N_STANDARD_SLOTS, /* what it is part of */
	LB_MEMBER_ADDRESS,
	LB_MEMBER_PORT,
	LB_MEMBER_WEIGHT,
	LB_MEMBER_BACKUP,
	LB_MEMBER_ADMIN_STATE_UP,
	LB_MEMBER_SUBNET_ID,
	LB_MEMBER_MONITOR_ADDRESS,
	LB_MEMBER_MONITOR_PORT,
	LB_MEMBER_PROVISIONING,
	LB_MEMBER_OPERATING,
	LB_MEMBER_NETWORK_ID, /* where its address is */
	LB_MEMBER_HEALTH,     /* what its host says */
	LB_MEMBER_WHY,	      /* and why it is dead; "": it is not */
	LB_MEMBER_STATUS_REASON,
	N_LB_MEMBER_SLOTS
};

enum lb_member_index {
	LB_MEMBER_BY_NAME,
	LB_MEMBER_BY_PROJECT,
	LB_MEMBER_BY_POOL,
	LB_MEMBER_BY_ADDRESS, /* unique: pool, address, port */
	LB_MEMBER_BY_SUBNET,
	LB_MEMBER_BY_NETWORK,
	N_LB_MEMBER_INDEXES
};

enum lb_member_health { LB_MEMBER_UNKNOWN, LB_MEMBER_ALIVE, LB_MEMBER_DEAD };

extern const struct kind lb_member_kind;

/* What somebody who asks it says of it. @why it is dead, text of others, may be anything, or NULL.
 */
bool lb_member_judge(struct txn *txn, const struct object *member, enum lb_member_health health,
	const char *why, GError **error);
