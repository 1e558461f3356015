/* SPDX-License-Identifier: Apache-2.0 */
/* The part of datapath.h that is about what a guest takes to another host. Included by it. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

/*
 * Tracked connections of a port, at its firewall.
 */
enum dp_connection_state {
	DP_CONNECTION_ESTABLISHED, /* answered; of TCP it is said more exactly: */
	DP_CONNECTION_CONNECTED,
	DP_CONNECTION_HALF_CLOSED, /* closed by one side */
	DP_N_CONNECTION_STATES
};
enum dp_connection_flags {
	DP_CONNECTION_BY_REMOTE = 1 << 0, /* opened by the other side */
	DP_CONNECTION_FIN_LOCAL = 1 << 1,
	DP_CONNECTION_FIN_REMOTE = 1 << 2,
	DP_CONNECTION_BESIDE =
		1 << 3, /* opened so past the routers: their groups have not been asked */
};
#define DP_CONNECTION_FLAGS 15
struct dp_connection {
	enum dp_connection_state state;
	u32 flags;
	struct ip guest, remote;
	u8 proto;
	u16 guest_port, remote_port; /* of ICMP the identifier, in one of them */
	u32 idle_s;
	/* Of TCP: what the guest expects next, and the window that it has advertised, high byte and
	 * scale. */
	u32 expects;
	u8 window, window_scale;
};
/* Calls @fn for each that is established. Reads through the tables of flows. */
typedef void (*dp_connection_fn)(const struct dp_connection *connection, void *data);
bool dp_connections_each(
	struct dp *dp, u32 ifindex, dp_connection_fn fn, void *data, GError **error);
/* Takes over one that another host has tracked; the rules are asked with its next packet. Nothing
 * if the port is not filtered, or has it. */
bool dp_connection_put(
	struct dp *dp, u32 ifindex, const struct dp_connection *connection, GError **error);

/* A connection whose sender is translated to the router's address and @port. */
enum dp_translation_flags {
	DP_TRANSLATION_REPLIED = 1 << 0,
	DP_TRANSLATION_FIN_OUT = 1 << 1,
	DP_TRANSLATION_FIN_IN = 1 << 2,
};
struct dp_translation {
	u64 router;
	struct ip guest, remote, address;
	u8 proto, flags;
	u16 guest_port, remote_port, port; /* of ICMP the identifier, and 0 for @remote_port */
	u32 idle_s;
};
/* Calls @fn for each of a guest's that is not closed. Reads through the table of translations. */
typedef void (*dp_translation_fn)(const struct dp_translation *translation, void *data);
void dp_translations_each(
	struct dp *dp, u64 router, const struct ip *guest, dp_translation_fn fn, void *data);
/* Takes over one that another host has made: it leaves from here, by the same port; answers go on
 * coming by that host. Fails where this host does not translate for the router. */
bool dp_translation_put(struct dp *dp, const struct dp_translation *translation, GError **error);
