/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRE (RFC 2784, with the key of RFC 2890) where the kernel lacks it: between a TUN device and a
 * raw socket of IP protocol 47. The headers are pure; gre_daemon.c has the I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/types.h"

#define GRE_HEADER_MAX 16
#define GRE_IPV4 0x0800
#define GRE_IPV6 0x86dd

struct gre_tunnel {
	char name[16];
	u32 local, peer; /* IPv4, network byte order */
	bool has_key;
	u32 key;
};

/* One line of the file: "NAME LOCAL PEER KEY", or "-" for no key. */
bool gre_parse_line(const char *line, struct gre_tunnel *ret, GError **error);

/* The header before a packet of IP version 4 or 6; returns its length, 0: the packet is no IP. */
size_t gre_build(const struct gre_tunnel *tunnel, const u8 *packet, size_t len, u8 *ret);
/* Where the inner IP packet of what came from the peer, after the IPv4 header, begins; 0: it is not
 * this tunnel's. */
size_t gre_strip(const struct gre_tunnel *tunnel, const u8 *data, size_t len);

/* Serves the tunnels of the file until it is killed; returns on an error alone. */
bool gre_serve(const char *path, GError **error);
