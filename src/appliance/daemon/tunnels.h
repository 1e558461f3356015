/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of tunnels is not a daemon's file: devices that the kernel makes, or a daemon that comes and
 * goes, get their keys, addresses and routes when they are there, and again when they are there
 * again. It looks once a second, as long as there are tunnels.
 */
#pragma once

#include "appliance/document/document.h"
#include "base/json_writer.h"

struct tunnels;

/* @folder, of the rendered files, is borrowed. Timers are of the default main context. */
struct tunnels *tunnels_new(const char *folder);
void tunnels_free(struct tunnels *tunnels);

/* After the daemons have been told: waits until all devices are there and set up, some seconds at
 * most. @changed: bit i, file i is another one. @document is borrowed until the next call. */
bool tunnels_apply(
	struct tunnels *tunnels, const struct document *document, unsigned changed, GError **error);

/* The document is not there any more; the tunnels are. */
void tunnels_pause(struct tunnels *tunnels);
/* They are not either: of a pair, one has them. */
void tunnels_stop(struct tunnels *tunnels);

/* Why a tunnel can't be set up; NULL: all are. */
const char *tunnels_reason(const struct tunnels *tunnels);
/* The members of `tunnels` of the status. */
void tunnels_append(const struct tunnels *tunnels, struct json_writer *w);
