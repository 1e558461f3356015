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

/* Whether the datagram ends the answer to a dump. */
static bool ends_dump(const void *datagram, ssize_t n)
{
	const struct nlmsghdr *message = datagram;

	for (int left = (int)n; mnl_nlmsg_ok(message, left);
		message = mnl_nlmsg_next(message, &left))
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return true;
	return false;
}

/* The next datagram of the answer; 0 with @error set when there is none. */
static size_t receive(struct rtnl *rtnl, void *buffer, size_t size, GError **error)
{
	ssize_t n;

	do
		n = mnl_socket_recvfrom(rtnl->socket, buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		weft_fail_errno(error, errno, "netlink: receive");
	return n < 0 ? 0 : (size_t)n;
}

bool rtnl_talk(struct rtnl *rtnl, struct rtnl_request *request, mnl_cb_t cb, void *data,
	int *ret_errno, GError **error)
{
	struct nlmsghdr *header = rtnl_header(request);
	char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	int status = MNL_CB_OK, why = 0;
	bool more =
		(header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; /* each bit alone is another */

	*ret_errno = 0;
	header->nlmsg_seq = ++rtnl->sequence;
	if (!more)
		header->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rtnl->socket, header, header->nlmsg_len) < 0)
		return weft_fail_errno(error, errno, "netlink: send");
	/* A dump is read to its end, also when the kernel says that it was interrupted or the
	 * callback wants no more: else its rest would be taken for the next answer. */
	while (status > MNL_CB_STOP || more) {
		size_t n = receive(rtnl, buffer, sizeof(buffer), error);

		if (!n)
			return false;
		if (status > MNL_CB_STOP)
			status = mnl_cb_run(buffer, n, header->nlmsg_seq,
				mnl_socket_get_portid(rtnl->socket), cb, data);
		if (status == MNL_CB_ERROR && !why)
			why = errno;
		more = more && !ends_dump(buffer, (ssize_t)n);
	}
	if (status == MNL_CB_ERROR) {
		*ret_errno = why;
		return weft_fail_errno(error, why, "netlink");
	}
	return true;
}
