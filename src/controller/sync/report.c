/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST …/report: an agent says what it has wired. It is answered at once; the status of the ports
 * goes through the same write path as everything else, so it shares its disk syncs.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "base/log.h"
#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"
#include "model/port/trunk.h"

#define REASON_MAX 255 /* bytes of text that an agent may give for a port */

static const struct caller system_caller = { CALLER_SYSTEM, "" };

struct report {
	const char *instance;
	json_int_t revision;
	int full;
	json_t *ports, *floating_ips, *load_balancers, *members, *listeners, *appliances, *masters,
		*missed, *announced, *agent;
};

static bool parse_report(
	struct http_request *request, json_t **ret_root, struct report *ret, GError **error)
{
	json_error_t why;
	size_t len;
	const char *body = http_request_body(request, &len);
	json_t *root = json_loadb(body ? body : "", len, JSON_REJECT_DUPLICATES, &why);

	*ret_root = root;
	if (!root)
		return weft_fail(error, BAD_REQUEST,
			"The report is no JSON: line %d, column %d: %s.", why.line, why.column,
			why.text);
	*ret = (struct report){ 0 };
	if (json_unpack_ex(root, &why, 0,
		    "{s:s, s:I, s?b, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?o}", "instance",
		    &ret->instance, "revision", &ret->revision, "full", &ret->full, "ports",
		    &ret->ports, "floating_ips", &ret->floating_ips, "load_balancers",
		    &ret->load_balancers, "members", &ret->members, "listeners", &ret->listeners,
		    "appliances", &ret->appliances, "masters", &ret->masters, "missed",
		    &ret->missed, "announced", &ret->announced, "agent", &ret->agent) ||
		ret->revision < 0 || (ret->ports && !json_is_object(ret->ports)) ||
		(ret->floating_ips && !json_is_object(ret->floating_ips)) ||
		(ret->members && !json_is_object(ret->members)) ||
		(ret->listeners && !json_is_object(ret->listeners)) ||
		(ret->appliances && !json_is_object(ret->appliances)) ||
		(ret->load_balancers && !json_is_object(ret->load_balancers)) ||
		(ret->masters && !json_is_object(ret->masters)) ||
		(ret->missed && !json_is_object(ret->missed)) ||
		(ret->announced && !json_is_object(ret->announced)) ||
		(ret->agent && !json_is_object(ret->agent)))
		return weft_fail(error, BAD_REQUEST,
			"A report is {\"instance\": text, \"revision\": number, \"full\": boolean, "
			"\"ports\": object, \"floating_ips\": object, \"load_balancers\": object, \"members\": object, \"listeners\": object, \"appliances\": object, \"masters\": object, \"missed\": object, \"announced\": object, \"agent\": object}; %s.",
			why.text[0] ? why.text : "a member has another type");
	return true;
}

/* Stages the status of one port, and of a gateway (else NULL) the host that has it; what is as it
 * was costs nothing. */
static bool stage_port_at(struct txn *txn, const struct object *port, enum port_status status,
	const char *reason, const char *gateway_host, GError **error)
{
	const char *utf8_end;
	g_autofree char *text = g_strndup(reason, REASON_MAX);
	struct object *draft;

	if (!g_utf8_validate(text, -1, &utf8_end))
		text[utf8_end - text] = '\0';
	if (object_choice(port, PORT_STATUS) == (int)status &&
		strcmp(object_str(port, PORT_STATUS_REASON), text) == 0 &&
		!g_strcmp0(object_str(port, PORT_GATEWAY_HOST_ID), gateway_host))
		return true;
	draft = object_edit(port);
	object_set_choice(draft, PORT_STATUS, (int)status);
	object_set_str(draft, PORT_STATUS_REASON, text);
	object_set_str(draft, PORT_GATEWAY_HOST_ID, gateway_host);
	return txn_put(txn, draft, error) != NULL;
}

static bool stage_port(struct txn *txn, const struct object *port, enum port_status status,
	const char *reason, GError **error)
{
	return stage_port_at(txn, port, status, reason, NULL, error);
}

static bool stage_bound(struct txn *txn, const struct object *port, const struct object *host,
	bool wired, const char *reason, GError **error)
{
	return strcmp(object_str(port, PORT_HOST_ID), object_str(host, SLOT_NAME)) != 0 ||
	       stage_port(txn, port, wired ? PORT_ACTIVE : PORT_DOWN, wired ? "" : reason, error);
}

/* A router's interface is on every host that has its network: it is ACTIVE once one has wired it,
 * and DOWN when one can't, until that one says otherwise. */
