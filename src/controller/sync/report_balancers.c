/* SPDX-License-Identifier: Apache-2.0 */
/* What an appliance says of the load balancers that it does: one is WIRED once the appliance has
 * been told of it, and its listeners are open; its members are as HAProxy finds them. */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/provider/appliance.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_status.h"
#include "model/port/port.h"
#include "model/port/service_port.h"

struct said {
	const json_t *report, *balancers;
	bool done; /* it has done what it is to do now */
};

static bool are_open(const struct txn *txn, const struct object *balancer, const struct said *said)
{
	const json_t *open = json_object_get(said->balancers, "listeners");
	const struct object *listener;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER,
		uuid_format(object_id(balancer), id), NULL);
	while ((listener = txn_iter_next(&iter)))
		if (object_bool(listener, LB_LISTENER_ADMIN_STATE_UP) &&
			(!json_is_true(json_object_get(said->balancers, "current")) ||
				!json_object_get(open, uuid_format(object_id(listener), id))))
			return false;
	return true;
}

static bool stage_state(struct txn *txn, const struct object *balancer,
	enum load_balancer_state state, const char *reason, GError **error)
{
	struct object *draft;

	if (object_choice(balancer, LOAD_BALANCER_STATE) == (int)state &&
		!strcmp(object_str(balancer, LOAD_BALANCER_STATUS_REASON), reason))
		return true;
	draft = object_edit(balancer);
	object_set_choice(draft, LOAD_BALANCER_STATE, (int)state);
	object_set_str(draft, LOAD_BALANCER_STATUS_REASON, reason);
	return txn_put(txn, draft, error);
}

static bool stage_balancer(
	struct txn *txn, const struct object *balancer, const struct said *said, GError **error)
{
	const char *status = json_string_value(json_object_get(said->report, "status"));
	const char *why = json_string_value(json_object_get(said->report, "reason"));
	bool failed = !g_strcmp0(status, "ERROR");
	g_autofree char *reason =
		failed ? g_strdup_printf("the virtual router: %.500s", why ?: "") : g_strdup("");

	if (!failed && !(said->done && are_open(txn, balancer, said)))
		return true;
	if (!g_utf8_validate(reason, -1, NULL))
		g_strlcpy(reason, "", 1);
	return stage_state(
		txn, balancer, failed ? LOAD_BALANCER_FAILED : LOAD_BALANCER_WIRED, reason, error);
}

static enum lb_member_health health_of(const json_t *said)
{
	const char *status = json_string_value(json_object_get(said, "status"));

	return !g_strcmp0(status, "UP")	    ? LB_MEMBER_ALIVE
	       : !g_strcmp0(status, "DOWN") ? LB_MEMBER_DEAD
					    : LB_MEMBER_UNKNOWN;
}

/* What HAProxy's last check came to (its "check_status"), in words. */
static const char *why_of(const json_t *said)
{
	static const struct {
		const char *check, *why;
	} known[] = {
		{ "L4CON", "refused, or not reachable: no connection" },
		{ "L4TOUT", "timed out: no connection" },
		{ "L6RSP", "what it answers is not TLS" },
		{ "L6TOUT", "timed out: no answer by TLS" },
		{ "L7RSP", "what it answers is not HTTP" },
		{ "L7STS", "an HTTP status that is not expected" },
		{ "L7TOUT", "timed out: no answer by HTTP" },
	};
	const char *check = json_string_value(json_object_get(said, "check"));

	for (size_t i = 0; check && i < G_N_ELEMENTS(known); i++)
		if (g_str_has_suffix(check, known[i].check))
			return known[i].why;
	return check;
}

static bool is_among(const GPtrArray *balancers, const struct object *balancer)
{
	for (guint i = 0; i < balancers->len; i++)
		if (uuid_equal(object_id(balancers->pdata[i]), object_id(balancer)))
			return true;
	return false;
}

/* One of another network's is nothing that this appliance may judge. */
static bool stage_member(
	struct txn *txn, const GPtrArray *balancers, const json_t *said, GError **error)
{
	const char *id = json_string_value(json_object_get(said, "id"));
	const struct object *member = id ? txn_get_text(txn, KIND_LB_MEMBER, id) : NULL;
	const struct object *balancer = member ? lb_of(txn_model(txn), member) : NULL;

	return !balancer || !is_among(balancers, balancer) ||
	       lb_member_judge(txn, member, health_of(said), why_of(said), error);
}

static void add_balancers_on(const struct txn *txn, const char *network, GPtrArray *found)
{
	const struct object *balancer;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_LOAD_BALANCER, LOAD_BALANCER_BY_NETWORK, network, NULL);
	while ((balancer = txn_iter_next(&iter)))
		if (!lb_is_at_edge(balancer) && !is_among(found, balancer))
			g_ptr_array_add(found, object_ref(balancer));
}

/* Those on its network, or on the networks of its router. */
static GPtrArray *balancers_of(const struct txn *txn, const struct object *appliance)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const char *about = object_str(appliance, APPLIANCE_OBJECT_ID);
	const struct object *port;
	struct txn_iter iter;

	add_balancers_on(txn, about, found);
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_DEVICE, about, NULL);
	while ((port = txn_iter_next(&iter)))
		if (port_is_router_interface(port))
			add_balancers_on(txn, object_str(port, PORT_NETWORK_ID), found);
	return found;
}

/* Has the appliance the VIP? A router has those of the subnets of its interfaces. */
static bool is_reached(
	const struct txn *txn, const struct object *appliance, const struct object *balancer)
{
	const char *about = object_str(appliance, APPLIANCE_OBJECT_ID);
	const struct object *port;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_ROUTER_SUBNET,
		object_str(balancer, LOAD_BALANCER_VIP_SUBNET_ID), NULL);
	while ((port = txn_iter_next(&iter)))
		if (!strcmp(object_str(port, PORT_DEVICE_ID), about))
			return true;
	return !strcmp(object_str(balancer, LOAD_BALANCER_VIP_NETWORK_ID), about);
}

bool appliance_balancers_stage(
	struct txn *txn, const struct object *appliance, const json_t *reported, GError **error)
{
	g_autoptr(GPtrArray) balancers = balancers_of(txn, appliance);
	struct said said = { .report = reported,
		.balancers = json_object_get(reported, "load_balancers"),
		.done = !g_strcmp0(
				json_string_value(json_object_get(reported, "status")), "ACTIVE") &&
			json_integer_value(json_object_get(reported, "revision")) ==
				object_int(appliance, APPLIANCE_REVISION) };
	const json_t *member;
	size_t i;

	for (guint n = 0; n < balancers->len; n++) {
		const struct object *balancer = balancers->pdata[n];

		if (!(is_reached(txn, appliance, balancer)
				    ? stage_balancer(txn, balancer, &said, error)
				    : stage_state(txn, balancer, LOAD_BALANCER_FAILED,
					      "the network's virtual router is a router's, which has no interface on the VIP's subnet",
					      error)))
			return false;
	}
	json_array_foreach(json_object_get(said.balancers, "members"), i, member)
		if (!stage_member(txn, balancers, member, error))
			return false;
	return true;
}
