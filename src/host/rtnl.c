/* SPDX-License-Identifier: Apache-2.0 */
#include "host/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

struct rtnl {
	struct mnl_socket *socket;
	u32 sequence;
};

bool rtnl_open(struct rtnl **ret, GError **error)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!socket)
		return weft_fail_errno(error, errno, "netlink: open");
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		weft_fail_errno(error, errno, "netlink: bind");
		mnl_socket_close(socket);
		return false;
	}
	struct rtnl *rtnl = g_new0(struct rtnl, 1);
	rtnl->socket = socket;
	*ret = rtnl;
	return true;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	mnl_socket_close(rtnl->socket);
	g_free(rtnl);
}

void *rtnl_request_init(struct rtnl_request *request, u16 type, u16 flags, size_t extra)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->bytes);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(header, extra);
}

bool rtnl_talk(struct rtnl *rtnl, struct rtnl_request *request, mnl_cb_t cb, void *data,
	int *ret_errno, GError **error)
{
	struct nlmsghdr *header = rtnl_header(request);
	char buffer[32768];
	int status = MNL_CB_OK;

	*ret_errno = 0;
	header->nlmsg_seq = ++rtnl->sequence;
	if (!(header->nlmsg_flags & NLM_F_DUMP))
		header->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rtnl->socket, header, header->nlmsg_len) < 0)
		return weft_fail_errno(error, errno, "netlink: send");
	while (status > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(rtnl->socket, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return weft_fail_errno(error, errno, "netlink: receive");
		status = mnl_cb_run(buffer, (size_t)n, header->nlmsg_seq,
			mnl_socket_get_portid(rtnl->socket), cb, data);
	}
	if (status == MNL_CB_ERROR) {
		*ret_errno = errno;
		return weft_fail_errno(error, errno, "netlink");
	}
	return true;
}
