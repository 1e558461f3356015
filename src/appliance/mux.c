/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/mux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define FRAME_MAX 16384		   /* bytes of data */
#define STREAM_QUEUE_MAX (1 << 18) /* bytes; beyond it nothing is read from connections */
#define LINK_QUEUE_MAX (1 << 24)   /* bytes; beyond it the connection is cut */

enum what { BEGIN = 1, DATA, END };

struct header {
	u32 link;  /* big endian */
	u16 what;  /* big endian */
	u16 bytes; /* big endian */
};
_Static_assert(sizeof(struct header) == 8, "as it is on the stream");

/* What is to be written to a descriptor, and who waits for it. */
struct end {
	int fd;
	GByteArray *queue;
	guint reads, writes; /* sources; 0: none */
};

struct link {
	struct mux *mux;
	struct end end;
	u32 id;
	bool ending; /* when all is written */
};

struct mux {
	struct mux_config config;
	struct end stream;
	GByteArray *in; /* less than a frame */
	GHashTable *links;
	u32 last;
	bool lost;
};

static void end_clear(struct end *end)
{
	g_clear_handle_id(&end->reads, g_source_remove);
	g_clear_handle_id(&end->writes, g_source_remove);
	g_byte_array_unref(end->queue);
}

static void link_free(gpointer data)
{
	struct link *link = data;

	end_clear(&link->end);
	close(link->end.fd);
	g_free(link);
}

/* What can be written now is. False: nothing ever can. */
static bool flush(struct end *end)
{
	ssize_t n = 0;

	while (end->queue->len && (n = write(end->fd, end->queue->data, end->queue->len)) > 0)
		g_byte_array_remove_range(end->queue, 0, (guint)n);
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static void lose(struct mux *mux)
{
	if (mux->lost)
		return;
	mux->lost = true;
	g_clear_handle_id(&mux->stream.reads, g_source_remove);
	g_clear_handle_id(&mux->stream.writes, g_source_remove);
	g_hash_table_remove_all(mux->links);
	if (mux->config.lost)
		mux->config.lost(mux->config.user);
}

static gboolean on_link_readable(int fd, GIOCondition condition, gpointer data);

static void read_links(struct mux *mux)
{
	GHashTableIter iter;
	struct link *link;

	g_hash_table_iter_init(&iter, mux->links);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&link))
		if (!link->end.reads && !link->ending)
			link->end.reads = g_unix_fd_add(
				link->end.fd, G_IO_IN | G_IO_HUP, on_link_readable, link);
}

static gboolean on_stream_writable(int fd, GIOCondition condition, gpointer data)
{
	struct mux *mux = data;

	(void)fd, (void)condition;
	if (!flush(&mux->stream)) {
		mux->stream.writes = 0;
		lose(mux);
		return G_SOURCE_REMOVE;
	}
	if (mux->stream.queue->len)
		return G_SOURCE_CONTINUE;
	mux->stream.writes = 0;
	read_links(mux);
	return G_SOURCE_REMOVE;
}

static void post(struct mux *mux, u32 id, enum what what, const void *data, size_t bytes)
{
	const struct header header = { htonl(id), htons((u16)what), htons((u16)bytes) };

	if (mux->lost)
		return;
	g_byte_array_append(mux->stream.queue, (const guint8 *)&header, sizeof(header));
	g_byte_array_append(mux->stream.queue, data, (guint)bytes);
	if (!mux->stream.writes)
		mux->stream.writes =
			g_unix_fd_add(mux->stream.fd, G_IO_OUT | G_IO_ERR, on_stream_writable, mux);
}

static void cut(struct link *link)
{
	struct mux *mux = link->mux;

	post(mux, link->id, END, "", 0);
	g_hash_table_remove(mux->links, GUINT_TO_POINTER(link->id));
}

static gboolean on_link_readable(int fd, GIOCondition condition, gpointer data)
{
	struct link *link = data;
	char buf[FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		link->end.reads = 0;
		cut(link);
		return G_SOURCE_REMOVE;
	}
	post(link->mux, link->id, DATA, buf, (size_t)n);
	if (link->mux->stream.queue->len < STREAM_QUEUE_MAX)
		return G_SOURCE_CONTINUE;
	link->end.reads = 0;
	return G_SOURCE_REMOVE;
}

