/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an object and what is derived from its kind's table. Inside of src/model. */
#pragma once

#include "model/object.h"
#include "model/value.h"

struct object {
	struct uuid id;
	u32 refs;
	u8 kind;
	u8 sealed; /* no longer a draft */
	u64 revision;
	union value values[]; /* by slot; the number of SLOT_ID is object_given() */
};

/* Computed once per kind. */
struct kind_tables {
	u64 slots;   /* attributes that are not holes */
	u64 texts;   /* … whose value is a text */
	u64 stored;  /* … that are not computed */
	u64 shown;   /* … that somebody may see */
	u64 revises; /* … with ATTR_REVISES */
	union value fallback[MAX_SLOTS];
	char *keys[MAX_SLOTS];	  /* `"name":` */
	char *aliases[MAX_SLOTS]; /* `"alias":` or NULL */
	size_t key_len[MAX_SLOTS];
	int project_index; /* the index by SLOT_PROJECT_ID alone, or -1 */
	GHashTable *slot_by_name;
};
const struct kind_tables *kind_tables(const struct kind *kind);

/* Goes through the set bits of a mask of slots. */
#define for_each_slot(slot, mask)                                                       \
	for (u64 rest_ = (mask), slot = rest_ ? (u64)__builtin_ctzll(rest_) : 0; rest_; \
		rest_ &= rest_ - 1, slot = rest_ ? (u64)__builtin_ctzll(rest_) : 0)

/* An object without any value, to be filled. */
struct object *object_alloc(const struct kind *kind, const struct uuid *id);

/* Takes @value over. */
void object_set_value(struct object *draft, unsigned slot, union value value);
