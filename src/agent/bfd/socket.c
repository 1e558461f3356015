/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bfd/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TTL 255
#define SENDER_FIRST 49152
#define CLASS_NETWORK_CONTROL 0xc0 /* DSCP CS6 (RFC 4594 section 3.1) */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const struct ip *ip, u16 port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip->family == 4) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		memcpy(&ret->v4.sin_addr, ip->b, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(port);
	memcpy(&ret->v6.sin6_addr, ip->b, 16);
	return sizeof(ret->v6);
}

static bool set_options(int fd, u8 family)
{
	const struct {
		int level, name, value;
	} options[2][3] = {
		{ { IPPROTO_IP, IP_TTL, TTL }, { IPPROTO_IP, IP_RECVTTL, 1 },
			{ IPPROTO_IP, IP_TOS, CLASS_NETWORK_CONTROL } },
		{ { IPPROTO_IPV6, IPV6_UNICAST_HOPS, TTL }, { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
			{ IPPROTO_IPV6, IPV6_TCLASS, CLASS_NETWORK_CONTROL } },
	};

	for (int i = 0; i < 3; i++)
		if (setsockopt(fd, options[family == 6][i].level, options[family == 6][i].name,
			    &options[family == 6][i].value, sizeof(int)))
			return false;
	return true;
}

/* -1 with errno. */
static int open_at(const struct ip *own, u16 port)
{
	union address address;
	socklen_t len = address_of(own, port, &address);
	int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && set_options(fd, own->family) && !bind(fd, &address.any, len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One of the ports that others leave free. */
static int open_sender(const struct ip *own)
{
	int fd;

	for (int tries = 0; tries < 16; tries++) {
		fd = open_at(own, (u16)g_random_int_range(SENDER_FIRST, 65536));
		if (fd >= 0 || errno != EADDRINUSE)
			return fd;
	}
	return -1;
}

bool bfd_socket_open(const struct ip *own, struct bfd_socket *ret, GError **error)
{
	char text[IP_STRLEN];

	ret->receive_fd = open_at(own, BFD_PORT);
	if (ret->receive_fd < 0)
		return weft_fail_errno(error, errno, "Can't listen at %s port %d (BFD)",
			ip_format(own, text), BFD_PORT);
	ret->send_fd = open_sender(own);
	if (ret->send_fd >= 0)
		return true;
	weft_fail_errno(error, errno, "Can't send from %s (BFD)", ip_format(own, text));
	bfd_socket_close(ret);
	return false;
}

void bfd_socket_close(struct bfd_socket *socket)
{
	if (socket->receive_fd >= 0)
		close(socket->receive_fd);
	if (socket->send_fd >= 0)
		close(socket->send_fd);
	*socket = BFD_SOCKET_NONE;
}

static int ttl_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			int ttl;

			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			return ttl;
		}
	return -1;
}

bool bfd_socket_receive(const struct bfd_socket *socket, u8 *bytes, size_t size, size_t *ret_len,
	struct ip *ret_from)
{
	u8 control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { bytes, size };
	union address address;
	struct msghdr message = { .msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(socket->receive_fd, &message, 0);
	while (n < 0 && (errno == EINTR || errno == ECONNREFUSED));
	if (n < 0)
		return false;
	*ret_len = (size_t)n;
	*ret_from = (struct ip){ 0 };
	if (ttl_of(&message) != TTL)
		return true;
	ret_from->family = address.any.sa_family == AF_INET ? 4 : 6;
	if (ret_from->family == 4)
		memcpy(ret_from->b, &address.v4.sin_addr, 4);
	else
		memcpy(ret_from->b, &address.v6.sin6_addr, 16);
	return true;
}

bool bfd_socket_send(
	const struct bfd_socket *socket, const struct ip *to, const u8 *bytes, size_t len)
{
	union address address;
	socklen_t address_len = address_of(to, BFD_PORT, &address);

	return socket->send_fd >= 0 && sendto(socket->send_fd, bytes, len, MSG_DONTWAIT,
					       &address.any, address_len) == (ssize_t)len;
}
