/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of one appliance: made, started again when it ends, told what to do, taken away.
 *
 *	           ┌──────── back-off, 1 s … 60 s ◄───────┐
 *	           ▼                                      │ it ends, can't be made, or does not
 *answer ──► making (of namespaces, or a VM; NICs) ──► running ▲ └─ machine_change() ─► told
 *	                                                  └────────────────────────┘
 *
 * "state.json" says which: BUILD, ACTIVE when it does what it was told, ERROR with the reason until
 * it does. Nothing of it outlives us: its processes, namespaces and NICs are gone with its last
 * process, which ends with us; the control group and the folder are removed at the end, or by who
 * comes next.
 */
#pragma once

#include "appliance/runtime/runtime.h"

/* @folder is absolute, its last part names the control group; @program is what the runtime starts
 * (weft-appliance, or QEMU); both are borrowed, the description is taken over. Timers are of the
 * default main context. */
bool machine_new(struct description *description, const struct runtime *runtime, const char *folder,
	const char *program, struct machine **ret, GError **error);
void machine_free(struct machine *machine);
DEFINE_AUTOPTR(machine, machine_free)

/* Another one, taken over if it is not refused: of the same machine, only the configuration may
 * differ, and the NICs where the runtime can plug them. */
bool machine_change(struct machine *machine, struct description *description, GError **error);
