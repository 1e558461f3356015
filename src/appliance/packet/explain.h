/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a packet that opens a connection: what the packet filter's rules are made from is
 * gone through in its order (render_nftables.c), and the kernel is asked for the route. Nothing is
 * sent.
 */
#pragma once

#include "appliance/document/document.h"
#include "base/json_writer.h"

struct explain_packet {
	char interface[DEVICE_STRLEN]; /* that it comes by */
	struct ip source, destination;
	u8 protocol;
	u16 source_port, destination_port; /* 0: it has none */
};

/* The kernel's word: the device, and the next hop, which is the destination itself on a network of
 * the device. False: there is none, *ret_why says so; g_free. */
struct explain_route {
	char device[DEVICE_STRLEN];
	struct ip next_hop;
	bool is_local; /* for the machine itself */
};
typedef bool (*explain_route_fn)(
	const struct explain_packet *packet, struct explain_route *ret, char **ret_why);

/* Writes an object: "verdict" ("forwarded", "dropped", "tunnel", "local"), "reason" of "dropped"
 * (as in "drops" of the counters), "steps", each a text or {"direction", "interface", "action",
 * "rule_id"}; of what is forwarded "interface", "next_hop", "source" and "destination",
 * "source_port" and "destination_port" as it leaves. */
void explain(const struct document *document, const struct explain_packet *packet,
	explain_route_fn route, struct json_writer *w);

/* By ip(8). */
bool explain_kernel_route(
	const struct explain_packet *packet, struct explain_route *ret, char **ret_why);
