/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about other prefixes outside (bpf/prefix.h). Included by it. */
#pragma once

/* map prefixes: longest prefix match, by router, enum nat_direction and address. */
struct prefix_key {
	u32 prefix_bits;
	u32 router[2];
	u32 direction;
	struct addr addr;
};
#define PREFIX_KEY_FIXED_BITS 96
#define PREFIX_LONG 48	   /* bits; of one that is longer the interface id keeps the sum */
#define PREFIX_BITS_MAX 64 /* the interface id is the guest's */
struct prefix_change {
	be32 prefix[2]; /* what the first 64 bits become, where a bit of mask is set */
	be32 mask[2];
	be16 adjust;  /* what is added to a word, so that the address keeps its sum */
	u8 in_subnet; /* that word is the one behind the first 48 bits */
	u8 zero;
};
_Static_assert(sizeof(struct prefix_key) == 32 && sizeof(struct prefix_change) == 20, "layout");
