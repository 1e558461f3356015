/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a load balancer and its parts are doing. Nothing of it is stored with them but what hosts
 * report: whether they have the load balancer, and which members answer.
 *
 *   operating_status  OFFLINE   switched off, or no host has it
 *                     ERROR     no member that should answer does
 *                     DEGRADED  some do not
 *                     ONLINE    all do
 *   of a member also  DRAINING (weight 0), NO_MONITOR
 */
#pragma once

#include "model/balancer/load_balancer.h"

const char *lb_provisioning_status(const struct model *model, const struct object *object);
const char *lb_operating_status(const struct model *model, const struct object *object);

/* kind_hooks.compute of the attributes of LB_PROVISIONING_ATTR and LB_OPERATING_ATTR. */
void lb_compute_status(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w);

/* Why a member gets no connections, or may get none; "": nothing is known. To be freed. */
char *lb_member_reason(const struct model *model, const struct object *member);

/* The load balancer that the object is, or is part of; NULL: it has gone. */
const struct object *lb_of(const struct model *model, const struct object *object);

/* kind_action.run of GET …/loadbalancers/ID/status. */
bool lb_status_tree(struct txn *txn, const struct object *object, json_t *body, json_t **ret_answer,
	GError **error);
