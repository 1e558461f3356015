/* SPDX-License-Identifier: Apache-2.0 */
/* What the router's descriptor calls. Inside of src/model. */
#pragma once

#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/txn_impl.h"

/* Ports of the router: its interfaces and its gateway; references, g_ptr_array_unref(). */
GPtrArray *router_ports(const struct txn *txn, const struct object *router);

/* Makes the router's gateway what the caller gave in @draft's external_gateway_info, if it gave it.
 * @old: NULL when the router is created. */
bool router_gateway_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
bool router_gateway_remove(struct txn *txn, const struct object *router, GError **error);
void router_gateway_write(
	const struct model *model, const struct object *router, struct json_writer *w);

/* May the draft's IPv6 prefixes be those others outside? */
bool router_prefixes_check(struct txn *txn, const struct object *draft, GError **error);

/* Does a subnet overlap with one that the router is connected to? The whole gateway network counts,
 * but not the subnets of port @but (may be NULL). */
bool router_check_overlap(struct txn *txn, const struct object *router, const struct object *subnet,
	const struct object *but, GError **error);

/* Actions of the router (kind_action.run). */
bool router_interface_add(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error);
bool router_interface_remove(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error);
bool router_routes_add(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error);
bool router_routes_remove(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error);

/* Every next hop of the draft must be on a subnet of the router, and not its own address; every
 * destination one that routers pass on to, by no more next hops than can share its traffic. */
bool router_routes_check(struct txn *txn, const struct object *draft, GError **error);
/* Is the subnet needed by a route of the router? */
bool router_routes_need(const struct object *router, const struct object *subnet);
