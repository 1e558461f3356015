/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/ops.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool op_string(const json_t *body, const char *member, const char **ret, GError **error)
{
	const char *text = json_string_value(json_object_get(body, member));

	if (!text || !*text)
		return weft_fail(error, BAD_REQUEST, "\"%s\" must be given, as a string", member);
	*ret = text;
	return true;
}

bool op_port_id(const json_t *body, struct uuid *ret, GError **error)
{
	const char *text;

	if (!op_string(body, "port", &text, error))
		return false;
	return uuid_parse(text, ret) ||
	       weft_fail(error, BAD_REQUEST, "port \"%.80s\" must be the id of a port (a UUID)",
		       text);
}

bool op_port(struct agent *agent, const json_t *body, struct port **ret, GError **error)
{
	const char *device = json_string_value(json_object_get(body, "device"));
	struct port *port = NULL;
	struct uuid id;

	if (json_object_get(body, "port")) {
		if (!op_port_id(body, &id, error))
			return false;
		port = desired_port(agent->desired, &id);
	} else if (device) {
		const struct uuid *plugged = plugs_port(agent->plugs, device);

		port = plugged ? desired_port(agent->desired, plugged) : NULL;
	} else {
		return weft_fail(error, BAD_REQUEST, "\"port\" or \"device\" must be given");
	}
	if (!port || !port->known)
		return weft_fail(error, PORT_NOT_FOUND, "%s %s is not a port of this host",
			device ? "device" : "port",
			device ? device : json_string_value(json_object_get(body, "port")));
	*ret = port;
	return true;
}

static bool op_view(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);

static bool op_flows(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	(void)body;
	(void)error;
	control_answer(request, usage_to_json(agent));
	return true;
}

static bool op_drops(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());
	json_t *host = json_object();

	(void)body;
	if (!dp_drop_counts(agent->dp, 0, counts, error)) {
		json_decref(host);
		return false;
	}
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		json_object_set_new(host, dp_drop_reason_name(i),
			json_pack("{s:I,s:s}", "count", (json_int_t)counts[i], "doc",
				dp_drop_reason_doc(i)));
	control_answer(request, json_pack("{s:o}", "host", host));
	return true;
}

static bool op_services(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	json_t *result = json_object();

	(void)body;
	(void)error;
	for (int i = 0; i < SERVICE_N_OUTCOMES; i++) {
		const char *service = service_outcome_service(i);

		if (!json_object_get(result, service))
			json_object_set_new(result, service, json_object());
		json_object_set_new(json_object_get(result, service), service_outcome_name(i),
			json_integer((json_int_t)punt_count(agent->punt, i)));
	}
	control_answer(request, result);
	return true;
}

static bool op_resync(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	(void)body;
	reconcile_all(&agent->reconcile);
	agent_flush_later(agent);
	if (agent->reconcile.failed)
		return weft_fail(
			error, KERNEL, "not everything could be stated; the log says what");
	control_answer(request, NULL);
	return true;
}

static bool op_stop(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	(void)error;
	agent->cleanup_at_end = json_is_true(json_object_get(body, "cleanup"));
	control_answer(request, NULL);
	g_main_loop_quit(agent->loop);
	return true;
}

static const struct {
	const char *name;
	op_handler handle;
} ops[] = {
	{ "status", op_status },
	{ "plug", op_plug },
	{ "unplug", op_unplug },
	{ "ports", op_ports },
	{ "trace", op_trace },
	{ "view", op_view },
	{ "flows", op_flows },
	{ "drops", op_drops },
	{ "services", op_services },
	{ "metrics", op_metrics },
	{ "logs", op_logs },
	{ "rules", op_rules },
	{ "limits", op_limits },
	{ "appliance", op_appliance },
	{ "explain", op_explain },
	{ "resync", op_resync },
	{ "stop", op_stop },
};

void ops_handle(struct control_request *request, const json_t *body, void *agent)
{
	const char *name = json_string_value(json_object_get(body, "op"));
	GError *error = NULL;

	for (size_t i = 0; name && i < G_N_ELEMENTS(ops); i++)
		if (strcmp(ops[i].name, name) == 0) {
			if (!ops[i].handle(agent, request, body, &error))
				control_fail(request, error);
			return;
		}
	weft_fail(&error, BAD_REQUEST,
		"op \"%.40s\" is not known; status, plug, unplug, ports, trace, view, flows, drops, "
		"services, metrics, logs, rules, limits, appliance, explain, resync and stop are",
		name ? name : "");
	control_fail(request, error);
}

struct view_query {
	const char *kind, *id;
	json_t *records;
};

static void collect_record(const struct sync_message *message, void *data)
{
	struct view_query *query = data;

	if ((query->kind && strcmp(query->kind, message->kind) != 0) ||
		(query->id && strcmp(query->id, message->id) != 0))
		return;
	json_array_append_new(
		query->records, json_pack("{s:s,s:s,s:s,s:I,s:O}", "kind", message->kind, "id",
					message->id, "scope", message->scope, "rev",
					(json_int_t)message->rev, "data", message->data));
}

static bool op_view(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	struct view_query query = {
		.kind = json_string_value(json_object_get(body, "kind")),
		.id = json_string_value(json_object_get(body, "id")),
		.records = json_array(),
	};

	if (!view_foreach(agent->view, collect_record, &query, error)) {
		json_decref(query.records);
		return false;
	}
	control_answer(
		request, json_pack("{s:I,s:s?,s:o}", "revision", (json_int_t)agent->view->revision,
				 "store", agent->view->store, "records", query.records));
	return true;
}

json_t *usage_to_json(const struct agent *agent)
{
	struct dp_usage usage = { 0 };

	if (!dp_usage(agent->dp, &usage, NULL))
		return json_object();
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "flows", (json_int_t)usage.flows,
		"flows_max", (json_int_t)usage.flows_max, "endpoints", (json_int_t)usage.endpoints,
		"endpoints_max", (json_int_t)usage.endpoints_max, "networks",
		(json_int_t)usage.networks, "ports", (json_int_t)usage.ports, "flow_table_full",
		(json_int_t)usage.flow_table_full, "translations", (json_int_t)usage.translations,
		"translations_max", (json_int_t)usage.translations_max);
}

u64 resident_bytes(void)
{
	g_autofree char *text = NULL;
	unsigned long size, resident;

	if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL) ||
		sscanf(text, "%lu %lu", &size, &resident) != 2)
		return 0;
	return resident * (u64)sysconf(_SC_PAGESIZE);
}

unsigned count_wired(const struct agent *agent)
{
	const struct port *port;
	unsigned wired = 0;
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		wired += port->known && port->state == PORT_WIRED;
	return wired;
}
