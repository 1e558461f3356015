/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

struct endpoint {
	struct ip ip; /* family 0: every address */
	u16 port;
};

static bool parse_endpoint(const char *text, struct endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	struct endpoint endpoint = { 0 };
	guint64 port;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, &port, NULL))
		return false;
	endpoint.port = (u16)port;
	if (colon != text) {
		bool bracketed = text[0] == '[' && colon[-1] == ']';
		g_autofree char *address = bracketed
						   ? g_strndup(text + 1, (gsize)(colon - text) - 2)
						   : g_strndup(text, (gsize)(colon - text));

		if (!ip_parse(address, &endpoint.ip) || bracketed != (endpoint.ip.family == 6))
			return false;
	}
	*ret = endpoint;
	return true;
}

static socklen_t endpoint_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret)
{
	if (endpoint->ip.family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;

		*in = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_port = htons(endpoint->port) };
		memcpy(&in->sin_addr, endpoint->ip.b, 4);
		return sizeof *in;
	}

	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };
	memcpy(&in6->sin6_addr, endpoint->ip.b, 16);
	return sizeof *in6;
}

static int adopt(const char *text, GError **error)
{
	guint64 fd;
	int listening = 0;
	socklen_t len = sizeof listening;

	if (!g_ascii_string_to_unsigned(text, 10, 0, INT32_MAX, &fd, NULL) ||
		getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening) {
		weft_fail(error, INVALID_INPUT,
			"listen on fd:%s: that is no inherited listening socket", text);
		return -1;
	}
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	fcntl((int)fd, F_SETFL, O_NONBLOCK);
	return (int)fd;
}

static int open_socket(const char *text, const struct endpoint *endpoint, GError **error)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_sockaddr(endpoint, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1, off = 0;

	if (fd < 0) {
		weft_fail_errno(error, errno, "listen on %s", text);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address.ss_family == AF_INET6)
		setsockopt(
			fd, IPPROTO_IPV6, IPV6_V6ONLY, endpoint->ip.family ? &on : &off, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, BACKLOG)) {
		weft_fail_errno(error, errno, "listen on %s", text);
		close(fd);
		return -1;
	}
	return fd;
}

int http_listen(const char *text, GError **error)
{
	struct endpoint endpoint;

	if (g_str_has_prefix(text, "fd:"))
		return adopt(text + 3, error);
	if (!parse_endpoint(text, &endpoint)) {
		weft_fail(error, INVALID_INPUT,
			"listen on '%s': that is no address and port; write 192.0.2.1:9696, "
			"[2001:db8::1]:9696, :9696 for all addresses, or fd:3",
			text);
		return -1;
	}
	return open_socket(text, &endpoint, error);
}

bool http_listen_is_local(const char *text)
{
	struct endpoint endpoint;

	if (g_str_has_prefix(text, "fd:"))
		return true;
	if (!parse_endpoint(text, &endpoint))
		return false;
	if (endpoint.ip.family == 4)
		return endpoint.ip.b[0] == 127;
	return endpoint.ip.family == 6 && !memcmp(endpoint.ip.b, &in6addr_loopback, 16);
}