static gboolean on_link_writable(int fd, GIOCondition condition, gpointer data)
{
	struct link *link = data;
	bool ok = flush(&link->end);

	(void)fd, (void)condition;
	if (ok && link->end.queue->len)
		return G_SOURCE_CONTINUE;
	link->end.writes = 0;
	if (!ok)
		cut(link);
	else if (link->ending)
		g_hash_table_remove(link->mux->links, GUINT_TO_POINTER(link->id));
	return G_SOURCE_REMOVE;
}

static void deliver(struct link *link, const u8 *data, size_t bytes)
{
	g_byte_array_append(link->end.queue, data, (guint)bytes);
	if (link->end.queue->len > LINK_QUEUE_MAX)
		return cut(link);
	if (!link->end.writes)
		link->end.writes =
			g_unix_fd_add(link->end.fd, G_IO_OUT | G_IO_ERR, on_link_writable, link);
}

static void add_link(struct mux *mux, u32 id, int fd)
{
	struct link *link = g_new0(struct link, 1);

	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	link->mux = mux;
	link->id = id;
	link->end = (struct end){ .fd = fd, .queue = g_byte_array_new() };
	g_hash_table_replace(mux->links, GUINT_TO_POINTER(id), link);
	read_links(mux);
}

static void begin(struct mux *mux, u32 id)
{
	int fd = mux->config.open ? mux->config.open(mux->config.user) : -1;

	if (fd < 0)
		post(mux, id, END, "", 0);
	else
		add_link(mux, id, fd);
}

static void take(struct mux *mux, u32 id, enum what what, const u8 *data, size_t bytes)
{
	struct link *link = g_hash_table_lookup(mux->links, GUINT_TO_POINTER(id));

	if (what == BEGIN && !link)
		return begin(mux, id);
	if (!link)
		return; /* one that we have cut */
	if (what == DATA)
		return deliver(link, data, bytes);
	if (!link->end.queue->len) {
		g_hash_table_remove(mux->links, GUINT_TO_POINTER(id));
		return;
	}
	link->ending = true;
	g_clear_handle_id(&link->end.reads, g_source_remove);
}

/* False: it is no frame. */
static bool take_frames(struct mux *mux)
{
	struct header header;
	size_t at = 0, bytes;

	while (mux->in->len - at >= sizeof(header)) {
		memcpy(&header, mux->in->data + at, sizeof(header));
		bytes = ntohs(header.bytes);
		if (bytes > FRAME_MAX || ntohs(header.what) < BEGIN || ntohs(header.what) > END)
			return false;
		if (mux->in->len - at - sizeof(header) < bytes)
			break;
		take(mux, ntohl(header.link), ntohs(header.what),
			mux->in->data + at + sizeof(header), bytes);
		at += sizeof(header) + bytes;
	}
	if (at)
		g_byte_array_remove_range(mux->in, 0, (guint)at);
	return true;
}

static gboolean on_stream_readable(int fd, GIOCondition condition, gpointer data)
{
	struct mux *mux = data;
	u8 buf[FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n > 0) {
		g_byte_array_append(mux->in, buf, (guint)n);
		if (take_frames(mux))
			return G_SOURCE_CONTINUE;
		log_warning("what comes by the channel is not what it should be");
	}
	mux->stream.reads = 0;
	lose(mux);
	return G_SOURCE_REMOVE;
}

struct mux *mux_new(const struct mux_config *config)
{
	struct mux *mux = g_new0(struct mux, 1);

	mux->config = *config;
	mux->stream = (struct end){ .fd = config->stream, .queue = g_byte_array_new() };
	mux->in = g_byte_array_new();
	mux->links = g_hash_table_new_full(NULL, NULL, NULL, link_free);
	mux->stream.reads =
		g_unix_fd_add(mux->stream.fd, G_IO_IN | G_IO_HUP, on_stream_readable, mux);
	return mux;
}

void mux_add(struct mux *mux, int fd)
{
	if (mux->lost) {
		close(fd);
		return;
	}
	mux->last++;
	post(mux, mux->last, BEGIN, "", 0);
	add_link(mux, mux->last, fd);
}

unsigned mux_links(const struct mux *mux)
{
	return g_hash_table_size(mux->links);
}

void mux_free(struct mux *mux)
{
	g_hash_table_unref(mux->links);
	end_clear(&mux->stream);
	g_byte_array_unref(mux->in);
	g_free(mux);
}
