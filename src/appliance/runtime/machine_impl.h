/* SPDX-License-Identifier: Apache-2.0 */
/* What runtimes see of a machine. */
#pragma once

#include "appliance/runtime/machine.h"

struct certificates;
struct push;
struct renewal;

struct machine {
	const struct runtime *runtime;
	struct description *description;
	const char *folder, *program;
	char *cgroup; /* to be in; NULL: none */
	u64 kills;    /* cgroup_kills() when this one was made */
	char *credential, *id;
	struct certificates *certificates; /* of this one; NULL: no TLS */
	int lock, listening;
	GPid pid;
	guint watch, timer, deadline, unplug;
	GPtrArray *leaving; /* devices of NICs that it does without as soon as it is told so */
	unsigned backoff_s;
	s64 started_us;
	bool answered; /* its agent has, since the start */
	char *why;     /* we have ended it; NULL: we have not */
	struct push *push;
	struct renewal *renewal; /* NULL: no TLS */
	void *own;		 /* the runtime's */
};
