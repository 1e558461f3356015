/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread: it sleeps until a packet arrives, something was set, or a session is due. Its
 * sessions are few enough to be looked at one by one. What both threads touch is under the lock.
 */
#include "agent/bfd/bfd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/bfd/socket.h"
#include "base/log.h"

#define RETRY_US G_USEC_PER_SEC

struct peer {
	struct ip ip; /* first: the key */
	struct bfd_session session;
};

/* Whom to tell; it outlives the bfd while something is still to be told. */
struct listener {
	bfd_changed_fn changed; /* NULL: nobody listens any more */
	void *data;
};

struct bfd {
	GThread *thread;
	GMainContext *context;
	int wake_fd;
	struct listener *listener; /* g_atomic_rc_box */

	GMutex lock;
	bool ending, path_down;
	struct ip own[2];  /* wanted: IPv4, IPv6 */
	GHashTable *peers; /* set of struct peer */
	struct bfd_counts counts;

	/* The thread's alone. */
	struct ip bound[2];
	struct bfd_socket socket[2];
	s64 retry_us; /* when a socket that failed is tried again; 0: none did */
	GRand *random;
};

struct event {
	struct listener *listener;
	struct ip ip;
	bool up;
};

static gboolean tell(gpointer data)
{
	struct event *event = data;

	if (event->listener->changed)
		event->listener->changed(&event->ip, event->up, event->listener->data);
	return G_SOURCE_REMOVE;
}

static void event_free(gpointer data)
{
	struct event *event = data;

	g_atomic_rc_box_release(event->listener);
	g_free(event);
}

/* To the other thread: only that it is up, or is no longer, and the same of its path. */
static void note_change(struct bfd *bfd, const struct peer *peer, const struct bfd_session *before)
{
	struct event event = { bfd->listener, peer->ip, peer->session.state == BFD_UP };
	GSource *source;

	if ((before->state == BFD_UP) == event.up &&
		before->remote_path_down == peer->session.remote_path_down)
		return;
	g_atomic_rc_box_acquire(bfd->listener);
	source = g_idle_source_new();
	g_source_set_priority(source, G_PRIORITY_HIGH);
	g_source_set_callback(source, tell, g_memdup2(&event, sizeof(event)), event_free);
	g_source_attach(source, bfd->context);
	g_source_unref(source);
}

static void close_socket(struct bfd *bfd, int i)
{
	bfd_socket_close(&bfd->socket[i]);
	bfd->bound[i] = (struct ip){ 0 };
}

/* Binds to what is wanted now. */
static void bind_sockets(struct bfd *bfd, s64 now_us)
{
	bfd->retry_us = 0;
	for (int i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;

		if (bfd->own[i].family == bfd->bound[i].family &&
			(!bfd->own[i].family || !ip_compare(&bfd->own[i], &bfd->bound[i])))
			continue;
		close_socket(bfd, i);
		if (!bfd->own[i].family)
			continue;
		if (bfd_socket_open(&bfd->own[i], &bfd->socket[i], &error)) {
			bfd->bound[i] = bfd->own[i];
		} else {
			log_limited(warning, "liveness of other hosts: %s", error->message);
			bfd->retry_us = now_us + RETRY_US;
		}
	}
}

static const struct bfd_socket *socket_of(const struct bfd *bfd, const struct ip *peer)
{
	return &bfd->socket[peer->family == 6];
}

static struct peer *find_session(
	const struct bfd *bfd, const struct ip *from, const struct bfd_packet *packet)
{
	struct peer *peer = g_hash_table_lookup(bfd->peers, from);

	if (peer && packet->your_discriminator &&
		packet->your_discriminator != peer->session.discriminator)
		return NULL;
	return peer;
}

static void receive_all(struct bfd *bfd, const struct bfd_socket *socket)
{
	u8 bytes[BFD_PACKET_BYTES + 64];
	struct bfd_packet packet;
	struct peer *peer;
	struct ip from;
	size_t len;

	while (bfd_socket_receive(socket, bytes, sizeof(bytes), &len, &from)) {
		struct bfd_session before;

		bfd->counts.received++;
		if (!from.family || bfd_packet_read(bytes, len, &packet) ||
			!(peer = find_session(bfd, &from, &packet))) {
			bfd->counts.discarded++;
			continue;
		}
		before = peer->session;
		bfd_session_receive(&peer->session, &packet, g_get_monotonic_time());
		note_change(bfd, peer, &before);
	}
}

