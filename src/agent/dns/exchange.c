/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/exchange.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dns/wire.h"

#define REPLY_MAX 65535

struct dns_exchange {
	int fd;
	GSource *source;
	struct ip server;
	u16 port;
	u8 *query; /* behind two bytes for TCP's length */
	size_t query_len, question_len;
	u8 *stream; /* TCP: length and reply, as far as they have come */
	size_t stream_len;
	dns_exchange_done done;
	void *data;
};

static void close_socket(struct dns_exchange *x)
{
	if (x->source) {
		g_source_destroy(x->source);
		g_source_unref(x->source);
		x->source = NULL;
	}
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

void dns_exchange_free(struct dns_exchange *x)
{
	if (!x)
		return;
	close_socket(x);
	g_free(x->query);
	g_free(x->stream);
	g_free(x);
}

/* Hands the outcome over; @x may be gone afterwards. */
static gboolean finish(struct dns_exchange *x, const u8 *reply, size_t len)
{
	g_autofree u8 *stream = g_steal_pointer(&x->stream); /* @reply may be in it */

	close_socket(x);
	x->done(reply, len, x->data);
	return G_SOURCE_REMOVE;
}

static void watch(struct dns_exchange *x, GIOCondition condition, GUnixFDSourceFunc callback)
{
	x->source = g_unix_fd_source_new(x->fd, condition);
	g_source_set_callback(x->source, G_SOURCE_FUNC(callback), x, NULL);
	g_source_attach(x->source, g_main_context_get_thread_default());
}

static bool open_socket(struct dns_exchange *x, int type)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(x->port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(x->port) };
	bool is_ip4 = x->server.family == 4;

	memcpy(&sin.sin_addr, x->server.b, 4);
	memcpy(&sin6.sin6_addr, x->server.b, 16);
	x->fd = socket(is_ip4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return false;
	const struct sockaddr *to =
		is_ip4 ? (const struct sockaddr *)&sin : (const struct sockaddr *)&sin6;
	return connect(x->fd, to, is_ip4 ? sizeof(sin) : sizeof(sin6)) == 0 || errno == EINPROGRESS;
}

/* Names are the same in upper and lower case. */
static bool is_same_question(const u8 *a, const u8 *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (g_ascii_tolower((char)a[i]) != g_ascii_tolower((char)b[i]))
			return false;
	}
	return true;
}

/* Same id, a response, the same question. */
static bool is_reply(const struct dns_exchange *x, const u8 *reply, size_t len)
{
	const u8 *query = x->query + 2;

	return len >= DNS_HEADER_BYTES + x->question_len && memcmp(reply, query, 2) == 0 &&
	       reply[2] & (DNS_RESPONSE >> 8) && reply[4] == 0 && reply[5] == 1 &&
	       is_same_question(
		       reply + DNS_HEADER_BYTES, query + DNS_HEADER_BYTES, x->question_len);
}

static gboolean on_tcp_readable(int fd, GIOCondition condition, gpointer data)
{
	struct dns_exchange *x = data;
	size_t want = x->stream_len < 2 ? 2 : 2 + (size_t)(x->stream[0] << 8 | x->stream[1]);
	ssize_t n = read(fd, x->stream + x->stream_len, want - x->stream_len);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0)
		return finish(x, NULL, 0);
	x->stream_len += (size_t)n;
	if (x->stream_len == 2 || x->stream_len < want)
		return G_SOURCE_CONTINUE;
	const u8 *reply = x->stream + 2;
	return is_reply(x, reply, want - 2) ? finish(x, reply, want - 2) : finish(x, NULL, 0);
}

/* Connected, or not. The query is small: a fresh connection takes it whole. */
static gboolean on_tcp_writable(int fd, GIOCondition condition, gpointer data)
{
	struct dns_exchange *x = data;

	(void)condition;
	if (send(fd, x->query, x->query_len + 2, MSG_NOSIGNAL) != (ssize_t)x->query_len + 2)
		return finish(x, NULL, 0);
	x->stream = g_malloc(2 + REPLY_MAX);
	x->stream_len = 0;
	g_source_unref(x->source); /* this one ends with the return */
	watch(x, G_IO_IN, on_tcp_readable);
	return G_SOURCE_REMOVE;
}

static gboolean again_by_tcp(struct dns_exchange *x)
{
	close_socket(x);
	if (!open_socket(x, SOCK_STREAM))
		return finish(x, NULL, 0);
	watch(x, G_IO_OUT, on_tcp_writable);
	return G_SOURCE_REMOVE;
}

static gboolean on_udp_readable(int fd, GIOCondition condition, gpointer data)
{
	struct dns_exchange *x = data;
	u8 reply[4096]; /* more than we have offered to take */
	ssize_t n = recv(fd, reply, sizeof(reply), 0);

	(void)condition;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? G_SOURCE_CONTINUE : finish(x, NULL, 0);
	if (!is_reply(x, reply, (size_t)n))
		return G_SOURCE_CONTINUE; /* the true one may still come */
	if (reply[2] & (DNS_TRUNCATED >> 8))
		return again_by_tcp(x);
	return finish(x, reply, (size_t)n);
}

struct dns_exchange *dns_exchange_new(const struct ip *server, u16 port, const u8 *query,
	size_t len, size_t question_len, dns_exchange_done done, void *data)
{
	struct dns_exchange *x = g_new0(struct dns_exchange, 1);

	*x = (struct dns_exchange){ .fd = -1,
		.server = *server,
		.port = port,
		.query_len = len,
		.question_len = question_len,
		.done = done,
		.data = data };
	x->query = g_malloc(len + 2);
	put_u16(x->query, (u16)len);
	memcpy(x->query + 2, query, len);
	if (!open_socket(x, SOCK_DGRAM) || send(x->fd, query, len, 0) != (ssize_t)len) {
		dns_exchange_free(x);
		return NULL;
	}
	watch(x, G_IO_IN, on_udp_readable);
	return x;
}
