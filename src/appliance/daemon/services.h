/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemons of an appliance: which of them a document wants, what they read, and what they are
 * told when it changes. One more is one more line of the table in services.c.
 */
#pragma once

#include <gio/gio.h>

#include "appliance/daemon/daemon.h"
#include "appliance/render/render.h"
#include "base/json_writer.h"

struct services;

/* @folder: of the rendered files; it must outlive it. */
struct services *services_new(const char *folder);
void services_free(struct services *services); /* and ends all */

/* Ends those that @document does not want: what they have made, such as addresses, goes with them,
 * and what the document makes in its place comes after that. */
void services_end_unwanted(struct services *services, const struct document *document);
/* All that @document wants run, and nothing else does. @changed: bit i, file i is another one than
 * at the last call. What its own program refuses (the error says why) is not given to it. */
bool services_apply(struct services *services, const struct document *document, unsigned changed,
	GError **error);

/* Those that need the addresses of a master do not run from the next services_apply() on, or do
 * again. */
void services_set_standby(struct services *services, bool standby);

/* Why one that is wanted does not run; NULL: all do. */
const char *services_reason(const struct services *services);
/* Members of `daemons` of the status. */
/* Members: "daemon NAME" of those that have ended by themselves and were started again. */
void services_append_repairs(const struct services *all, struct json_writer *w);
void services_append(const struct services *services, struct json_writer *w);
