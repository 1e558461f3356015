/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts say of load balancers. One is on every host that has its VIP's network: it is WIRED
 * once one has it, and FAILED when one can't, until that one says otherwise. */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/host/host.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/load_balancer.h"
#include "model/port/port.h"

static bool stage(struct txn *txn, const struct object *balancer, enum load_balancer_state state,
	const char *reason, GError **error)
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

/* Did another host, that there is, say that it can't? */
static bool failed_elsewhere(
	const struct model *model, const struct object *balancer, const char *host)
{
	const char *before = object_str(balancer, LOAD_BALANCER_STATUS_REASON);
	const char *colon = strstr(before, ": ");
	g_autofree char *failed = colon ? g_strndup(before, (gsize)(colon - before)) : NULL;

	return failed && strcmp(failed, host) &&
	       model_first(model, KIND_HOST, HOST_BY_NAME, failed, NULL);
}

static bool stage_one(struct txn *txn, const struct object *balancer, const struct object *host,
	bool wired, const char *reason, GError **error)
{
	const char *name = object_str(host, SLOT_NAME);
	g_autofree char *text = g_strdup_printf("%s: %.255s", name, reason);
	struct uuid network;

	if (!object_uuid(balancer, LOAD_BALANCER_VIP_NETWORK_ID, &network) ||
		!compile_host_has(txn_model(txn), object_id(host), &network))
		return true;
	if (!wired)
		return stage(txn, balancer, LOAD_BALANCER_FAILED, text, error);
	return failed_elsewhere(txn_model(txn), balancer, name) ||
	       stage(txn, balancer, LOAD_BALANCER_WIRED, "", error);
}

bool load_balancers_stage(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error)
{
	const char *id;
	json_t *state;

	json_object_foreach((json_t *)reported, id, state) {
		const struct object *balancer = txn_get_text(txn, KIND_LOAD_BALANCER, id);
		const char *reason = json_string_value(json_object_get(state, "reason"));
		const json_t *wired = json_object_get(state, "wired");

		if (!json_is_boolean(wired))
			return weft_fail(error, BAD_REQUEST,
				"Load balancer %.64s of the report lacks \"wired\": true or false.",
				id);
		if (balancer &&
			!stage_one(txn, balancer, host, json_is_true(wired),
				reason && g_utf8_validate(reason, -1, NULL) ? reason : "", error))
			return false;
	}
	return true;
}

/* Is the member a port of the host? */
static bool is_on(const struct txn *txn, const struct object *member, const struct object *host)
{
	const struct object *port = model_first(txn_model(txn), KIND_PORT, PORT_BY_NETWORK_IP,
		object_str(member, LB_MEMBER_NETWORK_ID), object_str(member, LB_MEMBER_ADDRESS),
		NULL);

	return port && !strcmp(object_str(port, PORT_HOST_ID), object_str(host, SLOT_NAME));
}

bool members_stage(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error)
{
	const char *id;
	json_t *state;

	json_object_foreach((json_t *)reported, id, state) {
		const struct object *member = txn_get_text(txn, KIND_LB_MEMBER, id);
		const json_t *alive = json_object_get(state, "alive");
		const char *why = json_string_value(json_object_get(state, "reason"));

		if (!json_is_boolean(alive))
			return weft_fail(error, BAD_REQUEST,
				"Member %.64s of the report lacks \"alive\": true or false.", id);
		if (member && is_on(txn, member, host) &&
			!lb_member_judge(txn, member,
				json_is_true(alive) ? LB_MEMBER_ALIVE : LB_MEMBER_DEAD, why, error))
			return false;
	}
	return true;
}