static bool stage_interface(struct txn *txn, const struct object *port, const struct object *host,
	bool wired, const char *reason, GError **error)
{
	const struct model *model = txn_model(txn);
	const char *before = object_str(port, PORT_STATUS_REASON), *colon = strstr(before, ": ");
	g_autofree char *failed = colon ? g_strndup(before, (gsize)(colon - before)) : NULL;
	g_autofree char *text = g_strdup_printf("%s: %s", object_str(host, SLOT_NAME), reason);
	struct uuid network;

	if (!object_uuid(port, PORT_NETWORK_ID, &network) ||
		!compile_host_has(model, object_id(host), &network))
		return true;
	if (!wired)
		return stage_port(txn, port, PORT_DOWN, text, error);
	if (failed && strcmp(failed, object_str(host, SLOT_NAME)) &&
		model_first(model, KIND_HOST, HOST_BY_NAME, failed, NULL))
		return true;
	return stage_port(txn, port, PORT_ACTIVE, "", error);
}

/* It is on one of the hosts that may have it, which changes when hosts fail: who has it says so. */
static bool stage_gateway(struct txn *txn, const struct object *port, const struct object *host,
	bool wired, const char *reason, GError **error)
{
	const struct object *router =
		txn_get_text(txn, KIND_ROUTER, object_str(port, PORT_DEVICE_ID));
	g_autofree char *text = g_strdup_printf("%s: %s", object_str(host, SLOT_NAME), reason);
	char id[UUID_STRLEN];

	return !gateway_hosts_include(router, object_id(host)) ||
	       stage_port_at(txn, port, wired ? PORT_ACTIVE : PORT_DOWN, wired ? "" : text,
		       uuid_format(object_id(host), id), error);
}

/* It is not on @host, which may have had it. */
static bool stage_gateway_elsewhere(
	struct txn *txn, const struct object *port, const struct object *host, GError **error)
{
	const char *has = object_str(port, PORT_GATEWAY_HOST_ID);
	char id[UUID_STRLEN];

	return !has || strcmp(has, uuid_format(object_id(host), id)) ||
	       stage_port_at(txn, port, (enum port_status)object_choice(port, PORT_STATUS),
		       object_str(port, PORT_STATUS_REASON), NULL, error);
}

/* Does the edge route for its router? Else the port is where its provider has it. */
static bool is_edges(const struct txn *txn, const struct object *port)
{
	const struct object *router =
		txn_get_text(txn, KIND_ROUTER, object_str(port, PORT_DEVICE_ID));

	return !router || service_is_edges(router, SERVICE_ROUTER);
}

static bool stage_any(struct txn *txn, const struct object *port, const struct object *host,
	bool wired, const char *reason, GError **error)
{
	if (port_is_router_interface(port) && is_edges(txn, port))
		return stage_interface(txn, port, host, wired, reason, error);
	if (port_has_owner(port, OWNER_ROUTER_GATEWAY))
		return stage_gateway(txn, port, host, wired, reason, error);
	return stage_bound(txn, port, host, wired, reason, error);
}

static bool stage_reported(
	struct txn *txn, const struct object *host, const struct report *report, GError **error)
{
	const char *id;
	json_t *state;

	json_object_foreach(report->ports, id, state) {
		const struct object *port = txn_get_text(txn, KIND_PORT, id);
		json_t *wired = json_object_get(state, "wired");
		const char *reason = json_string_value(json_object_get(state, "reason"));

		if (!json_is_boolean(wired))
			return weft_fail(error, BAD_REQUEST,
				"Port %s of the report lacks \"wired\": true or false.", id);
		/* deleted or moved while the report was on its way: not this host's any more */
		if (!port)
			continue;
		if (json_is_true(json_object_get(state, "elsewhere"))) {
			if (!stage_gateway_elsewhere(txn, port, host, error))
				return false;
			continue;
		}
		if (!stage_any(txn, port, host, json_is_true(wired), reason ? reason : "", error))
			return false;
	}
	return true;
}

/* A full report is all that the host has: what it does not name is not wired. */
static bool stage_missing(
	struct txn *txn, const struct object *host, const struct report *report, GError **error)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new();
	struct txn_iter iter;
	const struct object *port;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = txn_iter_next(&iter)))
		if (!port_has_owner(port, OWNER_ROUTER_GATEWAY) &&
			!json_object_get(report->ports, uuid_format(object_id(port), id)))
			g_ptr_array_add(missing, (gpointer)port);
	for (guint i = 0; i < missing->len; i++)
		if (!stage_port(txn, g_ptr_array_index(missing, i), PORT_DOWN,
			    "its host has not wired it yet", error))
			return false;
	return true;
}

static void add_trunk(struct txn *txn, const char *port_id, GHashTable *trunks)
{
	const struct object *trunk = trunk_of_port(txn, port_id);

	if (trunk)
		g_hash_table_add(trunks, g_memdup2(object_id(trunk), sizeof(struct uuid)));
}

/* The status of the trunks of all ports that the report may have been about. */
static bool stage_trunks(
	struct txn *txn, const struct object *host, const struct report *report, GError **error)
{
	g_autoptr(GHashTable) trunks = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	const struct object *port;
	struct txn_iter ports;
	GHashTableIter iter;
	char id[UUID_STRLEN];
	const char *reported;
	gpointer trunk;
	json_t *state;

