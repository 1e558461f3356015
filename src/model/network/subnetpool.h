/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes that subnets get their range from. */
#pragma once

#include "model/txn.h"

enum subnetpool_slot {
	SUBNETPOOL_PREFIXES = N_STANDARD_SLOTS, /* [cidr], as few as possible, in order */
	SUBNETPOOL_IP_VERSION,
	SUBNETPOOL_DEFAULT_PREFIXLEN,
	SUBNETPOOL_MIN_PREFIXLEN,
	SUBNETPOOL_MAX_PREFIXLEN,
	SUBNETPOOL_DEFAULT_QUOTA, /* per project; in /32 or /64; null: none */
	SUBNETPOOL_IS_DEFAULT,
	SUBNETPOOL_SHARED,
	SUBNETPOOL_ADDRESS_SCOPE_ID,
	N_SUBNETPOOL_SLOTS
};

enum subnetpool_index {
	SUBNETPOOL_BY_NAME,
	SUBNETPOOL_BY_PROJECT,
	SUBNETPOOL_BY_ADDRESS_SCOPE,
	SUBNETPOOL_BY_DEFAULT, /* texts: "true", IP version */
	N_SUBNETPOOL_INDEXES
};

extern const struct kind subnetpool_kind;

/* The default pool of that IP version, or NULL. */
const struct object *subnetpool_default(const struct txn *txn, s64 version);

/*
 * Takes a range out of @pool for a subnet of @project, for the time of the transaction; what keeps
 * it taken afterwards is the subnet with its subnetpool_id.
 * subnetpool_take_next(): one of @len bits, the pool's default when negative.
 * subnetpool_take(): exactly @cidr.
 */
bool subnetpool_take_next(struct txn *txn, const struct object *pool, const char *project, int len,
	struct prefix *ret, GError **error);
bool subnetpool_take(struct txn *txn, const struct object *pool, const char *project,
	const struct prefix *cidr, GError **error);
