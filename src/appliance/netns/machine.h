/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of one appliance: made, started again when it ends, told what to do, taken away.
 *
 *	           ┌──────── back-off, 1 s … 60 s ◄───────┐
 *	           ▼                                      │ it ends, or can't be made
 *	  ──► making (namespaces, limits, NICs) ──► running
 *	                                              ▲ └─ machine_change() ─► told
 *	                                              └────────────────────────┘
 *
 * Nothing of it outlives us: namespaces and NICs are gone with its last process, which ends with
 * us; the control group and the folder are removed at the end, or by who comes next.
 */
#pragma once

#include "appliance/netns/description.h"

struct machine;

/* @folder is absolute, its last part names the control group; both texts are borrowed, the
 * description is taken over. Timers are of the default main context. */
bool machine_new(struct description *description, const char *folder, const char *program,
	struct machine **ret, GError **error);
void machine_free(struct machine *machine);
DEFINE_AUTOPTR(machine, machine_free)

/* Another one, taken over if it is not refused: of the same machine, only the configuration may
 * differ. */
bool machine_change(struct machine *machine, struct description *description, GError **error);

/* What our own program does as the first process of a new machine. */
int machine_inside(const char *folder, const char *program, const char *cgroup, GError **error);
