/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view on disk: the lines of the stream, appended as they arrive.
 *
 *   weft-view 1
 *   <CRC-32C of the rest of the line, 8 hex digits> <line>
 *   …
 *
 * The file is the only full copy of a record's text that an agent keeps: whoever indexes the view
 * keeps the place of each record's last put, reads it back when somebody asks, and hands the places
 * to a compaction.
 *
 * Opening: a last line without newline is torn by a crash and is cut. A line that fails its CRC, or
 * that is no line of the protocol, is skipped, and the file needs a snapshot: what is good is used
 * meanwhile. A version that is not known is refused and the file left alone. Appends are gathered
 * and written at view_file_flush(), so a batch of changes and the "sync" that completes it reach
 * the disk together.
 */
#pragma once

#include <glib.h>

#include "sync/line.h"

struct view_file;

struct view_place {
	u64 offset;
	u32 len; /* of the line, without CRC and newline */
};

/* For each good line, in order; its message is valid during the call. */
typedef void (*view_line_cb)(
	const struct sync_message *message, struct view_place place, void *data);

/* Creates the file when there is none. @ret_needs_snapshot: something was lost. */
bool view_file_open(const char *path, view_line_cb cb, void *data, struct view_file **ret,
	bool *ret_needs_snapshot, GError **error);
void view_file_free(struct view_file *file); /* flushes */

/* Remembers one line (no newline); it is in the file after the next flush. */
struct view_place view_file_append(struct view_file *file, const char *line, size_t len);
bool view_file_flush(struct view_file *file, GError **error);

/* The line at @place, which an append or an opening gave. */
char *view_file_read(struct view_file *file, struct view_place place, GError **error);

/* The file has doubled since it was last compact, so it is time. */
bool view_file_is_bloated(const struct view_file *file);

/* Writes a new file with the lines at @places (changed to where they are now) and @trailer (last
 * lines, each with its newline, or NULL), and puts it in place atomically. On an error all is as
 * before. */
bool view_file_compact(struct view_file *file, struct view_place *const *places, size_t n_places,
	const char *trailer, GError **error);
