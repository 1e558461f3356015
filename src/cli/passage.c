/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/passage.h"

#include <string.h>

#include "cli/agent_client.h"
#include "cli/hypervisor.h"
#include "cli/resolve.h"
#include "model/port/port.h"
#include "model/port/service_port.h"

#define ROUTERS_MAX 8 /* on a way */

const char *step_that(const json_t *steps, const char *begins)
{
	const char *found = NULL;
	size_t i;
	json_t *step;

	json_array_foreach(steps, i, step)
		if (g_str_has_prefix(json_string_value(step), begins))
			found = json_string_value(step);
	return found;
}

void passage_clear(struct passage *passage)
{
	json_decref(passage->legs);
	json_decref(passage->last);
	g_free(passage->verdict);
	*passage = (struct passage){ 0 };
}

static void add_leg(struct passage *passage, const char *at, const json_t *answer)
{
	if (!passage->legs)
		passage->legs = json_array();
	json_array_append_new(passage->legs,
		json_pack("{s:s, s:O}", "at", at, "steps", json_object_get(answer, "steps")));
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool has_left(const json_t *trace)
{
	const json_t *steps = json_object_get(trace, "steps");

	return step_that(steps, "encapsulated by") || step_that(steps, "delivered to") ||
	       step_that(steps, "sent from");
}

/* The virtual router's port that the packet goes to: a copy of its id, or NULL. */
static char *next_router(struct cli *cli, const json_t *trace)
{
	static const char *const routers[] = { OWNER_ROUTER_INTERFACE,
		OWNER_ROUTER_INTERFACE_DISTRIBUTED, OWNER_ROUTER_INTERFACE_HA, OWNER_ROUTER_GATEWAY,
		OWNER_APPLIANCE, OWNER_HA_APPLIANCE, NULL };
	const char *to = text_of(trace, "to_port"), *owner;
	struct client *client;
	json_t *port;
	char *id = NULL;

	if (!to || !has_left(trace) || !cli_has_controller(cli))
		return NULL;
	client = cli_client(cli, NULL);
	port = client ? resolve_object(client, &port_kind, to, NULL, NULL) : NULL;
	owner = text_of(port, "device_owner");
	if (owner && g_strv_contains(routers, owner))
		id = g_strdup(to);
	json_decref(port);
	return id;
}

static json_t *ask(const struct hypervisor *there, const char *port, const char *op,
	const char *how, json_t *spec, GError **error)
{
	json_t *request = json_pack("{s:s, s:s, s:O}", "op", op, "port", port, "spec", spec);

	if (how)
		json_object_set_new(request, how, json_true());
	return agent_call(there->socket, request, error);
}

/* What the appliance makes of it; the packet is that, behind it. */
static void apply(json_t *spec, const json_t *answer)
{
	static const char *const same[][2] = { { "src", "source" }, { "dst", "destination" },
		{ "next_hop", "next_hop" }, { "from_port", "port" } };

	for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
		if (json_object_get(answer, same[i][1]))
			json_object_set(spec, same[i][0], json_object_get(answer, same[i][1]));
	if (json_integer_value(json_object_get(answer, "destination_port")))
		json_object_set(spec, "dst_port", json_object_get(answer, "destination_port"));
}

static const char *verdict_of(const json_t *answer)
{
	const char *verdict = text_of(answer, "verdict") ?: "", *reason = text_of(answer, "reason");

	if (!strcmp(verdict, "forwarded"))
		return NULL;
	if (!strcmp(verdict, "tunnel"))
		return "sent into a tunnel";
	if (!strcmp(verdict, "local"))
		return "for the appliance itself";
	return reason && g_str_has_prefix(reason, "denied-") ? "refused" : "lost";
}

static bool arrive(const struct hypervisor *there, const char *port, const json_t *trace,
	json_t *spec, struct passage *ret, GError **error)
{
	json_t *answer;

	if (!step_that(json_object_get(trace, "steps"), "encapsulated by"))
		return true;
	answer = ask(there, port, "trace", "arrives", spec, error);
	if (!answer)
		return false;
	add_leg(ret, "At the host of the appliance", answer);
	if (!has_left(answer))
		ret->verdict = g_strdup("lost");
	json_decref(answer);
	return true;
}

/* On from the NIC; what is outside of the cloud has no port here. */
static bool leave(const struct hypervisor *there, const json_t *answer, json_t *spec,
	struct passage *ret, json_t **ret_last, GError **error)
{
	g_autoptr(GError) why = NULL;
	json_t *end;

	*ret_last = ask(there, text_of(answer, "port"), "trace", NULL, spec, &why);
	if (*ret_last) {
		add_leg(ret, "At the host of the appliance", *ret_last);
		return true;
	}
	if (!g_error_matches(why, WEFT_ERROR, WEFT_ERROR_BAD_REQUEST)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	end = json_pack("{s:[o]}", "steps",
		json_sprintf("no port here has the next hop %s: what becomes of it is not known",
			text_of(answer, "next_hop")));
	add_leg(ret, "Behind the appliance", end);
	json_decref(end);
	ret->verdict = g_strdup("sent on by the appliance");
	return true;
}

/* Through one: ret->verdict is where it ends, or ret->last is how it goes on. */
static bool pass(struct cli *cli, const char *port, const json_t *trace, json_t *spec,
	struct passage *ret, GError **error)
{
	struct hypervisor there = { 0 };
	g_autofree char *at = NULL;
	json_t *answer = NULL, *last = NULL;
	bool ok = hypervisor_find(cli, port, NULL, &there, error) &&
		  arrive(&there, port, trace, spec, ret, error);

	if (ok && !ret->verdict)
		answer = ask(&there, port, "explain", NULL, spec, error);
	if (answer) {
		at = g_strdup_printf("In the appliance %s", text_of(answer, "appliance"));
		add_leg(ret, at, answer);
		ret->verdict = g_strdup(verdict_of(answer));
		apply(spec, answer);
	}
	if (answer && !ret->verdict)
		ok = leave(&there, answer, spec, ret, &last, error);
	else if (ok && !ret->verdict)
		ok = false;
	json_decref(ret->last);
	ret->last = last;
	json_decref(answer);
	hypervisor_clear(&there);
	return ok;
}

bool passage_follow(
	struct cli *cli, const json_t *trace, json_t *spec, struct passage *ret, GError **error)
{
	*ret = (struct passage){ 0 };
	for (int i = 0; i < ROUTERS_MAX && !ret->verdict; i++) {
		const json_t *before = ret->last ?: trace;
		g_autofree char *port = next_router(cli, before);

		if (!port)
			return true;
		if (!pass(cli, port, before, spec, ret, error)) {
			passage_clear(ret);
			return false;
		}
	}
	return true;
}
