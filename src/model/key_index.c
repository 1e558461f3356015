/* SPDX-License-Identifier: Apache-2.0 */
#include "model/key_index.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#define MIN_BITS 4

static const u8 *secret(void)
{
	static u8 bytes[crypto_shorthash_KEYBYTES];
	static bool made;

	if (!made) {
		randombytes_buf(bytes, sizeof(bytes));
		made = true;
	}
	return bytes;
}

static u64 hash(const void *data, size_t len)
{
	u64 key;

	_Static_assert(sizeof(key) == crypto_shorthash_BYTES, "SipHash gives 64 bits");
	crypto_shorthash((u8 *)&key, data, len, secret());
	return key;
}

u64 key_of(unsigned salt, const char *const *texts, unsigned n)
{
	char buf[512];
	size_t used = 2;

	g_assert(salt <= UINT16_MAX);
	buf[0] = (char)salt;
	buf[1] = (char)(salt >> 8);
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(texts[i]) + 1;

		/* What doesn't fit is hashed on its own and stands in with its hash. */
		if (used + len > sizeof(buf) - (n - i) * sizeof(u64)) {
			u64 key = hash(texts[i], len);

			memcpy(&buf[used], &key, sizeof(key));
			used += sizeof(key);
		} else {
			memcpy(&buf[used], texts[i], len);
			used += len;
		}
	}
	return hash(buf, used);
}

u64 key_of_id(const struct uuid *id)
{
	return hash(id, sizeof(*id));
}

static struct object_list *as_list(uintptr_t cells)
{
	return cells & 1 ? (struct object_list *)(cells & ~(uintptr_t)1) : NULL;
}

/* Place of @key, or of the free entry where it would go. */
static unsigned find(const struct key_index *index, u64 key)
{
	unsigned mask = (1u << index->bits) - 1, at = (unsigned)key & mask;

	while (index->entries[at].cells && index->entries[at].key != key)
		at = (at + 1) & mask;
	return at;
}

static void grow(struct key_index *index)
{
	struct key_index bigger = { .n = index->n,
		.bits = index->bits ? index->bits + 1 : MIN_BITS };

	bigger.entries = g_new0(struct key_entry, 1u << bigger.bits);
	for (unsigned i = 0; index->bits && i < 1u << index->bits; i++)
		if (index->entries[i].cells)
			bigger.entries[find(&bigger, index->entries[i].key)] = index->entries[i];
	g_free(index->entries);
	*index = bigger;
}

void key_index_add(struct key_index *index, u64 key, struct cell *cell)
{
	if (!index->bits || index->n >= (1u << index->bits) / 4 * 3)
		grow(index);

	struct key_entry *entry = &index->entries[find(index, key)];
	struct object_list *list = as_list(entry->cells);

	if (!entry->cells) {
		*entry = (struct key_entry){ key, (uintptr_t)cell };
		index->n++;
		return;
	}
	if (!list) {
		list = g_new0(struct object_list, 1);
		object_list_add(list, (struct cell *)entry->cells);
		entry->cells = (uintptr_t)list | 1;
	}
	object_list_add(list, cell);
}

/* Frees the entry at @at and moves the following ones of its run up (linear probing). */
static void free_entry(struct key_index *index, unsigned at)
{
	unsigned mask = (1u << index->bits) - 1;

	for (unsigned next = (at + 1) & mask; index->entries[next].cells;
		next = (next + 1) & mask) {
		unsigned home = (unsigned)index->entries[next].key & mask;

		/* It may move only if its home is not between the hole and itself. */
		if (((next - home) & mask) >= ((next - at) & mask)) {
			index->entries[at] = index->entries[next];
			at = next;
		}
	}
	index->entries[at].cells = 0;
	index->n--;
}

void key_index_remove(struct key_index *index, u64 key, const struct cell *cell)
{
	unsigned at = find(index, key);
	struct object_list *list = as_list(index->entries[at].cells);

	if (!list) {
		g_assert(index->entries[at].cells == (uintptr_t)cell);
		free_entry(index, at);
		return;
	}
	object_list_remove(list, cell);
	if (list->n_cells)
		return;
	object_list_clear(list);
	g_free(list);
	free_entry(index, at);
}

void key_index_clear(struct key_index *index)
{
	for (unsigned i = 0; index->bits && i < 1u << index->bits; i++) {
		struct object_list *list = as_list(index->entries[i].cells);

		if (list)
			object_list_clear(list);
		g_free(list);
	}
	g_free(index->entries);
	*index = (struct key_index){ 0 };
}

bool key_index_find(const struct key_index *index, u64 key, const struct cell **ret_single,
	const struct object_list **ret_list)
{
	uintptr_t cells = index->bits ? index->entries[find(index, key)].cells : 0;

	*ret_list = as_list(cells);
	*ret_single = *ret_list ? NULL : (const struct cell *)cells;
	return cells;
}