/* What is due of one session. */
static void attend(struct bfd *bfd, struct peer *peer, s64 now_us)
{
	const struct bfd_session before = peer->session;
	u8 bytes[BFD_PACKET_BYTES];
	struct bfd_packet packet;

	if (bfd_session_expire(&peer->session, now_us))
		note_change(bfd, peer, &before);
	if (!bfd_session_transmit(&peer->session, now_us, g_rand_int(bfd->random), &packet))
		return;
	bfd_packet_write(&packet, bytes);
	/* What can't be sent is lost like any other packet; the neighbour will miss it. */
	if (bfd_socket_send(socket_of(bfd, &peer->ip), &peer->ip, bytes, sizeof(bytes)))
		bfd->counts.sent++;
}

/* Attends to all that is due; returns when the next will be. */
static s64 attend_all(struct bfd *bfd, s64 now_us)
{
	s64 due = bfd->retry_us ? bfd->retry_us : G_MAXINT64;
	struct peer *peer;
	GHashTableIter i;

	g_hash_table_iter_init(&i, bfd->peers);
	while (g_hash_table_iter_next(&i, (gpointer *)&peer, NULL)) {
		if (bfd_session_due(&peer->session) <= now_us)
			attend(bfd, peer, now_us);
		due = MIN(due, bfd_session_due(&peer->session));
	}
	return due;
}

static int timeout_ms(s64 due_us)
{
	s64 left = due_us - g_get_monotonic_time();

	if (due_us == G_MAXINT64)
		return -1;
	return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, 60000);
}

static void drain(int fd)
{
	u64 n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_limited(warning, "liveness of other hosts: %s", g_strerror(errno));
}

static gpointer run(gpointer data)
{
	struct bfd *bfd = data;

	g_mutex_lock(&bfd->lock);
	while (!bfd->ending) {
		s64 now_us = g_get_monotonic_time(), due_us;
		struct pollfd fds[3];

		bind_sockets(bfd, now_us);
		for (int i = 0; i < 2; i++)
			if (bfd->bound[i].family)
				receive_all(bfd, &bfd->socket[i]);
		due_us = attend_all(bfd, now_us);
		for (int i = 0; i < 2; i++)
			fds[i] = (struct pollfd){ .fd = bfd->socket[i].receive_fd,
				.events = POLLIN };
		fds[2] = (struct pollfd){ .fd = bfd->wake_fd, .events = POLLIN };
		g_mutex_unlock(&bfd->lock);
		poll(fds, G_N_ELEMENTS(fds), timeout_ms(due_us));
		drain(bfd->wake_fd);
		g_mutex_lock(&bfd->lock);
	}
	g_mutex_unlock(&bfd->lock);
	return NULL;
}

