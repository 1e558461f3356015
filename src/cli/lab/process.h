/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Daemons of the lab. Each is recorded in a file "PID STARTTIME": a process is ours only if both
 * agree, so a pid that was used again by somebody else is never signalled.
 */
#pragma once

#include "base/error.h"
#include "base/types.h"

struct process {
	const char *netns;		/* name of a network namespace, or NULL: this one */
	const char *const *argv;	/* program and arguments, ended by NULL */
	const char *log_path;		/* output is appended */
	const char *pid_path;		/* record */
	const char *const *environ_add; /* "NAME=VALUE", ended by NULL; or NULL */
};

/* Starts a daemon that outlives us. */
bool process_start(const struct process *process, GError **error);

/* Pid of the living process in a record, or 0. */
int process_pid(const char *pid_path);

/* Sends @signal and waits up to @timeout_ms for its end, then kills. Removes the record. Nothing to
 * do is success. */
bool process_stop(const char *pid_path, int signal, unsigned timeout_ms, GError **error);

/* Stops every process whose network namespace is @netns, and waits for their ends. */
bool process_stop_netns(const char *netns, GError **error);

/* Last @lines of a file, for messages. Never NULL. */
char *process_log_tail(const char *log_path, unsigned lines);

/* Enters the namespace, in a child before exec or in a process that will exec. */
bool process_enter_netns(const char *netns, GError **error);
