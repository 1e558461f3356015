/* SPDX-License-Identifier: Apache-2.0 */
/* A floating IP is ACTIVE once the host of the port that it stands for has it; one whose ports are
 * forwarded, and one of a port whose host is not connected, the host that has the router's gateway.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/port/held_address.h"
#include "model/router/floating_ip.h"
#include "model/router/gateway_hosts.h"
#include "model/router/gateway_segment.h"
#include "model/host/host.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"

bool floating_ip_stage(
	struct txn *txn, const struct object *floating_ip, bool wired, GError **error)
{
	enum floating_ip_status status = wired ? FLOATING_IP_ACTIVE : FLOATING_IP_DOWN;
	struct object *draft;

	if (object_choice(floating_ip, FLOATING_IP_STATUS) == (int)status)
		return true;
	draft = object_edit(floating_ip);
	object_set_choice(draft, FLOATING_IP_STATUS, (int)status);
	return txn_put(txn, draft, error);
}

/* The host of the port that it stands for, or NULL. */
static const struct object *host_of(const struct txn *txn, const struct object *floating_ip)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(floating_ip, FLOATING_IP_PORT_ID));

	return port ? model_first(txn_model(txn), KIND_HOST, HOST_BY_NAME,
			      object_str(port, PORT_HOST_ID), NULL)
		    : NULL;
}

static bool is_by_gateway(
	const struct txn *txn, const struct object *floating_ip, const struct object *host)
{
	return floating_ip_is_by_gateway(
		gateway_segment_staged(
			txn, txn_get_text(txn, KIND_ROUTER,
				     object_str(floating_ip, FLOATING_IP_ROUTER_ID))),
		host);
}

/* Is it the host that has it, or of those that may? */
static bool is_on(
	const struct txn *txn, const struct object *floating_ip, const struct object *host)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(floating_ip, FLOATING_IP_PORT_ID));
	const struct object *its = host_of(txn, floating_ip);

	if (port && !port_has_owner(port, OWNER_LOAD_BALANCER) &&
		(!its || !is_by_gateway(txn, floating_ip, its)) &&
		!port_is_stood_for(
			txn_model(txn), port, object_str(floating_ip, FLOATING_IP_FIXED_IP)))
		return its == host;
	return gateway_hosts_include(
		txn_get_text(txn, KIND_ROUTER, object_str(floating_ip, FLOATING_IP_ROUTER_ID)),
		object_id(host));
}

/* Then no host has it, and its provider says how it does. */
static bool is_elsewhere(const struct txn *txn, const struct object *floating_ip)
{
	const struct object *router =
		txn_get_text(txn, KIND_ROUTER, object_str(floating_ip, FLOATING_IP_ROUTER_ID));

	return router && !(service_is_edges(router, SERVICE_ROUTER) &&
				 service_is_edges(router, SERVICE_FLOATING_IP));
}

static void add_missing(const struct txn *txn, const struct object *host, const struct object *port,
	const json_t *reported, GPtrArray *missing)
{
	const struct object *floating_ip;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	while ((floating_ip = txn_iter_next(&iter)))
		if (!is_elsewhere(txn, floating_ip) && !is_by_gateway(txn, floating_ip, host) &&
			!json_object_get(reported, uuid_format(object_id(floating_ip), id)))
			g_ptr_array_add(missing, (gpointer)floating_ip);
}

static bool stage_missing(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new();
	const struct object *port;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = txn_iter_next(&iter)))
		add_missing(txn, host, port, reported, missing);
	for (guint i = 0; i < missing->len; i++)
		if (!floating_ip_stage(txn, missing->pdata[i], false, error))
			return false;
	return true;
}

bool floating_ips_stage(struct txn *txn, const struct object *host, const json_t *reported,
	bool full, GError **error)
{
	const char *id;
	json_t *state;

	json_object_foreach((json_t *)reported, id, state) {
		const struct object *floating_ip = txn_get_text(txn, KIND_FLOATING_IP, id);
		const json_t *wired = json_object_get(state, "wired");

		if (!json_is_boolean(wired))
			return weft_fail(error, BAD_REQUEST,
				"Floating IP %.64s of the report lacks \"wired\": true or false.",
				id);
		if (floating_ip && is_on(txn, floating_ip, host) &&
			!floating_ip_stage(txn, floating_ip, json_is_true(wired), error))
			return false;
	}
	return !full || stage_missing(txn, host, reported, error);
}
