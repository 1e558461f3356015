/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts may have a router's gateway: of those that are connected to the physical
 * network of its segment (gateway_segment.h), up to GATEWAY_HOSTS_MAX, best first. The first is the
 * one that has it; when it fails, the others know that by themselves (BFD), and the next one takes
 * over.
 *
 * The choice is stored with the router. It is made by rendezvous hashing of router and host, alive
 * hosts first, and then kept: a host that comes is added where some are missing and moves nothing,
 * and one that goes or loses its connection is replaced in its own routers alone.
 */
#pragma once

#include "model/txn.h"

#define GATEWAY_HOSTS_MAX 3

/* Those of a router, struct uuid; g_array_unref(). @router may be NULL. */
GArray *gateway_hosts(const struct object *router);
bool gateway_hosts_include(const struct object *router, const struct uuid *host);

/* Keys of ROUTER_BY_GATEWAY_HOST. */
void gateway_hosts_keys(const struct object *router, struct key_sink *sink);

/* Fills in the segment and the hosts of a router's draft, whose gateway network and port are set,
 * and binds the port to the first. */
bool gateway_hosts_choose(struct txn *txn, struct object *draft, GError **error);

/* When a host is created (@old is NULL, @now is staged), or its bridge mappings change (@now is to
 * be staged). */
bool gateway_hosts_follow(
	struct txn *txn, const struct object *old, const struct object *now, GError **error);
/* When an L3 agent is switched off or on, @agent as it will be: the host gives its gateways to
 * others, and is passed over as long as there are any. Switched on again it takes none away. */
bool gateway_hosts_give_way(struct txn *txn, const struct object *agent, GError **error);
/* Before a host is deleted. */
bool gateway_hosts_leave(struct txn *txn, const struct object *host, GError **error);
/* For stores of before, and when weftd's configuration is another one. */
bool gateway_hosts_complete(struct txn *txn, GError **error);
