/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was plugged by word, on disk: a journal of lines "PORT DEVICE", and "PORT" alone when that
 * was unplugged; the last line about a port counts. Remembering a plug costs one line, however many
 * there are. The file is written anew, without what no longer counts, when it is opened, and by
 * plugs_file_tidy() when most of it no longer counts.
 */
#pragma once

#include "base/error.h"
#include "base/uuid.h"

struct plugs_file;

/* Called once for each port that is plugged. */
typedef void (*plugs_file_load_cb)(const struct uuid *port, const char *device, void *data);

/* A missing file is an empty one; a line that is none is left out, with a warning. */
bool plugs_file_open(const char *path, plugs_file_load_cb load, void *data, struct plugs_file **ret,
	GError **error);

void plugs_file_close(struct plugs_file *file);

/* @device NULL: unplugged. It is written, and durable after the next sync. */
bool plugs_file_append(
	struct plugs_file *file, const struct uuid *port, const char *device, GError **error);
bool plugs_file_sync(struct plugs_file *file, GError **error);

/* @live: how many ports are plugged now. Nothing of a port remains when none is. */
bool plugs_file_tidy(struct plugs_file *file, unsigned live, GError **error);

/* Syncs on another thread, since a disk may take its time; @done is called from the main loop of
 * the caller, with @error NULL when all that was appended before is durable. */
typedef void (*plugs_file_synced_cb)(const GError *error, void *data);
void plugs_file_sync_later(struct plugs_file *file, plugs_file_synced_cb done, void *data);
