/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/source.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "http/request.h"

#define PREFIX_BYTES 8

char *source_of(const struct http_request *request)
{
	char peer[HTTP_PEER_STRLEN];
	char *colon;

	http_request_peer(request, peer);
	colon = strrchr(peer, ':');
	if (colon)
		*colon = '\0';
	if (*peer != '[')
		return g_strdup(peer);
	peer[strcspn(peer, "]")] = '\0';
	return g_strdup(peer + 1);
}

char *source_network(const char *address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (inet_pton(AF_INET6, address, &in6) != 1 || IN6_IS_ADDR_V4MAPPED(&in6))
		return g_strdup(address);
	memset(in6.s6_addr + PREFIX_BYTES, 0, sizeof in6.s6_addr - PREFIX_BYTES);
	return g_strdup(inet_ntop(AF_INET6, &in6, text, sizeof text));
}
