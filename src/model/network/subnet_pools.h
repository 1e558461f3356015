/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of address allocation that the subnet's and the port's descriptors call. Inside of
 * src/model. */
#pragma once

#include "model/network/subnet.h"
#include "model/txn_impl.h"

void *subnet_pools_new(void);
void subnet_pools_free(void *pools);

void subnet_pools_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase);
void subnet_pools_observe_port(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase);

/* May a port have @ip on the subnet? Not its network and broadcast address. */
bool subnet_has_address(const struct prefix *cidr, const struct ip *ip);

/* Gives the draft its cidr and pool (subnet_range.c). */
bool subnet_find_range(struct txn *txn, struct object *draft, GError **error);

/* Checks of a draft's ranges, and their defaults (subnet_check.c). */
bool subnet_check_create(struct txn *txn, struct object *draft, GError **error);
bool subnet_check_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);

/*
 * Networks that are routed between their segments (subnet_segment.c).
 *
 * subnet_check_segment(): may the draft be on the segment that it names, or on none? What it tells
 * of routes to the subnets of the other segments is filled in. @old: NULL for a new one.
 * subnet_tell_peers(): a subnet is there: those of the other segments tell the route to it.
 * subnet_leave_segment(): it is being deleted, with the addresses of @ports: they tell it no more.
 */
bool subnet_check_segment(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
bool subnet_tell_peers(struct txn *txn, const struct object *subnet, GError **error);
bool subnet_leave_segment(
	struct txn *txn, const struct object *old, const GPtrArray *ports, GError **error);
