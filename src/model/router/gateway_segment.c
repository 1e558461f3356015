/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/gateway_segment.h"

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/provider.h"
#include "model/router/router.h"
#include "model/network/segment.h"
#include "model/network/subnet.h"

const struct object *gateway_segment(const struct model *model, const struct object *router)
{
	return router ? model_get_text(
				model, KIND_SEGMENT, object_str(router, ROUTER_GATEWAY_SEGMENT_ID))
		      : NULL;
}

const struct object *gateway_segment_staged(const struct txn *txn, const struct object *router)
{
	return router ? txn_get_text(
				txn, KIND_SEGMENT, object_str(router, ROUTER_GATEWAY_SEGMENT_ID))
		      : NULL;
}

const char *gateway_physical(const struct object *segment)
{
	return segment ? object_str(segment, SEGMENT_PHYSICAL) : NULL;
}

static bool is_reached(const struct txn *txn, const struct object *segment)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_PHYSICAL, gateway_physical(segment), NULL);
	return txn_iter_next(&iter);
}

static bool is_physical(const struct object *segment)
{
	return segment && !provider_is_overlay(object_choice(segment, SEGMENT_TYPE));
}

const char *gateway_segment_first(struct txn *txn, const GPtrArray *subnets)
{
	const char *first = NULL;

	for (guint i = 0; i < subnets->len; i++) {
		const char *id = object_str(subnets->pdata[i], SUBNET_SEGMENT_ID);
		const struct object *segment = txn_get_text(txn, KIND_SEGMENT, id);

		if (is_physical(segment) && is_reached(txn, segment))
			return id;
		first = first ?: id;
	}
	return first;
}

/* Of the gateway's addresses, or NULL: their subnets are on none. */
static const struct object *segment_of_addresses(struct txn *txn, const struct object *port)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);
		const struct object *segment =
			subnet ? txn_get_text(
					 txn, KIND_SEGMENT, object_str(subnet, SUBNET_SEGMENT_ID))
			       : NULL;

		if (segment)
			return segment;
	}
	return NULL;
}

/* The one that it has (@now), if it is the network's still; else the first. */
static const struct object *any_segment(
	struct txn *txn, const struct object *network, const char *now)
{
	const struct object *segment, *reached = NULL, *first = NULL;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SEGMENT, SEGMENT_BY_NETWORK,
		uuid_format(object_id(network), id), NULL);
	while ((segment = txn_iter_next(&iter))) {
		if (!is_physical(segment))
			return NULL; /* ports are on the overlay */
		if (!g_strcmp0(uuid_format(object_id(segment), id), now) ||
			(!reached && is_reached(txn, segment)))
			reached = segment;
		first = first ?: segment;
	}
	return reached ?: first;
}

void gateway_segment_settle(struct txn *txn, struct object *draft)
{
	const struct object *network =
		txn_get_text(txn, KIND_NETWORK, object_str(draft, ROUTER_GATEWAY_NETWORK_ID));
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(draft, ROUTER_GATEWAY_PORT_ID));
	const struct object *segment = port ? segment_of_addresses(txn, port) : NULL;
	char id[UUID_STRLEN];

	if (!segment && network)
		segment = any_segment(txn, network, object_str(draft, ROUTER_GATEWAY_SEGMENT_ID));
	if (!is_physical(segment) || object_bool(network, NETWORK_VLAN_TRANSPARENT))
		object_set_null(draft, ROUTER_GATEWAY_SEGMENT_ID);
	else
		object_set_str(
			draft, ROUTER_GATEWAY_SEGMENT_ID, uuid_format(object_id(segment), id));
}

bool gateway_segment_check(struct txn *txn, const struct object *router, const char *subnet_id,
	const char *address, GError **error)
{
	const struct object *subnet = txn_get_text(txn, KIND_SUBNET, subnet_id);
	const char *its = subnet ? object_str(subnet, SUBNET_SEGMENT_ID) : NULL;
	const char *outside = object_str(router, ROUTER_GATEWAY_SEGMENT_ID);
	char id[UUID_STRLEN];

	return !its || !g_strcmp0(its, outside) ||
	       weft_fail(error, BAD_REQUEST,
		       "Floating IP %s is of a subnet on segment %s, while the gateway of router %s is on %s: take one of a subnet on that segment, or give the gateway addresses of the other.",
		       address, its, uuid_format(object_id(router), id),
		       outside ? outside : "none");
}
