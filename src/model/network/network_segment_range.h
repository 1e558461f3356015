/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for segments of new networks: VNIs, or VLANs of a physical network; of one project, or
 * shared. Default ranges are weft's own, not to be changed: all VNIs that are handed out unasked,
 * and all VLANs of each physical network that a host is on.
 */
#pragma once

#include "model/txn.h"

enum network_segment_range_slot {
	RANGE_DEFAULT = N_STANDARD_SLOTS,
	RANGE_SHARED,
	RANGE_TYPE, /* enum provider_type */
	RANGE_PHYSICAL,
	RANGE_MINIMUM,
	RANGE_MAXIMUM,
	RANGE_USED,	 /* computed: {number: project} */
	RANGE_AVAILABLE, /* computed: [number] */
	N_RANGE_SLOTS
};

enum network_segment_range_index {
	RANGE_BY_NAME,
	RANGE_BY_PROJECT,
	RANGE_BY_PHYSICAL,
	RANGE_BY_SPACE,	  /* texts: "overlay", or "vlan" and the physical network */
	RANGE_BY_DEFAULT, /* texts: type, physical network or "" */
	N_RANGE_INDEXES
};

extern const struct kind network_segment_range_kind;

/* The most numbers that "available" lists. */
#define RANGE_AVAILABLE_MAX 10000

/* Goes through the ranges, but default ones, that share their numbers with segments of that type on
 * that physical network. */
void ranges_iter_init(struct txn_iter *iter, const struct txn *txn, int type, const char *physical);

/* Stages the default ranges of overlays, unless they are there. */
bool ranges_seed(struct txn *txn, GError **error);
/* Stages the default ranges of physical networks: a host is on others than before. Either may be
 * NULL. */
bool ranges_follow_host(
	struct txn *txn, const struct object *old, const struct object *new, GError **error);
