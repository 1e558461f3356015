/* SPDX-License-Identifier: Apache-2.0 */
#include "host/link_monitor.h"

#include <errno.h>
#include <glib-unix.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

struct link_monitor {
	struct mnl_socket *socket;
	GSource *source;
	link_event_cb cb;
	void *data;
};

static int take_message(const struct nlmsghdr *message, void *data)
{
	struct link_monitor *monitor = data;
	char alias[LINK_ALIAS_SIZE];
	struct link link;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return MNL_CB_OK;
	/* Messages of the bridge layer (AF_BRIDGE) are about ports of bridges, not devices. */
	if (((const struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_family != AF_UNSPEC)
		return MNL_CB_OK;
	link_from_message(message, &link, alias);
	monitor->cb(message->nlmsg_type == RTM_NEWLINK ? LINK_CHANGED : LINK_GONE, &link, alias,
		monitor->data);
	return MNL_CB_OK;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct link_monitor *monitor = data;
	char buffer[32768];

	(void)fd;
	(void)condition;
	for (int i = 0; i < 64; i++) {
		ssize_t n = mnl_socket_recvfrom(monitor->socket, buffer, sizeof(buffer));

		if (n >= 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, take_message, monitor);
		else if (errno == ENOBUFS)
			monitor->cb(LINK_EVENTS_LOST, NULL, NULL, monitor->data);
		else if (errno != EINTR)
			break;
	}
	return G_SOURCE_CONTINUE;
}

bool link_monitor_new(link_event_cb cb, void *data, struct link_monitor **ret, GError **error)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (!socket)
		return weft_fail_errno(error, errno, "netlink: open");
	if (mnl_socket_bind(socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
		weft_fail_errno(error, errno, "netlink: listening to device events");
		mnl_socket_close(socket);
		return false;
	}
	struct link_monitor *monitor = g_new0(struct link_monitor, 1);
	monitor->socket = socket;
	monitor->cb = cb;
	monitor->data = data;
	monitor->source = g_unix_fd_source_new(mnl_socket_get_fd(socket), G_IO_IN);
	g_source_set_callback(monitor->source, G_SOURCE_FUNC(readable), monitor, NULL);
	g_source_attach(monitor->source, g_main_context_get_thread_default());
	*ret = monitor;
	return true;
}

void link_monitor_free(struct link_monitor *monitor)
{
	if (!monitor)
		return;
	g_source_destroy(monitor->source);
	g_source_unref(monitor->source);
	mnl_socket_close(monitor->socket);
	g_free(monitor);
}
