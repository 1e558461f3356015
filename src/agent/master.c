/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/master.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define SILENT_US (3 * G_USEC_PER_SEC)
#define DEAF_US (G_USEC_PER_SEC / 2) /* a machine that ends says a last word or two */

struct listener {
	struct masters *masters;
	struct uuid port; /* first of what is the key */
	struct mac mac;
	u32 ifindex;
	int fd;
	guint watch;
	s64 heard_us; /* 0: not since it listens, or not any more */
	s64 deaf_us;  /* until then it is not believed */
	enum master_says told;
	bool stale;
};

struct masters {
	const struct reconcile *reconcile;
	void (*changed)(const struct uuid *port, enum master_says says, void *data);
	void *data;
	GHashTable *listeners; /* port id → struct listener */
};

#define NEXT_HEADER (ETH_HLEN + 6)
#define ICMP6_TYPE (ETH_HLEN + 40)
#define NEIGHBOUR_ADVERTISEMENT 136

/* ARP or a neighbour advertisement that has the MAC as its sender, on its way to us. */
static bool filter(int fd, const struct mac *mac)
{
	u32 high = (u32)mac->b[0] << 24 | (u32)mac->b[1] << 16 | (u32)mac->b[2] << 8 | mac->b[3];
	u32 low = (u32)mac->b[4] << 8 | mac->b[5];
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 11),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NEXT_HEADER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 9),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ICMP6_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NEIGHBOUR_ADVERTISEMENT, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 10),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (u32)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { G_N_ELEMENTS(code), code };

	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* All protocols: only these are seen before the edge switch has them. Bound last, so that nothing
 * is seen that the filter does not let through. */
static int open_socket(u32 ifindex, const struct mac *mac)
{
	const struct sockaddr_ll where = { .sll_family = AF_PACKET,
		.sll_protocol = g_htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
		(!filter(fd, mac) || bind(fd, (const struct sockaddr *)&where, sizeof(where)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Any of the other hosts that the port is bound to: of those that are known. */
static bool others_are_dead(const struct masters *masters, const struct endpoint *endpoint)
{
	const struct reconcile *reconcile = masters->reconcile;

	if (redundant_is_dead(reconcile, endpoint->member))
		return true;
	for (guint i = 0; i < endpoint->standby->len; i++) {
		const struct member *member =
			g_hash_table_lookup(endpoint->member->network->members,
				&g_array_index(endpoint->standby, struct uuid, i));

		if (member && redundant_is_dead(reconcile, member))
			return true;
	}
	return false;
}

static enum master_says says(const struct listener *listener)
{
	const struct endpoint *endpoint =
		desired_endpoint(listener->masters->reconcile->desired, &listener->port);
	unsigned bits = listener->heard_us ? MASTER_CLAIMED : MASTER_SILENT;

	if (endpoint && endpoint->standby && others_are_dead(listener->masters, endpoint))
		bits |= MASTER_OTHERS_DEAD;
	return (enum master_says)bits;
}

static void tell(struct listener *listener)
{
	enum master_says now = says(listener);

	if (now == listener->told)
		return;
	listener->told = now;
	listener->masters->changed(&listener->port, now, listener->masters->data);
}

static bool hear(int fd)
{
	bool any = false;
	u8 frame[64];

	while (recv(fd, frame, sizeof(frame), 0) > 0)
		any = true;
	return any;
}

static gboolean heard(gint fd, GIOCondition condition, gpointer data)
{
	struct listener *listener = data;

	(void)condition;
	if (hear(fd) && g_get_monotonic_time() >= listener->deaf_us)
		listener->heard_us = g_get_monotonic_time();
	tell(listener);
	return G_SOURCE_CONTINUE;
}

static void stop(struct listener *listener)
{
	g_clear_handle_id(&listener->watch, g_source_remove);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	listener->ifindex = 0;
	listener->heard_us = 0;
}

static void listen_at(struct listener *listener, const struct port *port)
{
	stop(listener);
	if (!port->applied_ifindex)
		return;
	listener->mac = port->record.mac;
	listener->ifindex = port->applied_ifindex;
	listener->fd = open_socket(listener->ifindex, &listener->mac);
	if (listener->fd < 0) {
		log_limited(warning, "who is master at %s can't be heard: %s", port->applied_name,
			g_strerror(errno));
		return;
	}
	listener->watch = g_unix_fd_add(listener->fd, G_IO_IN, heard, listener);
}

static void listener_free(gpointer data)
{
	struct listener *listener = data;

	stop(listener);
	g_free(listener);
}

struct masters *masters_new(const struct reconcile *reconcile,
	void (*changed)(const struct uuid *port, enum master_says says, void *data), void *data)
{
	struct masters *masters = g_new(struct masters, 1);

	*masters = (struct masters){ reconcile, changed, data,
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, listener_free) };
	return masters;
}

void masters_free(struct masters *masters)
{
	if (!masters)
		return;
	g_hash_table_unref(masters->listeners);
	g_free(masters);
}

static void update_one(struct masters *masters, const struct port *port)
{
	struct listener *listener = g_hash_table_lookup(masters->listeners, &port->id);

	if (!listener) {
		listener = g_new0(struct listener, 1);
		listener->masters = masters;
		listener->port = port->id;
		listener->fd = -1;
		g_hash_table_insert(masters->listeners, &listener->port, listener);
	}
	listener->stale = false;
	if (listener->ifindex != port->applied_ifindex ||
		mac_compare(&listener->mac, &port->record.mac))
		listen_at(listener, port);
	tell(listener);
}

static gboolean is_stale(gpointer key, gpointer value, gpointer data)
{
	(void)key, (void)data;
	return ((struct listener *)value)->stale;
}

void masters_update(struct masters *masters)
{
	const struct desired *desired = masters->reconcile->desired;
	const struct endpoint *endpoint;
	struct listener *listener;
	GHashTableIter i;

	if (!g_hash_table_size(desired->redundant) && !g_hash_table_size(masters->listeners))
		return;
	g_hash_table_iter_init(&i, masters->listeners);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&listener))
		listener->stale = true;
	g_hash_table_iter_init(&i, desired->redundant);
	while (g_hash_table_iter_next(&i, (gpointer *)&endpoint, NULL)) {
		const struct port *port = desired_port(desired, &endpoint->id);

		if (port && port->known)
			update_one(masters, port);
	}
	g_hash_table_foreach_remove(masters->listeners, is_stale, NULL);
}

void masters_deny(struct masters *masters, const struct uuid *port)
{
	struct listener *listener = g_hash_table_lookup(masters->listeners, port);

	if (!listener)
		return;
	hear(listener->fd); /* what it said before is no news */
	listener->heard_us = 0;
	listener->deaf_us = g_get_monotonic_time() + DEAF_US;
	tell(listener);
}

void masters_judge(struct masters *masters)
{
	struct listener *listener;
	GHashTableIter i;

	g_hash_table_iter_init(&i, masters->listeners);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&listener))
		tell(listener);
}

void masters_second(struct masters *masters)
{
	s64 now_us = g_get_monotonic_time();
	struct listener *listener;
	GHashTableIter i;

	g_hash_table_iter_init(&i, masters->listeners);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&listener)) {
		if (listener->heard_us && now_us - listener->heard_us > SILENT_US)
			listener->heard_us = 0;
		if (listener->told & MASTER_OTHERS_DEAD)
			listener->told = MASTER_SILENT;
		tell(listener);
	}
}
