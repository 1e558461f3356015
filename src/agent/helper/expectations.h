/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that helped ones have announced and that have not come yet: how many there may be,
 * for how long, and which one a packet is the first of.
 */
#pragma once

#include "datapath/datapath.h"

#define EXPECTED_S 60	       /* how long one is waited for */
#define EXPECTED_PER_GUEST 128 /* at a time; what more there is is refused */
#define EXPECTED_MAX 16384     /* of the host */

struct expectations;

/* Forgets what the datapath expects from another process's time. */
struct expectations *expectations_new(struct dp *dp);
void expectations_free(struct expectations *expectations);
/* One connection within EXPECTED_S, or as many as come within @seconds, if they are not 0.
 * @expectation->outside_port becomes the one that it has. The same once more lasts longer. False:
 * there are too many, or no port is left. */
bool expect(
	struct expectations *expectations, struct dp_expectation *expectation, unsigned seconds);

/* The first packet of one that is expected, by what it carries: its translation is made. False:
 * nobody waits for it, or there is no room. */
struct arrival {
	u64 router;
	bool out;
	u8 proto;
	be32 src, dst;
	u16 sport, dport;
};
bool expectations_fulfil(struct expectations *expectations, const struct arrival *arrival,
	struct dp_expectation *ret, bool *ret_stays);
/* Those whose time is over are expected no more. */
void expectations_expire(struct expectations *expectations, s64 now_us);
unsigned expectations_count(const struct expectations *expectations);
