/* SPDX-License-Identifier: Apache-2.0 */
/* What the haproxy(1) that runs says of itself, by its socket in the folder of the rendered files.
 */
#pragma once

#include <jansson.h>

#include "appliance/document/document.h"
#include "base/json_writer.h"

/* Writes what it knows of its members, so that the next one does not begin with taking all for
 * alive. If it can't, that one does. */
void haproxy_save_state(const char *folder);

/* The member "load_balancers" of the status: whether what runs has the configuration @wanted (its
 * file's text), which listeners are open, and which members answer. Nobody is there if it does not
 * run. */
void haproxy_append_status(const char *folder, const char *wanted, struct json_writer *w);

/* The member "listeners" of the counters. @counters: what nft(8) says. */
void haproxy_append_counters(const char *folder, const struct document *document,
	const json_t *counters, struct json_writer *w);
