/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outside.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/announce.h"
#include "base/log.h"
#include "datapath/datapath.h"

#define ASK_US G_USEC_PER_SEC
#define ASKED_MAX 4096 /* targets that are remembered */

/* An address on a wire's network. */
struct target {
	u32 vni;
	struct ip ip;
};

struct announcement {
	struct target target; /* first: the key */
	struct mac mac;
	unsigned left;
};

struct question {
	struct target target; /* first: the key */
	s64 asked_us;
};

struct outside {
	int fd; /* -1: not yet */
	GHashTable *announcements, *questions;
	guint timer;
};

static guint target_hash(gconstpointer data)
{
	const struct target *target = data;

	return target->vni * 31 + ip_hash(&target->ip);
}

static gboolean target_equal(gconstpointer a, gconstpointer b)
{
	const struct target *x = a, *y = b;

	return x->vni == y->vni && !ip_compare(&x->ip, &y->ip);
}

static int ifindex_of(u32 vni)
{
	return (int)((vni & ~DP_WIRE) >> 12);
}

static bool open_socket(struct outside *outside)
{
	if (outside->fd < 0)
		outside->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (outside->fd < 0)
		log_limited(warning, "no socket for frames to the outside: %s", g_strerror(errno));
	return outside->fd >= 0;
}

static bool device_mac(const struct outside *outside, int ifindex, struct mac *ret)
{
	struct ifreq request = { 0 };

	if (!if_indextoname((unsigned)ifindex, request.ifr_name) ||
		ioctl(outside->fd, SIOCGIFHWADDR, &request) < 0)
		return false;
	memcpy(ret->b, request.ifr_hwaddr.sa_data, sizeof(ret->b));
	return true;
}

/* What can't be sent is lost, like any other frame; it is said again. */
static void send_frame(const struct outside *outside, u32 vni, struct frame *frame)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex_of(vni) };
	char name[IF_NAMESIZE] = "?";

	if (vni & 0xfff)
		tag_frame(frame, vni & 0xfff);
	if (sendto(outside->fd, frame->data, frame->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		log_limited(warning, "frame to the outside on %s: %s",
			if_indextoname((unsigned)to.sll_ifindex, name), g_strerror(errno));
}

static void say(struct outside *outside, struct announcement *announcement)
{
	struct frame frame;

	announcement->left--;
	announce(&announcement->mac, &announcement->target.ip, &frame);
	send_frame(outside, announcement->target.vni, &frame);
}

static gboolean say_all(gpointer data)
{
	struct outside *outside = data;
	struct announcement *announcement;
	GHashTableIter i;

	g_hash_table_iter_init(&i, outside->announcements);
	while (g_hash_table_iter_next(&i, (gpointer *)&announcement, NULL)) {
		say(outside, announcement);
		if (!announcement->left)
			g_hash_table_iter_remove(&i);
	}
	if (g_hash_table_size(outside->announcements))
		return G_SOURCE_CONTINUE;
	outside->timer = 0;
	return G_SOURCE_REMOVE;
}

void outside_announce(struct outside *outside, u32 vni, const struct mac *mac, const struct ip *ip)
{
	struct announcement announcement = { { vni, *ip }, *mac, OUTSIDE_ANNOUNCEMENTS };

	if (!open_socket(outside))
		return;
	say(outside, &announcement);
	g_hash_table_add(outside->announcements, g_memdup2(&announcement, sizeof(announcement)));
	if (!outside->timer)
		outside->timer = g_timeout_add_seconds(1, say_all, outside);
}

void outside_forget(struct outside *outside, u32 vni, const struct ip *ip)
{
	struct target target = { vni, *ip };

	g_hash_table_remove(outside->announcements, &target);
}

void outside_forget_all(struct outside *outside)
{
	g_hash_table_remove_all(outside->announcements);
}

static gboolean is_old(gpointer key, gpointer value, gpointer now_us)
{
	(void)value;
	return *(s64 *)now_us - ((const struct question *)key)->asked_us >= ASK_US;
}

void outside_ask(struct outside *outside, u32 vni, const struct ip *ip)
{
	struct question question = { { vni, *ip }, g_get_monotonic_time() };
	const struct question *last = g_hash_table_lookup(outside->questions, &question);
	struct frame frame;
	struct mac mac;

	if (last && question.asked_us - last->asked_us < ASK_US)
		return;
	if (g_hash_table_size(outside->questions) >= ASKED_MAX)
		g_hash_table_foreach_remove(outside->questions, is_old, &question.asked_us);
	if (g_hash_table_size(outside->questions) >= ASKED_MAX || !open_socket(outside) ||
		!device_mac(outside, ifindex_of(vni), &mac))
		return;
	g_hash_table_add(outside->questions, g_memdup2(&question, sizeof(question)));
	ask_neighbour(&mac, ip, &frame);
	send_frame(outside, vni, &frame);
}

struct outside *outside_new(void)
{
	struct outside *outside = g_new0(struct outside, 1);

	outside->fd = -1;
	outside->announcements = g_hash_table_new_full(target_hash, target_equal, g_free, NULL);
	outside->questions = g_hash_table_new_full(target_hash, target_equal, g_free, NULL);
	return outside;
}

void outside_free(struct outside *outside)
{
	if (!outside)
		return;
	g_clear_handle_id(&outside->timer, g_source_remove);
	g_hash_table_unref(outside->announcements);
	g_hash_table_unref(outside->questions);
	if (outside->fd >= 0)
		close(outside->fd);
	g_free(outside);
}
