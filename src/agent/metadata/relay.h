/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP of guests to the metadata address, ended by the kernel in a namespace of its own.
 *
 *	guest ──frame──► punt ──► relay ──packet──► tun ┐ namespace without any other device
 *	guest ◄──frame── inject ◄ relay ◄──packet── tun ┘ a socket on 169.254.169.254:80
 *
 * Guests of different tenants may have the same address, so each (port, address) that asks gets an
 * address of its own in there, 10.0.0.0/8 or fd00:a9fe::/64, one to one. Who asks is therefore
 *known from the peer of a connection: the port that its frames came in at, which no guest can
 *choose.
 */
#pragma once

#include "agent/frame/frame.h"
#include "base/addr.h"
#include "base/error.h"
#include "base/uuid.h"

struct relay;

/* A frame for the guest at the port. */
typedef void (*relay_send_fn)(const struct uuid *port, const struct frame *frame, void *user);

/* Makes the namespace. *@ret_listeners: listening sockets in it, of both families, -1 where the
 * kernel has none; the caller's. */
struct relay *relay_new(
	relay_send_fn send, void *user, int ret_listeners[static 2], GError **error);
void relay_free(struct relay *relay);

/* A frame from the port, untagged, whose sender has been checked: passed on if it is TCP to the
 * metadata address. */
void relay_frame(struct relay *relay, const struct uuid *port, const u8 *frame, size_t len);
/* Forgets the port. */
void relay_port_gone(struct relay *relay, const struct uuid *port);
/* The port whose guest is the peer with that address in the namespace; false: nobody. */
bool relay_who(const struct relay *relay, const struct ip *peer, struct uuid *ret);

/* relay_packet.c: puts other addresses into an IP packet with TCP in it, and makes its checksums.
 * False: it is no such packet, a fragment, or cut. *@len becomes that of the packet. */
bool relay_rewrite(u8 *packet, size_t *len, const struct ip *src, const struct ip *dst);
/* Source and destination of a packet; false: it is none. */
bool relay_addresses(const u8 *packet, size_t len, struct ip *ret_src, struct ip *ret_dst);
