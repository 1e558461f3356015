/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routers that speak for themselves: those whose "router" is virtual-router's, by their appliances.
 * Such a router speaks with the peers of the speaker that its gateway's network is of, from its
 * gateway's address, and announces what is its own: floating IPs, and subnets behind it.
 */
#pragma once

#include "model/model.h"

/* Does an appliance speak for the router, if anybody does? */
bool bgp_router_is_own(const struct object *router);
/* The speaker of it of an IP version (4, 6), with peers; of several the one with the lowest id.
 * One appliance is of one AS: that of the speaker of IPv4, if there is one. NULL: there is none. */
const struct object *bgp_router_speaker(
	const struct model *model, const struct object *router, s64 version);
/* Is the peer's address of the speaker's IP version, so that a router can speak with it of that? */
bool bgp_router_has_peer(const struct object *speaker, const struct object *peer);
/* What it announces, as CIDRs; g_ptr_array_unref(). @active: floating IPs only that are ACTIVE. */
GPtrArray *bgp_router_prefixes(const struct model *model, const struct object *speaker,
	const struct object *router, bool active);
/* Those with their gateways on the speaker's networks that have an appliance and, to speak from, an
 * address of the speaker's IP version there; g_ptr_array_unref(). */
GPtrArray *bgp_speaker_routers(const struct model *model, const struct object *speaker);
/* The address of it that is the next hop, while it has a session with a peer; else NULL. g_free().
 */
char *bgp_router_next_hop(
	const struct model *model, const struct object *speaker, const struct object *router);
/* Why it is not at one with all peers, or NULL; g_free(). */
char *bgp_router_complaint(
	const struct model *model, const struct object *speaker, const struct object *router);
