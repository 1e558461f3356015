/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent says on the wires by itself: who has an address now, three times, and the question
 * who has one. What comes back is for the datapath, which learns it on its way in. A wire's network
 * is named by its number (dp_wire_vni()); frames leave by a packet socket, tagged.
 */
#pragma once

#include "agent/frame/frame.h"
#include "base/error.h"

#define OUTSIDE_ANNOUNCEMENTS 3 /* one a second */

struct outside;

/* Timers are of the thread-default main context. */
struct outside *outside_new(void);
void outside_free(struct outside *outside);

/* The address is here now, with that MAC. */
void outside_announce(struct outside *outside, u32 vni, const struct mac *mac, const struct ip *ip);
/* It is not any more: what was still to be said of it is not. */
void outside_forget(struct outside *outside, u32 vni, const struct ip *ip);
/* Nothing of what was still to be said is. */
void outside_forget_all(struct outside *outside);

/* Asks who has the address; at most once a second. */
void outside_ask(struct outside *outside, u32 vni, const struct ip *ip);
