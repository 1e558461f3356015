/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the listeners of load balancers have done here, at the edge and in appliances, for the
 * report. Counters are told when they have changed, at most every 8 s, or all of them in a full
 * report. A listener that leaves this host takes its counters along: what they were last is told
 * until the controller has it.
 */
#pragma once

#include <jansson.h>

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

struct listener_reports;

struct listener_reports *listener_reports_new(struct dp *dp, const struct desired *desired);
void listener_reports_free(struct listener_reports *reports);

/* Calls @each for the counters of every listener that is here. */
typedef void (*listener_stats_fn)(
	const struct uuid *listener, const struct dp_listener_stats *stats, void *data);

/* Those that somebody else counts: @list calls @each for all of them, now. A counter that it does
 * not name any more has ended. */
void listener_reports_add(struct listener_reports *reports,
	void (*list)(listener_stats_fn each, void *each_data, void *data), void *data);

/* What it had here is about to go. */
void listener_reports_end(struct listener_reports *reports, const struct uuid *listener,
	const struct dp_listener_stats *last);

/* {listener id: [{"number", "active", "total", "bytes_in", "bytes_out", "errors", "ended"}]}, or
 * NULL: nothing to tell now. json_decref(). @now_us: monotonic. */
json_t *listener_reports_json(struct listener_reports *reports, bool full, s64 now_us);
/* That has arrived. */
void listener_reports_told(struct listener_reports *reports);

/* Those of the edge alone. */
void listener_stats_each(
	struct dp *dp, const struct desired *desired, listener_stats_fn each, void *data);
