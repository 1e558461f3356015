/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream is in one of three states. While it has bytes to send, libmicrohttpd pulls them
 * (stream_read). When there are none the connection is suspended, until http_stream_flush(). While
 * it is suspended libmicrohttpd does not look at the socket, so the server's own epoll does, for
 * nothing but the client's going away. Once broken or ended, the next pull says so, and
 * libmicrohttpd closes the connection and frees the stream (stream_free).
 */
#include "http/stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/server_impl.h"

/* A client whose machine vanished: unacknowledged bytes for so long end the connection. */
#define VANISHED_MS 30000
#define BLOCK_SIZE 16384
#define COMPACT_AT (64 * 1024)
#define KEEP_MAX (64 * 1024)

struct http_stream {
	GList link; /* in the server's */
	struct http_stream_config config;
	struct http_server *server;
	struct MHD_Connection *connection;
	int fd;
	GString *buffer;
	size_t sent; /* of the buffer */
	size_t buffer_max;
	bool suspended, broken, ended;
};

static void wake(struct http_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	loop_resume(stream->server, stream->connection);
}

/* A buffer that was large once need not stay so. */
static void drained(struct http_stream *stream)
{
	if (stream->buffer->allocated_len > KEEP_MAX) {
		g_string_free(stream->buffer, TRUE);
		stream->buffer = g_string_new(NULL);
	}
	g_string_truncate(stream->buffer, 0);
	stream->sent = 0;
}

static ssize_t stream_read(void *user, uint64_t position, char *out, size_t max)
{
	struct http_stream *stream = user;
	size_t n = MIN(max, stream->buffer->len - stream->sent);

	(void)position;
	if (stream->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!n && stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		stream->suspended = true;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	memcpy(out, stream->buffer->str + stream->sent, n);
	stream->sent += n;
	if (stream->sent == stream->buffer->len) {
		drained(stream);
		stream->buffer_max = stream->config.buffer_max;
	} else if (stream->sent > COMPACT_AT && stream->sent > stream->buffer->len / 2) {
		g_string_erase(stream->buffer, 0, (gssize)stream->sent);
		stream->sent = 0;
	}
	return (ssize_t)n;
}

static void stream_free(void *user)
{
	struct http_stream *stream = user;

	g_queue_unlink(&stream->server->streams, &stream->link);
	epoll_ctl(stream->server->watch_fd, EPOLL_CTL_DEL, stream->fd, NULL);
	if (!stream->ended && stream->config.closed)
		stream->config.closed(stream->config.user);
	g_string_free(stream->buffer, TRUE);
	g_free(stream);
}

struct http_stream *http_request_stream(
	struct http_request *request, const struct http_stream_config *config)
{
	struct http_stream *stream = g_new0(struct http_stream, 1);
	struct epoll_event watch = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = stream };
	const unsigned vanished_ms = VANISHED_MS;

	stream->config = *config;
	stream->buffer_max = config->buffer_max;
	stream->server = request->server;
	stream->connection = request->connection;
	stream->fd = connection_fd(request->connection);
	stream->buffer = g_string_new(NULL);
	stream->link.data = stream;
	g_queue_push_tail_link(&stream->server->streams, &stream->link);
	setsockopt(stream->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &vanished_ms, sizeof vanished_ms);
	if (epoll_ctl(stream->server->watch_fd, EPOLL_CTL_ADD, stream->fd, &watch))
		log_warning("can't watch the client of a stream: %s", g_strerror(errno));
	request_set_response(request, config->status, config->content_type,
		MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, BLOCK_SIZE, stream_read, stream, stream_free));
	return stream;
}

void http_stream_write(struct http_stream *stream, const char *bytes, size_t len)
{
	if (stream->broken || stream->ended)
		return;
	if (stream->buffer->len - stream->sent + len > stream->buffer_max) {
		log_limited(warning, "a client left %zu bytes of its stream unread: disconnected",
			stream->buffer->len - stream->sent);
		stream->broken = true;
		/* When it is not suspended it waits for the socket, which this ends. */
		shutdown(stream->fd, SHUT_RDWR);
		wake(stream);
		return;
	}
	g_string_append_len(stream->buffer, bytes, (gssize)len);
}

void http_stream_write_bulk(struct http_stream *stream, GString *bytes)
{
	stream->buffer_max += bytes->len;
	if (stream->buffer->len || stream->broken || stream->ended) {
		http_stream_write(stream, bytes->str, bytes->len);
	} else { /* no second copy of a large one */
		GString *empty = stream->buffer;

		stream->buffer = bytes;
		bytes = empty;
	}
	g_string_free(bytes, TRUE);
}

void http_stream_flush(struct http_stream *stream)
{
	if (stream->buffer->len > stream->sent)
		wake(stream);
}

void http_stream_end(struct http_stream *stream)
{
	stream->ended = true;
	wake(stream);
}

static gboolean on_watch(gint fd, GIOCondition condition, gpointer user)
{
	struct epoll_event events[64];
	int n = epoll_wait(fd, events, G_N_ELEMENTS(events), 0);

	(void)condition, (void)user;
	for (int i = 0; i < n; i++) {
		struct http_stream *stream = events[i].data.ptr;

		if (!(events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			continue;
		stream->broken = true;
		wake(stream);
	}
	return G_SOURCE_CONTINUE;
}

void streams_abandon(struct http_server *server)
{
	for (GList *link = server->streams.head; link; link = link->next) {
		struct http_stream *stream = link->data;

		stream->config.closed = NULL;
		stream->broken = true;
		wake(stream);
	}
}

GSource *stream_watch_new(struct http_server *server)
{
	GSource *source = g_unix_fd_source_new(server->watch_fd, G_IO_IN);

	g_source_set_callback(source, G_SOURCE_FUNC(on_watch), NULL, NULL);
	g_source_set_name(source, "http stream watch");
	g_source_attach(source, g_main_context_get_thread_default());
	return source;
}
