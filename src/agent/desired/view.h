/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's view: an index of all records, over the file that holds their text. Records of kinds
 * that this agent does not know are kept too, so that a newer one finds them after an upgrade.
 *
 * A snapshot does not clear: view_line(hello, snapshot) marks what is there, puts unmark, and the
 * `sync` that ends it sweeps the rest. A snapshot that was broken off leaves old and new records
 * together, and `revision`/`store` as they were, so that the next connection asks for what makes it
 * whole.
 */
#pragma once

#include "agent/desired/desired.h"
#include "sync/view_file.h"

struct view_stats {
	u64 records, refused; /* refused: not decodable, since the process began */
};

struct view {
	struct view_file *file;
	struct desired *desired;		     /* borrowed: told of every change */
	GHashTable *entries;			     /* set of struct entry */
	u64 revision;				     /* complete up to here; 0: nothing */
	char *store;				     /* uuid of the controller's store, or NULL */
	char *hello_host, *hello_name, *hello_store; /* of the last hello */
	bool sweeping;				     /* a snapshot is under way */
	u32 generation;
	struct view_stats stats;
};

/* Opens the file and fills @desired from it. @ret_needs_snapshot: the file had lost something; then
 * revision is 0. */
bool view_open(const char *path, struct desired *desired, struct view **ret,
	bool *ret_needs_snapshot, GError **error);
void view_free(struct view *view);

/* One line of the stream, already parsed. A record that is refused is logged, and kept out; only an
 * error of the file fails. @ret_synced: it was a `sync`: now is the time to reconcile. */
bool view_line(struct view *view, const struct sync_message *message, const char *line, size_t len,
	bool *ret_synced, GError **error);

/* For `weft agent view`: calls @cb with each record's line, parsed. */
typedef void (*view_record_cb)(const struct sync_message *message, void *data);
bool view_foreach(struct view *view, view_record_cb cb, void *data, GError **error);
