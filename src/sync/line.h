/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the view stream (ARCHITECTURE.md, "The stream"): one JSON object each. The
 * controller writes them with sync_write_*(), the agent takes them apart with sync_line_parse(),
 * and the view on disk is made of the same lines.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/error.h"
#include "base/types.h"

/* X(symbol, text) */
#define SYNC_OPS(X)         \
	X(HELLO, "hello")   \
	X(PUT, "put")       \
	X(DELETE, "delete") \
	X(DROP, "drop")     \
	X(SYNC, "sync")     \
	X(PING, "ping")     \
	X(CONNECTIONS, "connections")

enum sync_op {
#define X(symbol, text) SYNC_##symbol,
	SYNC_OPS(X)
#undef X
		SYNC_N_OPS
};

enum sync_mode { SYNC_RESUME, SYNC_SNAPSHOT };

/* A line longer than this is refused by both sides, newline not counted. */
#define SYNC_LINE_MAX (16 * 1024 * 1024)

/* Strings are borrowed from @root; which are set depends on @op. */
struct sync_message {
	enum sync_op op;
	const char *kind, *id;		 /* put, delete */
	const char *scope;		 /* put, delete, drop */
	u64 rev;			 /* put, delete, drop, sync; hello: the store's revision */
	json_t *data;			 /* put: an object */
	const char *host, *name, *store; /* hello: id, name; uuid of the store */
	enum sync_mode mode;		 /* hello */
	const char *port;		 /* connections: one that has moved here */
	json_t *connections;		 /* connections: an array */
	json_t *root;			 /* owned: sync_message_clear() */
};

/* Strict in what it knows (types, presence, ranges), blind to members it does not know. @line has
 * no newline and need not end in NUL. An op that is not known is WEFT_ERROR_NOT_FOUND, so that a
 * caller may skip it (a newer controller); all else that is wrong is WEFT_ERROR_BAD_REQUEST. */
bool sync_line_parse(const char *line, size_t len, struct sync_message *ret, GError **error);
void sync_message_clear(struct sync_message *message);

/* Writers: append one line with its newline to @out. @data is the JSON text of an object, without
 * newlines (JSON_COMPACT). */
void sync_write_hello(GString *out, const char *host, const char *name, const char *store,
	u64 revision, enum sync_mode mode);
void sync_write_put(GString *out, const char *kind, const char *id, const char *scope, u64 rev,
	const char *data);
void sync_write_delete(GString *out, const char *kind, const char *id, const char *scope, u64 rev);
void sync_write_drop(GString *out, const char *scope, u64 rev);
void sync_write_sync(GString *out, u64 rev);
void sync_write_ping(GString *out);
/* @connections: the JSON text of an array. It is no record: it is said once, to who is connected.
 */
void sync_write_connections(GString *out, const char *port, const char *connections);

/* Cuts a byte stream into lines. */
struct sync_splitter {
	GString *partial; /* owned */
};
typedef bool (*sync_line_cb)(const char *line, size_t len, void *data, GError **error);

void sync_splitter_init(struct sync_splitter *splitter);
void sync_splitter_clear(struct sync_splitter *splitter);
/* Calls @cb for each complete line (without its newline), in order, and stops at the first that it
 * refuses. A line longer than SYNC_LINE_MAX is WEFT_ERROR_TOO_LARGE. */
bool sync_splitter_feed(struct sync_splitter *splitter, const char *bytes, size_t len,
	sync_line_cb cb, void *data, GError **error);