	if (!model_count_all(txn_model(txn), KIND_TRUNK))
		return true;
	json_object_foreach(report->ports, reported, state)
		add_trunk(txn, reported, trunks);
	if (report->full) {
		txn_iter_init(
			&ports, txn, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
		while ((port = txn_iter_next(&ports)))
			add_trunk(txn, uuid_format(object_id(port), id), trunks);
	}
	g_hash_table_iter_init(&iter, trunks);
	while (g_hash_table_iter_next(&iter, &trunk, NULL))
		if (!trunk_follow_status(txn, trunk, error))
			return false;
	return true;
}

static void take_if_other(
	json_t *body, const struct object *host, unsigned slot, const char *name, json_t *said)
{
	json_t *known = object_json(host, slot);

	if (said && !json_equal(said, known))
		json_object_set(body, name, said);
	json_decref(known);
}

/* What the agent says of its physical networks and its virtual machines, as far as that is not
 * what is known. */
static json_t *other_properties(const struct object *host, const struct report *report)
{
	json_t *machines = json_object_get(report->agent, "virtual_machines"),
	       *body = json_object();

	take_if_other(body, host, HOST_BRIDGE_MAPPINGS, "bridge_mappings",
		json_object_get(report->agent, "bridge_mappings"));
	take_if_other(body, host, HOST_MACHINE_IMAGES, "machine_images",
		json_object_get(machines, "images"));
	return body;
}

static bool stage_properties(
	struct txn *txn, const struct object *host, json_t *properties, GError **error)
{
	char id[UUID_STRLEN];

	return !json_object_size(properties) ||
	       txn_update(txn, KIND_HOST, uuid_format(object_id(host), id), properties, error);
}

static bool submit(struct sync_server *server, const struct object *host,
	const struct report *report, json_t *properties, GError **error)
{
	g_autoptr(txn) txn = NULL;

	if (!json_object_size(report->ports) && !json_object_size(report->floating_ips) &&
		!json_object_size(report->load_balancers) && !json_object_size(report->members) &&
		!json_object_size(report->listeners) && !json_object_size(report->appliances) &&
		!json_object_size(report->masters) && !json_object_size(report->announced) &&
		!report->full && !json_object_size(properties))
		return true;
	txn = txn_new(server->config.model, &system_caller);
	if (!stage_properties(txn, host, properties, error) ||
		!stage_reported(txn, host, report, error) ||
		!floating_ips_stage(txn, host, report->floating_ips, report->full, error) ||
		!load_balancers_stage(txn, host, report->load_balancers, error) ||
		!members_stage(txn, host, report->members, error) ||
		!appliances_stage_report(txn, host, report->appliances, error) ||
		!listeners_stage(server, txn, host, report->listeners, report->full, error))
		return false;
	if (report->full && !stage_missing(txn, host, report, error))
		return false;
	if (!stage_trunks(txn, host, report, error) ||
		!masters_stage(server, txn, host,
			&(struct masters_report){ report->masters, report->ports, report->full },
			error) ||
		!announced_stage(server, txn, host, report->announced, error))
		return false;
	if (!txn_is_empty(txn))
		commit_submit(server->commit, g_steal_pointer(&txn), NULL, NULL);
	return true;
}

static void note_sign_of_life(struct peer *peer, const struct report *report)
{
	peer->heard_us = g_get_monotonic_time();
	peer->heard_real_us = g_get_real_time();
	peer->acked = MAX(peer->acked, (u64)report->revision);
	if (report->agent) {
		char *agent = json_dumps(report->agent, JSON_COMPACT);

		g_free(peer->agent);
		peer->agent = g_strdup(agent);
		free(agent);
	}
}

void report_handle(
	struct sync_server *server, struct http_request *request, const struct object *host)
{
	struct peer *peer = peer_get(server, object_id(host));
	g_autoptr(GError) error = NULL;
	json_t *root = NULL;
	struct report report;
	bool ok = parse_report(request, &root, &report, &error);

	server->totals.reports++;
	if (ok && peer->instance && peer->stream && strcmp(peer->instance, report.instance) != 0)
		ok = weft_fail(&error, CONFLICT,
			"Host %s is held by another agent, connected from %s.",
			object_str(host, SLOT_NAME), peer->address);
	if (ok) {
		json_t *properties = other_properties(host, &report);

		ok = missed_note(peer, report.missed, &error) &&
		     submit(server, host, &report, properties, &error);
		json_decref(properties);
	}
	if (ok) {
		note_sign_of_life(peer, &report);
		/* with a body: libsoup closes the connection of an answer without one */
		http_request_answer(request, 200, "application/json", g_string_new("{}"));
		wait_check(server);
	} else {
		server->config.fail(request, error, server->config.user);
	}
	json_decref(root);
}
