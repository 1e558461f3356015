/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conntrack helpers: the packets of helped connections, which the datapath gives to the agent, with
 * the addresses in them translated, and the connections that they announce.
 *
 * An address counts only if it is that of the side of this very connection which names it; so
 * nobody has packets sent to others (RFC 2577 section 3), or a port opened for others.
 */
#pragma once

#include "datapath/datapath.h"

enum helpers_count {
	HELPED_PACKETS,	  /* given back */
	HELPED_REWRITTEN, /* of these, with another payload */
	HELPED_EXPECTED,  /* connections announced */
	HELPED_FULFILLED, /* of these, come */
	HELPED_REFUSED,	  /* names of other addresses or low ports, and more than may be expected */
	HELPED_DROPPED,	  /* packets that can't be taken apart, or not given back */
	N_HELPERS_COUNTS
};
extern const char *const helpers_count_names[N_HELPERS_COUNTS];

struct helpers;
struct helpers *helpers_new(struct dp *dp); /* borrowed */
void helpers_free(struct helpers *helpers);
/* What came as DP_PUNT_HELPED, or @expected as DP_PUNT_EXPECTED. */
void helpers_punted(struct helpers *helpers, bool expected, const u8 *bytes, size_t len);
u64 helpers_count(const struct helpers *helpers, enum helpers_count count);
unsigned helpers_waiting(const struct helpers *helpers); /* connections expected now */
unsigned helpers_connections(const struct helpers *helpers);
