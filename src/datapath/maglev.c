/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/maglev.h"

#include <glib.h>
#include <stdlib.h>

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/* FNV-1a, whose bits are mixed once more (the finalizer of MurmurHash3). */
u64 maglev_name(const void *bytes, size_t len)
{
	const u8 *byte = bytes;
	u64 hash = FNV_OFFSET;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * FNV_PRIME;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
	return hash ^ hash >> 33;
}

static int compare(const void *a, const void *b)
{
	const struct maglev_member *x = a, *y = b;

	return x->name < y->name ? -1 : x->name > y->name;
}

/* A member's way through the table: each place once. */
struct walk {
	u32 at, step;
	u32 credit; /* of a turn, in parts of the greatest weight */
};

/* The next place of its way that is free, if it has its turn in this round. */
static bool take_turn(const struct maglev_member *member, struct walk *walk, u32 heaviest, u16 none,
	u16 *places, u32 size)
{
	walk->credit += member->weight;
	if (walk->credit < heaviest)
		return false;
	walk->credit -= heaviest;
	while (places[walk->at] != none)
		walk->at = (walk->at + walk->step) % size;
	places[walk->at] = member->number;
	return true;
}

void maglev_fill(struct maglev_member *members, size_t n, u16 none, u16 *places, u32 size)
{
	g_autofree struct walk *walks = g_new0(struct walk, n + 1);
	u32 heaviest = 0, filled = 0;

	qsort(members, n, sizeof(*members), compare);
	for (u32 i = 0; i < size; i++)
		places[i] = none;
	for (size_t i = 0; i < n; i++) {
		heaviest = MAX(heaviest, members[i].weight);
		walks[i].at = (u32)(members[i].name >> 32) % size;
		walks[i].step = (u32)members[i].name % (size - 1) + 1;
	}
	while (heaviest && filled < size)
		for (size_t i = 0; i < n && filled < size; i++)
			if (members[i].weight)
				filled += take_turn(
					&members[i], &walks[i], heaviest, none, places, size);
}
