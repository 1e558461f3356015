/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>

#include "base/log.h"

#define BUFFER_BYTES 65536
#define FLUSH_CENTISECONDS 5
#define READS_MAX 64 /* then whatever else there is to do */

struct nflog {
	struct mnl_socket *socket;
	guint source;
	nflog_fn told;
	void *data;
	u64 lost;
};

static void take_time(const struct nlattr *attr, struct logged_packet *ret)
{
	const struct nfulnl_msg_packet_timestamp *stamp = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) >= sizeof(*stamp))
		ret->time_us =
			(s64)be64toh(stamp->sec) * G_USEC_PER_SEC + (s64)be64toh(stamp->usec);
}

static void take_ethernet(const struct nlattr *attr, struct logged_packet *ret)
{
	const u8 *header = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) < ETHERNET_BYTES)
		return;
	memcpy(ret->dst_mac.b, header, sizeof(ret->dst_mac.b));
	memcpy(ret->src_mac.b, header + sizeof(ret->dst_mac.b), sizeof(ret->src_mac.b));
}

static int take_attr(const struct nlattr *attr, void *data)
{
	struct logged_packet *ret = data;

	switch (mnl_attr_get_type(attr)) {
	case NFULA_PREFIX:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			ret->prefix = mnl_attr_get_str(attr);
		break;
	case NFULA_TIMESTAMP:
		take_time(attr, ret);
		break;
	case NFULA_HWHEADER:
		take_ethernet(attr, ret);
		break;
	case NFULA_PAYLOAD:
		logged_packet_parse(
			mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), ret);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *header, void *data)
{
	const u16 wanted = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	struct logged_packet packet = { .prefix = "", .time_us = g_get_real_time() };
	struct nflog *nflog = data;

	if (header->nlmsg_type != wanted)
		return MNL_CB_OK;
	mnl_attr_parse(header, sizeof(struct nfgenmsg), take_attr, &packet);
	nflog->told(&packet, nflog->data);
	return MNL_CB_OK;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct nflog *nflog = data;
	char buffer[BUFFER_BYTES];

	(void)fd, (void)condition;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = mnl_socket_recvfrom(nflog->socket, buffer, sizeof(buffer));

		if (n < 0 && errno == ENOBUFS)
			nflog->lost++;
		else if (n <= 0)
			break;
		else
			mnl_cb_run(buffer, (size_t)n, 0, 0, take_message, nflog);
	}
	return G_SOURCE_CONTINUE;
}

static struct nlmsghdr *config(char *buffer, u16 group)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *family;

	header->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	family = mnl_nlmsg_put_extra_header(header, sizeof(*family));
	family->nfgen_family = AF_UNSPEC;
	family->version = NFNETLINK_V0;
	family->res_id = htons(group);
	return header;
}

/* Sends it, and waits for the kernel's word, which comes at once. */
static bool say(struct nflog *nflog, const struct nlmsghdr *header, GError **error)
{
	char buffer[BUFFER_BYTES];
	unsigned self = mnl_socket_get_portid(nflog->socket);
	ssize_t n = mnl_socket_sendto(nflog->socket, header, header->nlmsg_len);

	if (n >= 0)
		n = mnl_socket_recvfrom(nflog->socket, buffer, sizeof(buffer));
	return (n >= 0 && mnl_cb_run(buffer, (size_t)n, 0, self, NULL, NULL) >= 0) ||
	       weft_fail_errno(error, errno, "log group of the packet filter");
}

static bool bind_group(struct nflog *nflog, u16 group, u32 bytes, GError **error)
{
	const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode mode = { .copy_range = htonl(bytes),
		.copy_mode = NFULNL_COPY_PACKET };
	char first[256] = { 0 }, second[256] = { 0 };
	struct nlmsghdr *one = config(first, group), *other = config(second, group);

	mnl_attr_put(one, NFULA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(other, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(other, NFULA_CFG_TIMEOUT, htonl(FLUSH_CENTISECONDS));
	return say(nflog, one, error) && say(nflog, other, error);
}

struct nflog *nflog_new(u16 group, u32 bytes, nflog_fn told, void *data, GError **error)
{
	struct nflog *nflog = g_new0(struct nflog, 1);

	nflog->told = told;
	nflog->data = data;
	nflog->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nflog->socket)
		weft_fail_errno(error, errno, "netlink socket");
	if (!nflog->socket || mnl_socket_bind(nflog->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		!bind_group(nflog, group, bytes, error)) {
		if (error && !*error)
			weft_fail_errno(error, errno, "netlink socket");
		nflog_free(nflog);
		return NULL;
	}
	g_unix_set_fd_nonblocking(mnl_socket_get_fd(nflog->socket), TRUE, NULL);
	nflog->source = g_unix_fd_add(mnl_socket_get_fd(nflog->socket), G_IO_IN, readable, nflog);
	return nflog;
}

void nflog_free(struct nflog *nflog)
{
	if (!nflog)
		return;
	g_clear_handle_id(&nflog->source, g_source_remove);
	if (nflog->socket)
		mnl_socket_close(nflog->socket);
	g_free(nflog);
}

u64 nflog_lost(const struct nflog *nflog)
{
	return nflog->lost;
}
