/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of an appliance's machine share: machine.c starts, tells and ends its process,
 * machine_asking.c looks at how it does. */
#pragma once

#include "agent/machine/ask.h"
#include "agent/machine/machine.h"
#include "agent/machine/machine_listeners.h"
#include "agent/machine/machine_process.h"

enum status { STATUS_BUILD, STATUS_ACTIVE, STATUS_ERROR };

struct machine {
	const struct machine_place *place;
	char *id;
	struct machine_files files;
	void (*changed)(void *data);
	void *data;
	char *description, *shape;  /* as it should be */
	char *told, *running_shape; /* as the process knows it */
	bool is_virtual;
	json_int_t wanted_revision;
	int pidfd; /* -1: it does not run */
	bool ending, retired;
	guint watch, timer, ask_timer;
	unsigned ask_ms, backoff_s;
	s64 started_us, told_us, answered_us;
	struct ask *ask;
	enum status status;
	char *reason, *digest, *drift;
	bool stepped_down;
	char *redundancy;    /* which of a pair it says that it is; "": it says nothing of that */
	json_int_t revision; /* that it has done */
	json_t *balancers;   /* what it says of load balancers; NULL: it has none */
	struct machine_listeners *listeners;
	json_t *repairs;  /* that it has made, as it says; NULL: it has said nothing yet */
	json_t *counters; /* as it said last; NULL: it has not */
	s64 counters_us;  /* when it was asked for them */
	json_t *tunnels;  /* of machine_tunnels(); NULL: it has none, or does not answer */
};

void machine_replace(char **text, const char *with);
void machine_say(struct machine *machine, enum status status, const char *reason);

/* Asks from now on, often at first. */
void machine_ask_soon(struct machine *machine);
void machine_stop_asking(struct machine *machine);
/* What changes by itself, as it says; NULL: it does not answer, so nothing is known to be up. */
void machine_note_status(struct machine *machine, const json_t *status);

/* Its process ends, and is started again, unless it is retired. */
void machine_begin_end(struct machine *machine);
