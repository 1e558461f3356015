/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firewall groups in an appliance have decided, as far as it is to be written down. The
 * appliance keeps the last events by number; it is asked for new ones twice a second, while there
 * is something to write down. How far we are is kept in a file, so that the next agent goes on
 * there.
 */
#pragma once

#include <jansson.h>

#include "base/types.h"

struct machine_events;

/* @answer: to /v1/events, of which "events" are new, and "suppressed", by NIC, and "missed" are how
 * many more there were since. */
typedef void (*machine_events_fn)(const json_t *answer, void *data);

/* @folder: the machine's; @path: of the file. Both are copied. */
struct machine_events *machine_events_new(
	const char *folder, const char *path, machine_events_fn told, void *data);
void machine_events_free(struct machine_events *events);
void machine_events_set(struct machine_events *events, bool wanted);
