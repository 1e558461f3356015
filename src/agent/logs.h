/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes down what the firewall tells of ports that have a log: to the journal as sentences, and as
 * JSON, one object a line, to a file and to whoever follows on the control socket. What the limit
 * of a port has suppressed is said once a second.
 *
 * The file is only ever appended to, a line with one write(2): so it may be renamed, and is made
 * again after logs_reopen(), or be copied and truncated.
 */
#pragma once

#include "agent/config.h"
#include "agent/ops/control.h"
#include "agent/desired/desired.h"
#include "datapath/datapath.h"

struct logs;

/* What the datapath tells from now on. */
struct logs *logs_new(struct dp *dp, const struct desired *desired, const struct config *config);
void logs_free(struct logs *logs);
/* Once a second. */
void logs_second(struct logs *logs);
/* The file has been renamed. */
void logs_reopen(struct logs *logs);

#define LOGS_RECENT_MAX 1000
/* The last @n events as a JSON array. */
json_t *logs_recent(const struct logs *logs, size_t n);
/* Events go there until the other side closes. */
void logs_follow(struct logs *logs, struct control_request *request, size_t recent);

/* The same of what an appliance has told (docs/virtual-router.md): @answer is that of
 * machine_events_fn. */
void logs_appliance(struct logs *logs, const struct appliance *appliance, const json_t *answer);

struct logs_counts {
	unsigned followers; /* now */
	u64 told, suppressed;
	u64 lost; /* a follower was too slow, or the file could not be written */
};
struct logs_counts logs_counts(const struct logs *logs);
