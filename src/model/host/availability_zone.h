/* SPDX-License-Identifier: Apache-2.0 */
/* Zones that hosts are in: made of the hosts and their agents when asked for. */
#pragma once

#include "model/txn.h"

enum availability_zone_slot {
	AVAILABILITY_ZONE_RESOURCE = N_STANDARD_SLOTS, /* network, router */
	AVAILABILITY_ZONE_STATE,
	N_AVAILABILITY_ZONE_SLOTS
};

extern const struct kind availability_zone_kind;

/* AZ_NOT_FOUND unless there are hosts in each zone that the list @slot of the draft names. */
bool availability_zones_check(
	struct txn *txn, const struct object *draft, unsigned slot, GError **error);

/* The list of zones that @hosts (taken) are in. */
void availability_zones_write(GPtrArray *hosts, struct json_writer *w);
