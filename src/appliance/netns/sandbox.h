/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an appliance's machine, which this process becomes: a file system of its own with
 * the system's programs, read-only, and nothing of the system's data; no process but its own; five
 * of root's powers; no system call that is about the machine, or makes another one.
 */
#pragma once

#include "base/error.h"

struct sandbox {
	const char *folder;  /* whose "root" becomes the root; in it are "credential" and
				"appliance.conf" */
	const char *program; /* weft-appliance */
	const char *cgroup;  /* to be in; NULL: none */
};

/* In a network namespace that is made for it, with one thread, before there is a NIC. Starts
 * weft-appliance as process 1 of the machine, and waits for its end: what is returned is its exit
 * status, or -1 with @error. Descriptor 3 is inherited by it. */
int sandbox_run(const struct sandbox *sandbox, GError **error);
