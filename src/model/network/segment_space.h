/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers segments have: the state of segment_kind. Inside of src/model. */
#pragma once

#include "model/network/segment.h"
#include "model/txn_impl.h"

void *segment_space_new(void);
void segment_space_free(void *space);
void segment_space_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase);

/* Keys of the unique indexes. */
void segment_vni_keys(const struct object *segment, struct key_sink *sink);
void segment_vlan_keys(const struct object *segment, struct key_sink *sink);
void segment_flat_keys(const struct object *segment, struct key_sink *sink);

/* The numbers of segments of a type, on a physical network (NULL: overlays), between two numbers:
 *	numbers = segment_numbers_of(…);
 *	while ((segment = segment_numbers_next_used(&numbers))) …
 * or the free ones. A number that a segment of another type has is neither. */
struct segment_numbers {
	const struct model *model;
	const struct number_set *set;
	int type;
	const char *physical;
	u128 next, last;
};
struct segment_numbers segment_numbers_of(
	const struct model *model, int type, const char *physical, s64 first, s64 last);
const struct object *segment_numbers_next_used(struct segment_numbers *numbers);
bool segment_numbers_next_free(struct segment_numbers *numbers, s64 *ret);
