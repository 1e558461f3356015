/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/log.h"

#define BUFFER_BYTES 65536
#define ROOM_BYTES (4 * 1024 * 1024) /* of what is not read yet; a filter may be large */
#define PAUSE_MS 200		     /* what belongs together comes together */
#define PAUSE_BUSY_MS 1000	     /* after one that was told just now */
#define TABLE "weft"
#define TABLE_ATTR 1 /* NFTA_TABLE_NAME, NFTA_RULE_TABLE, and so on: of all that is in a table */

struct watch {
	struct mnl_socket *filter, *network;
	guint sources[2], timer;
	s64 told_us;
	struct watch_heard heard;
	void (*changed)(const struct watch_heard *heard, void *user);
	void *user;
};

static const char *family_name(u8 family)
{
	static const char *const names[] = { [NFPROTO_INET] = "inet",
		[NFPROTO_IPV4] = "ip",
		[NFPROTO_ARP] = "arp",
		[NFPROTO_NETDEV] = "netdev",
		[NFPROTO_BRIDGE] = "bridge",
		[NFPROTO_IPV6] = "ip6" };

	return family < G_N_ELEMENTS(names) ? names[family] : NULL;
}

static int take_table(const struct nlattr *attr, void *data)
{
	const char **ret = data;

	if (mnl_attr_get_type(attr) == TABLE_ATTR &&
		mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*ret = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* The kernel takes any text for a name; nft(8) is told words alone. */
static bool is_word(const char *name)
{
	return g_ascii_isalpha(*name) &&
	       !name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_./-")];
}

static int take_filter(const struct nlmsghdr *header, void *data)
{
	u16 type = header->nlmsg_type & 0xff;
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	const char *family = family_name(message->nfgen_family), *table = NULL;
	struct watch *watch = data;

	if (header->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || type == NFT_MSG_NEWGEN)
		return MNL_CB_OK;
	mnl_attr_parse(header, sizeof(*message), take_table, &table);
	if (message->nfgen_family == NFPROTO_INET && !g_strcmp0(table, TABLE))
		watch->heard.filter = true;
	else if (table && family && type == NFT_MSG_NEWTABLE && is_word(table))
		g_hash_table_add(watch->heard.tables, g_strdup_printf("%s %s", family, table));
	return MNL_CB_OK;
}

/* Those of bgpd come and go by the thousand. */
static bool is_daemons_route(const struct nlmsghdr *header)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(header);

	return (header->nlmsg_type == RTM_NEWROUTE || header->nlmsg_type == RTM_DELROUTE) &&
	       (route->rtm_protocol == RTPROT_BGP || route->rtm_protocol == RTPROT_KEEPALIVED);
}

static int take_network(const struct nlmsghdr *header, void *data)
{
	struct watch *watch = data;

	if (!is_daemons_route(header))
		watch->heard.network = true;
	return MNL_CB_OK;
}

/* What was lost may have been anything. */
static void read_all(struct watch *watch, struct mnl_socket *socket, mnl_cb_t take)
{
	g_autofree char *buffer = g_malloc(BUFFER_BYTES);

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(socket, buffer, BUFFER_BYTES);

		if (n < 0 && errno == ENOBUFS) {
			watch->heard.filter |= socket == watch->filter;
			watch->heard.network = true;
			continue;
		}
		if (n <= 0)
			return;
		mnl_cb_run(buffer, (size_t)n, 0, 0, take, watch);
	}
}

static void forget(struct watch *watch)
{
	watch->heard.filter = watch->heard.network = false;
	g_hash_table_remove_all(watch->heard.tables);
	g_clear_handle_id(&watch->timer, g_source_remove);
}

static gboolean tell(gpointer data)
{
	struct watch *watch = data;

	watch->timer = 0;
	watch->told_us = g_get_monotonic_time();
	watch->changed(&watch->heard, watch->user);
	forget(watch);
	return G_SOURCE_REMOVE;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct watch *watch = data;
	bool busy = g_get_monotonic_time() - watch->told_us < PAUSE_BUSY_MS * 1000;

	(void)condition;
	if (fd == mnl_socket_get_fd(watch->filter))
		read_all(watch, watch->filter, take_filter);
	else
		read_all(watch, watch->network, take_network);
	if (!watch->timer && (watch->heard.filter || watch->heard.network ||
				     g_hash_table_size(watch->heard.tables)))
		watch->timer = g_timeout_add(busy ? PAUSE_BUSY_MS : PAUSE_MS, tell, watch);
	return G_SOURCE_CONTINUE;
}

static struct mnl_socket *listen_to(int bus, const int *groups, size_t n)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int room = ROOM_BYTES;

	if (!socket)
		return NULL;
	/* More than usual is for who may; less is not wrong. */
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	/* Without a number of its own it is taken for who has made the change. */
	for (size_t i = 0; i < n; i++)
		if ((!i && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)) ||
			mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
				sizeof(groups[i])) < 0) {
			mnl_socket_close(socket);
			return NULL;
		}
	return socket;
}

struct watch *watch_new(
	void (*changed)(const struct watch_heard *heard, void *user), void *user, GError **error)
{
	static const int filter[] = { NFNLGRP_NFTABLES };
	static const int network[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE };
	struct watch *watch = g_new0(struct watch, 1);
	struct mnl_socket *sockets[2];

	watch->changed = changed;
	watch->user = user;
	watch->heard.tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	watch->filter = sockets[0] = listen_to(NETLINK_NETFILTER, filter, G_N_ELEMENTS(filter));
	watch->network = sockets[1] = listen_to(NETLINK_ROUTE, network, G_N_ELEMENTS(network));
	for (size_t i = 0; i < G_N_ELEMENTS(sockets); i++) {
		if (!sockets[i]) {
			weft_fail_errno(error, errno, "hear what is changed in the kernel");
			watch_free(watch);
			return NULL;
		}
		watch->sources[i] =
			g_unix_fd_add(mnl_socket_get_fd(sockets[i]), G_IO_IN, readable, watch);
	}
	return watch;
}

void watch_free(struct watch *watch)
{
	g_clear_handle_id(&watch->sources[0], g_source_remove);
	g_clear_handle_id(&watch->sources[1], g_source_remove);
	forget(watch);
	g_hash_table_unref(watch->heard.tables);
	if (watch->filter)
		mnl_socket_close(watch->filter);
	if (watch->network)
		mnl_socket_close(watch->network);
	g_free(watch);
}

void watch_settled(struct watch *watch)
{
	read_all(watch, watch->filter, take_filter);
	read_all(watch, watch->network, take_network);
	forget(watch);
}
