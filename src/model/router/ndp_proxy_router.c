/* SPDX-License-Identifier: Apache-2.0 */
/* Which routers may have NDP proxies: enable_ndp_proxy. */
#include <string.h>

#include "model/router/ndp_proxy.h"
#include "model/network/network.h"
#include "model/router/router_parts.h"
#include "model/network/subnet.h"

static bool has_ipv6(const struct object *port)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		if (strchr(ips.ip_text, ':'))
			return true;
	return false;
}

/* Can the router answer for others on its external network? If not, *@ret_why. */
static bool is_possible(struct txn *txn, const struct object *router, const char **ret_why)
{
	const struct object *gateway =
		txn_get_text(txn, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));

	if (!gateway)
		*ret_why = "it has no external gateway";
	else if (!network_address_scope(txn_model(txn), object_str(gateway, PORT_NETWORK_ID), 6))
		*ret_why = "its external network has no IPv6 subnet of an address scope";
	else if (!has_ipv6(gateway))
		*ret_why = "its external gateway has no IPv6 address";
	else
		return true;
	return false;
}

bool ndp_proxy_check_router(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	bool given = object_given(draft) & SLOT_BIT(ROUTER_NDP_PROXY);
	char id[UUID_STRLEN];
	const char *why;

	if (!object_bool(draft, ROUTER_NDP_PROXY) || is_possible(txn, draft, &why))
		return true;
	uuid_format(object_id(draft), id);
	if (given)
		return weft_fail(error, ROUTER_GATEWAY_NOT_VALID,
			"Can not enable ndp proxy on router %s, %s.", id, why);
	if (object_equal(old, draft, ROUTER_GATEWAY_PORT_ID) &&
		!object_is_null(draft, ROUTER_GATEWAY_PORT_ID))
		return weft_fail(error, ROUTER_IPV6_GATEWAY_IN_USE,
			"Can't remove the IPv6 subnet from external gateway of router %s, the IPv6 subnet in use by the router's ndp proxy: set enable_ndp_proxy to false first.",
			id);
	object_set_bool(draft, ROUTER_NDP_PROXY, false); /* it went with the gateway */
	return true;
}
