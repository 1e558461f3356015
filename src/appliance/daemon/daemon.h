/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that runs as long as it is wanted.
 *
 *	             ┌────── back-off, 100 ms … 10 s ◄──────┐
 *	             ▼                                      │ it ends, or can't be started
 *	stopped ──► running ── daemon_signal() ──► running ─┘
 *	   ▲           │ daemon_stop()
 *	   └───────────┘
 *
 * It is our child and ends with us. (PR_SET_PDEATHSIG does not do that for one that changes its
 *user.)
 */
#pragma once

#include "base/error.h"
#include "base/types.h"

struct daemon;

/* @argv is copied. Timers are of the default main context. @pid_file: where it writes its pid; one
 * with the same command that a former, killed process of ours has left there is ended. */
struct daemon *daemon_new(const char *const *argv, const char *pid_file);
/* A file that one that was killed leaves behind is removed before each start. */
void daemon_set_lock(struct daemon *daemon, const char *folder, const char *name);
void daemon_free(struct daemon *daemon); /* and ends it */

/* Runs from now on; nothing if it does already. */
void daemon_start(struct daemon *daemon);
/* Ends, and waits for that. */
void daemon_stop(struct daemon *daemon);
/* To let it read its files again, say; nothing if it does not run. */
void daemon_signal(struct daemon *daemon, int number);

int daemon_pid(const struct daemon *daemon); /* 0: it does not run */
bool daemon_wanted(const struct daemon *daemon);
unsigned daemon_restarts(const struct daemon *daemon);	/* that nobody asked for */
const char *daemon_reason(const struct daemon *daemon); /* why it does not run; NULL: it does */
/* How it ended when nobody had asked for that, the last time; NULL: it never has. */
const char *daemon_last_end(const struct daemon *daemon);
