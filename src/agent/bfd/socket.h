/* SPDX-License-Identifier: Apache-2.0 */
/* The UDP sockets of BFD over one hop (RFC 5881 section 4): to port 3784, from one above 49151,
 * with TTL 255 out and in. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

#define BFD_PORT 3784

/* For all sessions; -1: not open. */
struct bfd_socket {
	int receive_fd, send_fd;
};
#define BFD_SOCKET_NONE ((struct bfd_socket){ -1, -1 })

/* Both bound to @own. */
bool bfd_socket_open(const struct ip *own, struct bfd_socket *ret, GError **error);
void bfd_socket_close(struct bfd_socket *socket);

/* False when nothing is left to read. ret_from->family is 0 when it came with another TTL, and so
 * perhaps over a router (section 5). */
bool bfd_socket_receive(const struct bfd_socket *socket, u8 *bytes, size_t size, size_t *ret_len,
	struct ip *ret_from);
bool bfd_socket_send(
	const struct bfd_socket *socket, const struct ip *to, const u8 *bytes, size_t len);
