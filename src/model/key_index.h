/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from 64-bit keys to cells, in order of creation. Inside of src/model. Open
 * addressing; a key with one cell costs one 16-byte entry, one with several has a list.
 *
 * Keys are SipHash-2-4 of the key's texts under a random per-process secret (key_of()), and stand
 * for them: nobody outside can look for a collision, and by chance two of a million keys meet once
 * in 37 million runs. Lookups by id compare the id too.
 */
#pragma once

#include "model/object_list.h"

struct key_entry {
	u64 key;
	uintptr_t cells; /* 0: free; a cell; or an object_list | 1 */
};

struct key_index {
	unsigned n, bits; /* used entries; 1 << bits entries */
	struct key_entry *entries;
};

/* Key of a tuple of texts in the index @salt. */
u64 key_of(unsigned salt, const char *const *texts, unsigned n);
u64 key_of_id(const struct uuid *id);

void key_index_add(struct key_index *index, u64 key, struct cell *cell);
void key_index_remove(struct key_index *index, u64 key, const struct cell *cell);
void key_index_clear(struct key_index *index);

/* What is under @key: *@ret_single when one cell, *@ret_list when several; false: nothing. */
bool key_index_find(const struct key_index *index, u64 key, const struct cell **ret_single,
	const struct object_list **ret_list);
