/* SPDX-License-Identifier: Apache-2.0 */
/* What tunnels that are not IPsec share: routes by a device of the router. Inside of src/model. */
#pragma once

#include "model/provider/service_map.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define TUNNEL_GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define TUNNEL_MTU_MIN 576
#define TUNNEL_MTU_MAX 9000
#define TUNNEL_PREFIXES_MAX 64

extern const struct attr tunnel_prefix_attr; /* items: what is reached by it */

/* For attr.check: "10.255.0.1/30", an address with the length of its network. */
bool tunnel_check_address(const struct attr *attr, const char *value, GError **error);

/* The router, if it has an outside, and a provider of the service; else NULL. */
const struct object *tunnel_router(
	struct txn *txn, const char *id, enum network_service service, GError **error);

/* May @draft, of the router, have the routes @list (JSON)? IPv4, not the router's own networks, not
 * those of another tunnel of it, and not where @peer (NULL: nowhere yet) is. */
bool tunnel_check_routes(struct txn *txn, const struct object *draft, const char *router_id,
	const char *list, const struct ip *peer, GError **error);
