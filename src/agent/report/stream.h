/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a stream to one of the controllers open.
 *
 *          ┌──────────── delay over ───────────┐
 *          ▼                                   │
 *     CONNECTING ── refused, broken, 10 s ─► WAITING
 *          │ first byte                        ▲
 *          ▼                                   │
 *      CONNECTED ── ended, bad line, 30 s of silence
 *
 * Every failure moves on to the next controller; a round through all of them that brought no
 * complete view doubles the delay, from 0.1 s to 10 s, and each delay is drawn between half of it
 * and all of it, so that the hosts of a cloud do not come back in step. A completed `sync` makes
 * the delay small again. Nothing survives a restart but the view, which knows where to resume.
 *
 * Sockets, clock and randomness are behind struct stream_io, so that all of this is simulated in
 * stream_test.c.
 */
#pragma once

#include "sync/line.h"

enum stream_state { STREAM_NONE, STREAM_WAITING, STREAM_CONNECTING, STREAM_CONNECTED };

#define STREAM_DELAY_MIN_MS 100
#define STREAM_DELAY_MAX_MS 10000
#define STREAM_CONNECT_MS 10000
#define STREAM_SILENCE_MS 30000

struct stream_io {
	/* Starts a request for the view at the controller @url; answered by stream_bytes() and
	 * stream_broken(). */
	void (*open)(const char *url, void *data);
	/* Ends it; nothing of it is heard any more. */
	void (*close)(void *data);
	/* Calls stream_timer() once after @ms, instead of what was set before; 0: never. */
	void (*set_timer)(unsigned ms, void *data);
	double (*random)(void *data); /* [0, 1) */
	void *data;
};

struct stream_events {
	/* A line of the stream; false breaks the connection, with the reason in @error. */
	bool (*line)(const char *line, size_t len, void *data, GError **error);
	/* Connected, or not any more. */
	void (*changed)(enum stream_state state, void *data);
	void *data;
};

struct stream;

/* @urls: NULL-ended, copied; without any the stream stays STREAM_NONE. Nothing happens before
 * stream_start(). */
struct stream *stream_new(
	const char *const *urls, const struct stream_io *io, const struct stream_events *events);
void stream_free(struct stream *stream);
void stream_start(struct stream *stream);

/* A `sync` line has completed the view: the connection is a good one. */
void stream_completed(struct stream *stream);

/* From the I/O. @why: one sentence for the log and `weft status`. */
void stream_bytes(struct stream *stream, const char *bytes, size_t len);
void stream_broken(struct stream *stream, const char *why);
void stream_timer(struct stream *stream);

enum stream_state stream_state(const struct stream *stream);
const char *stream_url(const struct stream *stream);   /* of now; NULL without any */
const char *stream_error(const struct stream *stream); /* why it is not connected, or NULL */
