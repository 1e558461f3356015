/* SPDX-License-Identifier: Apache-2.0 */
/* The files and the process of a machine. */
#pragma once

#include "agent/machine/machine.h"
#include "base/error.h"

struct machine_files {
	char *folder;	   /* the machine's own: its lock, socket and credential */
	char *description; /* what it is to be */
	char *shape;	   /* of the one that runs */
	char *log;	   /* what the last process said */
	char *listeners;   /* machine_listeners.h */
	char *events;	   /* machine_events.h */
};

struct machine_files machine_files_of(const struct machine_place *place, const char *id);
void machine_files_clear(struct machine_files *files);
void machine_files_remove(const struct machine_files *files);

/* What is in the file, or NULL; g_free. */
char *machine_file_read(const char *path);
/* Nothing is written when it is there already. */
bool machine_file_write(const char *path, const char *text, GError **error);
/* "BUILD", "ACTIVE" or "ERROR", as its process says of it (appliance/runtime/state.h), with the
 * reason of an error; both g_free(), NULL: it says nothing. */
char *machine_state(const struct machine_files *files, char **ret_reason);
/* The last line of the log, or NULL; g_free. */
char *machine_last_word(const struct machine_files *files);

/* A pidfd of the process, or -1. */
int machine_process_find(const struct machine_files *files);
/* Starts one; a pidfd, or -1 with @error. */
int machine_process_start(const struct machine_place *place, const struct machine_files *files,
	bool is_virtual, GError **error);
void machine_process_signal(int pidfd, int number);
/* SIGTERM, then SIGKILL; waits until it has ended, and closes the pidfd. */
void machine_process_end(int pidfd);
