/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/stream.h"

#include "base/log.h"

struct stream {
	char **urls;
	guint n_urls, current;
	guint failures; /* since the last complete view */
	struct stream_io io;
	struct stream_events events;
	enum stream_state state;
	struct sync_splitter splitter;
	char *error;
};

struct stream *stream_new(
	const char *const *urls, const struct stream_io *io, const struct stream_events *events)
{
	struct stream *stream = g_new0(struct stream, 1);

	stream->urls = g_strdupv((char **)urls);
	stream->n_urls = g_strv_length(stream->urls);
	stream->io = *io;
	stream->events = *events;
	sync_splitter_init(&stream->splitter);
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	if (stream->state != STREAM_NONE) {
		stream->io.set_timer(0, stream->io.data);
		stream->io.close(stream->io.data);
	}
	sync_splitter_clear(&stream->splitter);
	g_strfreev(stream->urls);
	g_free(stream->error);
	g_free(stream);
}

static void set_state(struct stream *stream, enum stream_state state)
{
	if (stream->state == state)
		return;
	stream->state = state;
	stream->events.changed(state, stream->events.data);
}

static void connect_now(struct stream *stream)
{
	sync_splitter_clear(&stream->splitter);
	sync_splitter_init(&stream->splitter);
	set_state(stream, STREAM_CONNECTING);
	stream->io.set_timer(STREAM_CONNECT_MS, stream->io.data);
	stream->io.open(stream_url(stream), stream->io.data);
}

void stream_start(struct stream *stream)
{
	if (stream->n_urls && stream->state == STREAM_NONE)
		connect_now(stream);
}

static unsigned next_delay(const struct stream *stream)
{
	guint rounds = (stream->failures - 1) / stream->n_urls;
	unsigned delay = STREAM_DELAY_MIN_MS << MIN(rounds, 10);

	delay = MIN(delay, STREAM_DELAY_MAX_MS);
	return delay / 2 + (unsigned)(stream->io.random(stream->io.data) * delay / 2);
}

/* The same failure again and again is worth one line. */
static void remember_error(struct stream *stream, const char *why)
{
	if (g_strcmp0(stream->error, why) != 0)
		log_warning("controller %s: %s; the host keeps forwarding, and tries again",
			stream_url(stream), why);
	g_free(stream->error);
	stream->error = g_strdup(why);
}

static void fail(struct stream *stream, const char *why)
{
	stream->io.close(stream->io.data);
	remember_error(stream, why);
	stream->failures++;
	stream->current = (stream->current + 1) % stream->n_urls;
	set_state(stream, STREAM_WAITING);
	stream->io.set_timer(next_delay(stream), stream->io.data);
}

void stream_completed(struct stream *stream)
{
	stream->failures = 0;
}

static bool take_line(const char *line, size_t len, void *data, GError **error)
{
	struct stream *stream = data;

	return stream->events.line(line, len, stream->events.data, error);
}

void stream_bytes(struct stream *stream, const char *bytes, size_t len)
{
	g_autoptr(GError) error = NULL;

	if (stream->state != STREAM_CONNECTING && stream->state != STREAM_CONNECTED)
		return;
	if (stream->state == STREAM_CONNECTING) {
		g_clear_pointer(&stream->error, g_free);
		log_info("controller %s: connected", stream_url(stream));
	}
	set_state(stream, STREAM_CONNECTED);
	stream->io.set_timer(STREAM_SILENCE_MS, stream->io.data);
	if (!sync_splitter_feed(&stream->splitter, bytes, len, take_line, stream, &error))
		fail(stream, error->message);
}

void stream_broken(struct stream *stream, const char *why)
{
	if (stream->state == STREAM_CONNECTING || stream->state == STREAM_CONNECTED)
		fail(stream, why);
}

void stream_timer(struct stream *stream)
{
	switch (stream->state) {
	case STREAM_WAITING:
		connect_now(stream);
		break;
	case STREAM_CONNECTING:
		fail(stream, "no answer for 10 seconds");
		break;
	case STREAM_CONNECTED:
		fail(stream, "nothing heard for 30 seconds");
		break;
	case STREAM_NONE:
		break;
	}
}

enum stream_state stream_state(const struct stream *stream)
{
	return stream->state;
}

const char *stream_url(const struct stream *stream)
{
	return stream->urls[stream->current];
}

const char *stream_error(const struct stream *stream)
{
	return stream->error;
}
