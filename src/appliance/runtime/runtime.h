/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine is made of: namespaces (netns/), or a virtual machine (qemu/). machine.c watches
 * over it, limits it and tells it what to do; a runtime makes it, and says what it can't make.
 */
#pragma once

#include "appliance/runtime/description.h"

struct machine;

struct runtime {
	const char *program; /* "weft-appliance-netns" */
	unsigned start_s;    /* in which its agent must answer, if the description says nothing */
	bool limits_memory;  /* by a control group; else it is the machine's own size */
	bool uses_tls;	     /* between us and weft-appliance */
	/* Is there all that it needs, and nothing that it has no use for? */
	bool (*check)(const struct description *description, GError **error);
	/* Makes machine->pid, a child of ours that ends with us. On failure nothing is left. */
	bool (*start)(struct machine *machine, GError **error);
	/* Gives the running machine the NICs of @wanted that it lacks; those that it has no more
	 * use for go by unplug(), when it does without them. On failure it is to be made anew.
	 * NULL: NICs are the machine's. */
	bool (*plug)(struct machine *machine, const struct description *wanted, GError **error);
	void (*unplug)(struct machine *machine);
	/* The process has ended: the rest of it goes. NULL: nothing is left then. */
	void (*ended)(struct machine *machine);
	/* The last that it said before it ended, g_free(); NULL: nothing. May be NULL. */
	char *(*last_words)(const struct machine *machine);
};

extern const struct runtime netns_runtime, qemu_runtime;
