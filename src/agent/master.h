/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which machine of a pair takes itself for master, as it says on its wire: a master announces its
 * addresses by ARP and neighbour advertisements (keepalived: at the takeover, and every second), a
 * backup says nothing. We listen at the devices of ports that have standby hosts, before the edge
 * switch, which drops all of a port that is not active here.
 *
 *	       one of them by the port's MAC
 *	silent ───────────────────────────────► master
 *	   ▲                                      │ 3 s without one, or the device is gone
 *	   └──────────────────────────────────────┘ or it says itself that it is master no more
 */
#pragma once

#include "agent/reconcile/reconcile.h"

/* Bits. */
enum master_says {
	MASTER_SILENT = 0,
	MASTER_CLAIMED = 1,
	MASTER_OTHERS_DEAD = 2, /* by BFD, of the hosts that have the port */
};

struct masters;

/* @reconcile is borrowed; @changed: what is to be reported of a port. */
struct masters *masters_new(const struct reconcile *reconcile,
	void (*changed)(const struct uuid *port, enum master_says says, void *data), void *data);
void masters_free(struct masters *masters);

/* After a reconcile: the devices may be others. */
void masters_update(struct masters *masters);
/* The machine says that it is not, so that nobody waits for its silence. */
void masters_deny(struct masters *masters, const struct uuid *port);
/* Other hosts are alive. */
void masters_judge(struct masters *masters);
/* Every second. While hosts that share a port miss each other, both say so again each time: that
 * is how the controller tells a dead one from one that only the other one can't reach. */
void masters_second(struct masters *masters);
