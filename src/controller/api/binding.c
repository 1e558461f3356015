/* SPDX-License-Identifier: Apache-2.0 */
/* /v2.0/ports/ID/bindings: the hosts that a port is or may soon be bound to, named by the host. */
#include <stdlib.h>
#include <string.h>

#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/access/policy.h"
#include "model/port/port.h"
#include "model/port/port_binding.h"

static const struct object *need_port(
	struct call *call, enum policy_operation operation, GError **error)
{
	static const struct policy_target nothing = { 0 };
	const struct object *port;

	call->kind = &port_kind;
	port = call_object(call, error);
	if (!port)
		return NULL;
	if (!policy_allows(&call->caller, &port_binding_kind, operation, &nothing)) {
		weft_fail(error, FORBIDDEN,
			"Bindings of ports are disallowed by policy: by default they are for administrators.");
		return NULL;
	}
	/* A binding is a part of its port, whose revision counts its changes too. */
	return operation == POLICY_GET || call_check_revision(call, port, error) ? port : NULL;
}

static void answer(const struct call *call, unsigned status, const char *key, json_t *value)
{
	json_t *body = key ? json_pack("{s:o}", key, value) : value;
	char *text = json_dumps(body, JSON_COMPACT);

	call_answer(call, status, g_string_new(text));
	free(text);
	json_decref(body);
}

/* json_decref(); NULL: there is none. */
static json_t *load(const struct call *call, const char *host)
{
	const struct object *port = model_get_text(call->api->model, KIND_PORT, call->id);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	if (!port || !port_binding_write(call->api->model, port, host, &w))
		return NULL;
	return json_loads(text->str, 0, NULL);
}

/* Does the binding have each value that the query names? Unknown names are refused. */
static bool matches(
	const struct http_target *target, const json_t *binding, bool *ret, GError **error)
{
	*ret = true;
	for (unsigned i = 0; i < target->n_params; i++) {
		const char *name = target->params[i].name;
		const json_t *value = json_object_get(binding, name);

		if (!strcmp(name, "fields"))
			continue;
		if (!json_is_string(value))
			return weft_fail(error, INVALID_INPUT,
				"Invalid filter '%.64s': bindings are filtered by host, status, vif_type, vnic_type and project_id.",
				name);
		*ret = *ret && !strcmp(json_string_value(value), target->params[i].value);
	}
	return true;
}

static json_t *select_fields(const struct http_target *target, json_t *binding)
{
	json_t *selected = json_object();
	bool any = false;

	for (unsigned i = 0; i < target->n_params; i++) {
		const char *field = target->params[i].value;

		if (strcmp(target->params[i].name, "fields"))
			continue;
		any = true;
		if (json_object_get(binding, field))
			json_object_set(selected, field, json_object_get(binding, field));
	}
	if (any)
		return selected;
	json_decref(selected);
	return json_incref(binding);
}

void bindings_list(struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	GError *error = NULL;
	const struct object *port = need_port(call, POLICY_GET, &error);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	json_t *all, *found, *binding;
	bool matched;
	size_t i;

	if (!port)
		return call_fail(call, error);
	port_bindings_write(call->api->model, port, &w);
	all = json_loads(text->str, 0, NULL);
	found = json_array();
	json_array_foreach(all, i, binding) {
		if (!matches(target, binding, &matched, &error))
			break;
		if (matched)
			json_array_append_new(found, select_fields(target, binding));
	}
	json_decref(all);
	if (!error)
		return answer(call, 200, "bindings", found);
	json_decref(found);
	call_fail(call, error);
}

void binding_show(struct call *call)
{
	GError *error = NULL;
	json_t *binding = NULL;

	if (need_port(call, POLICY_GET, &error)) {
		binding = load(call, call->item);
		if (!binding)
			weft_fail(&error, PORT_BINDING_NOT_FOUND,
				"Binding for port %s for host %.255s could not be found.", call->id,
				call->item);
	}
	if (!binding)
		return call_fail(call, error);
	answer(call, 200, "binding", binding);
}

/* The host that was asked for: of the path, or of the body (write.answer). */
static json_t *load_written(const struct write *write)
{
	return load(&write->call, json_string_value(write->answer) ?: write->call.item)
		       ?: json_object();
}

static void respond_created(struct write *write)
{
	answer(&write->call, 201, "binding", load_written(write));
}

static void respond_updated(struct write *write)
{
	answer(&write->call, 200, "binding", load_written(write));
}

/* As Networking answers its verbs: without an envelope. */
static void respond_activated(struct write *write)
{
	answer(&write->call, 200, NULL, load_written(write));
}

void binding_create(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *port = need_port(call, POLICY_CREATE, &error);
	json_t *body = port ? body_parse(call->request, &error) : NULL;
	json_t *inner = body ? body_member(body, "binding", &error) : NULL;
	bool staged = inner && port_binding_create(txn, port, inner, &error);
	struct write *write;

	if (staged) {
		write = write_new(call, NULL, respond_created);
		write->answer = json_incref(json_object_get(inner, "host"));
		write_submit_full(write, g_steal_pointer(&txn));
	} else {
		call_fail(call, error);
	}
	json_decref(body);
}

void binding_update(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *port = need_port(call, POLICY_UPDATE, &error);
	json_t *body = port ? body_parse(call->request, &error) : NULL;
	json_t *inner = body ? body_member(body, "binding", &error) : NULL;
	bool staged = inner && port_binding_update(txn, port, call->item, inner, &error);

	json_decref(body);
	if (!staged)
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, respond_updated);
}

void binding_delete(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *port = need_port(call, POLICY_DELETE, &error);

	if (!port || !port_binding_delete(txn, port, call->item, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

void binding_activate(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *port = need_port(call, POLICY_UPDATE, &error);

	if (!port || !port_binding_activate(txn, port, call->item, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, respond_activated);
}
