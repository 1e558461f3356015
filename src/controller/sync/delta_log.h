/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines that were published, bounded by their bytes, so that a host that reconnects goes
 * on where it was. An entry is a line for everybody who has a scope, or a mark for one host: it
 * gained or lost a scope at that revision (what it gained is rendered anew when it is asked for).
 */
#pragma once

#include "compile/compile.h"

struct delta_log;

enum log_entry_type { LOG_LINE, LOG_GAIN, LOG_LOSE };

struct log_entry {
	u64 revision;
	enum log_entry_type type;
	struct scope scope;
	struct uuid host; /* of a gain or a loss */
	GBytes *line;	  /* of a line, newline included */
};

struct delta_log *delta_log_new(u64 revision, size_t bytes_max);
void delta_log_free(struct delta_log *log);

/* Revisions never decrease. The line is shared, not taken. */
void delta_log_line(struct delta_log *log, u64 revision, const struct scope *scope, GBytes *line);
void delta_log_interest(struct delta_log *log, u64 revision, const struct interest *interest);

/* Does the log still hold everything behind @since? */
bool delta_log_covers(const struct delta_log *log, u64 since);

/* Calls @each for the entries behind @since, in order. */
typedef void (*delta_log_fn)(const struct log_entry *entry, void *user);
void delta_log_replay(const struct delta_log *log, u64 since, delta_log_fn each, void *user);
