/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of address allocation that the subnet's and the port's descriptors call. Inside of
 * src/model. */
#pragma once

#include "model/subnet.h"
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
