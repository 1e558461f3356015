/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A guest says that it has an address. Of one that several ports may have, that is all that anybody
 * knows of it, so the agent hears it too: for routers (struct neighbour, routed). */
#pragma once

#include "neighbours.h"
#include "ports.h"
#include "punt.h"

/* @addr is at @mac, as @port may say. */
__noinline int announce(struct __sk_buff *skb, const struct port *port, const struct addr *addr,
	const struct mac *mac, u32 solicited)
{
	struct announcement said = { 0 };
	const struct network *network;
	struct punt *punt;

	if (!port || !addr || !mac)
		return 0;
	network = network_get(port->vni);
	if (!network || !network->shared_addresses || tracing(skb) ||
		!limit_allows(port->id, LIMIT_PUNT))
		return 0;
	punt = bpf_ringbuf_reserve(&punts, sizeof(*punt), 0);
	if (!punt)
		return 0;
	said.addr = *addr;
	mac_copy(said.mac, mac->b);
	said.solicited = (u8)solicited;
	punt->ifindex = port->ifindex;
	punt->reason = PUNT_ANNOUNCED;
	punt->len = sizeof(said);
	punt->identity = port->identity;
	memcpy(punt->frame, &said, sizeof(said));
	bpf_ringbuf_submit(punt, 0);
	return 0;
}
