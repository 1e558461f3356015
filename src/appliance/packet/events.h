/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of NICs have decided, as far as it is to be written down: the last ones, by
 * number, until somebody has asked for them. Who asks says the number that it has not had yet.
 */
#pragma once

#include <jansson.h>

#include "appliance/document/document.h"
#include "base/json_writer.h"

struct events;

struct events *events_new(void);
void events_free(struct events *events);

/* Listens while there is something to write down. NULL: there is no document yet. */
bool events_set(struct events *events, const struct document *document, GError **error);

/* The members "events" (those from the number @since on that are still there), "first" and "next"
 * (their numbers), and "lost": how often the kernel could not tell. */
void events_append(const struct events *events, u64 since, struct json_writer *w);
/* Was there one a moment ago? */
bool events_are_recent(const struct events *events);
