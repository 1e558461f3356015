/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One appliance of this host: its weft-appliance-netns or weft-appliance-qemu, which nobody is the
 * parent of. It goes on when the agent ends, and the next agent finds it by its folder.
 *
 *	(none) ──start──► running ──shape changes, or unwanted──► ending ──► (none)
 *	   ▲                 │ ended by itself
 *	   └── 1, 2 … 60 s ──┘
 *
 * How the machine is made and told is that process's affair, which says it in its state.json; we
 *ask what is in it once it can be told.
 *
 * A change of the description alone is written and told by SIGHUP. Its status is asked for: often
 * until it has done what it is told, then now and then; files that somebody has changed inside are
 * then told anew, and so repaired.
 */
#pragma once

#include <jansson.h>

#include "agent/report/listener_stats.h"

struct machine;

struct machine_place {
	char *folder;  /* of all machines of this agent */
	char *netns;   /* weft-appliance-netns */
	char *virtual; /* weft-appliance-qemu */
	char *qemu;    /* what that one starts */
};

/* @changed: machine_describe() may say something else. @place is borrowed. */
struct machine *machine_new(
	const struct machine_place *place, const char *id, void (*changed)(void *data), void *data);
/* Of a pair: has it said, since this was asked last, that it is master no more? */
bool machine_has_stepped_down(struct machine *machine);
/* It goes on running. */
void machine_free(struct machine *machine);

/* Makes it so, also of one that was to end; @is_virtual: by QEMU. */
void machine_set(
	struct machine *machine, const char *description, const char *shape, bool is_virtual);
/* Ends the process, files and all; when that is done, machine_is_gone(). */
void machine_retire(struct machine *machine);
bool machine_is_retired(const struct machine *machine);
bool machine_is_gone(const struct machine *machine);
/* The same, and waits for it, for some seconds. */
void machine_end(struct machine *machine);

/* What it has put right by itself, and counts: members `repairs` of its status, and all of its
 * counters (docs/appliances.md), a quarter of a minute old at most. Borrowed; NULL: it has not
 * said. */
const json_t *machine_repairs(const struct machine *machine);
const json_t *machine_counters(const struct machine *machine);

/* Calls @each for the counters of every listener of its load balancers. */
void machine_listeners_of(const struct machine *machine, listener_stats_fn each, void *data);

/* {"status", "reason", "revision", "digest", "drift", "redundancy", "load_balancers", "tunnels"};
 * json_decref(). */
json_t *machine_describe(const struct machine *machine);