static void wake(struct bfd *bfd)
{
	static const u64 one = 1;

	if (write(bfd->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_limited(warning, "liveness of other hosts: %s", g_strerror(errno));
}

struct bfd *bfd_new(bfd_changed_fn changed, void *data)
{
	struct bfd *bfd = g_new0(struct bfd, 1);

	bfd->context = g_main_context_ref_thread_default();
	bfd->listener = g_atomic_rc_box_new0(struct listener);
	*bfd->listener = (struct listener){ changed, data };
	bfd->socket[0] = bfd->socket[1] = BFD_SOCKET_NONE;
	bfd->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	bfd->random = g_rand_new();
	bfd->peers = g_hash_table_new_full(ip_hash, ip_equal, g_free, NULL);
	g_mutex_init(&bfd->lock);
	bfd->thread = g_thread_new("bfd", run, bfd);
	return bfd;
}

void bfd_free(struct bfd *bfd)
{
	if (!bfd)
		return;
	g_mutex_lock(&bfd->lock);
	bfd->ending = true;
	g_mutex_unlock(&bfd->lock);
	wake(bfd);
	g_thread_join(bfd->thread);
	bfd->listener->changed = NULL;
	g_atomic_rc_box_release(bfd->listener);
	for (int i = 0; i < 2; i++)
		close_socket(bfd, i);
	close(bfd->wake_fd);
	g_hash_table_unref(bfd->peers);
	g_rand_free(bfd->random);
	g_main_context_unref(bfd->context);
	g_mutex_clear(&bfd->lock);
	g_free(bfd);
}

/* Not 0, and of no other session. */
static u32 new_discriminator(struct bfd *bfd)
{
	struct peer *peer;
	GHashTableIter i;
	u32 number;

again:
	number = g_random_int();
	g_hash_table_iter_init(&i, bfd->peers);
	while (g_hash_table_iter_next(&i, (gpointer *)&peer, NULL))
		if (peer->session.discriminator == number)
			goto again;
	if (!number)
		goto again;
	return number;
}

static gboolean is_not_in(gpointer peer, gpointer value, gpointer wanted)
{
	(void)value;
	return !g_hash_table_contains(wanted, peer);
}

void bfd_set(struct bfd *bfd, const struct ip *own4, const struct ip *own6, const GArray *peers)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new(ip_hash, ip_equal);

	g_mutex_lock(&bfd->lock);
	bfd->own[0] = *own4;
	bfd->own[1] = *own6;
	for (guint i = 0; i < peers->len; i++) {
		struct ip *ip = &g_array_index(peers, struct ip, i);
		struct peer *peer;

		g_hash_table_add(wanted, ip);
		if (g_hash_table_contains(bfd->peers, ip))
			continue;
		peer = g_new0(struct peer, 1);
		peer->ip = *ip;
		bfd_session_init(&peer->session, new_discriminator(bfd), g_get_monotonic_time());
		peer->session.path_down = bfd->path_down;
		g_hash_table_add(bfd->peers, peer);
	}
	g_hash_table_foreach_remove(bfd->peers, is_not_in, wanted);
	g_mutex_unlock(&bfd->lock);
	wake(bfd);
}

void bfd_set_path_down(struct bfd *bfd, bool down)
{
	s64 now_us = g_get_monotonic_time();
	struct peer *peer;
	GHashTableIter i;

	g_mutex_lock(&bfd->lock);
	bfd->path_down = down;
	g_hash_table_iter_init(&i, bfd->peers);
	while (g_hash_table_iter_next(&i, (gpointer *)&peer, NULL))
		bfd_session_set_path(&peer->session, down, now_us);
	g_mutex_unlock(&bfd->lock);
	wake(bfd);
}

GArray *bfd_peers(struct bfd *bfd, struct bfd_counts *ret_counts)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct bfd_peer));
	struct peer *peer;
	GHashTableIter i;

	g_mutex_lock(&bfd->lock);
	*ret_counts = bfd->counts;
	g_hash_table_iter_init(&i, bfd->peers);
	while (g_hash_table_iter_next(&i, (gpointer *)&peer, NULL)) {
		struct bfd_peer one = { peer->ip, peer->session.state, peer->session.diagnostic,
			peer->session.state == BFD_UP && peer->session.remote_path_down,
			peer->session.changed_us, peer->session.missed };

		g_array_append_val(all, one);
	}
	g_mutex_unlock(&bfd->lock);
	return all;
}

const char *bfd_state_name(enum bfd_state state)
{
	static const char *const names[] = { "admin-down", "down", "init", "up" };

	return names[state];
}

const char *bfd_diagnostic_name(enum bfd_diagnostic diagnostic)
{
	switch (diagnostic) {
	case BFD_DIAG_NONE:
		return "none";
	case BFD_DIAG_EXPIRED:
		return "control-detection-time-expired";
	case BFD_DIAG_NEIGHBOUR_DOWN:
		return "neighbour-signalled-down";
	case BFD_DIAG_PATH_DOWN:
		return "concatenated-path-down";
	}
	return "other";
}
