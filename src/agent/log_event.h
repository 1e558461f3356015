/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall decided, with the names of what the datapath knows by numbers
 * (docs/logging.md).
 */
#pragma once

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

/* One JSON object. @port NULL: it has gone meanwhile. @time_us: since 1970. */
void log_event_json(const struct desired *desired, const struct port *port,
	const struct dp_log_event *event, s64 time_us, GString *text);
/* That @n events of the port were not told. */
void log_suppressed_json(
	const struct desired *desired, const struct port *port, u64 n, s64 time_us, GString *text);
/* The same of a router's port whose firewall group has a log. */
void log_guard_suppressed_json(const struct desired *desired,
	const struct router_firewall *firewall, u64 n, s64 time_us, GString *text);
/* One sentence of it, for people; the caller's. */
char *log_event_sentence(
	const struct desired *desired, const struct port *port, const struct dp_log_event *event);
