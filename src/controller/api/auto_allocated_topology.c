/* SPDX-License-Identifier: Apache-2.0 */
/* /v2.0/auto-allocated-topology/PROJECT: made by GET unless it is there. */
#include "model/network/auto_allocated_topology.h"

#include <string.h>

#include "controller/api/call.h"
#include "controller/api/mtu.h"
#include "model/network/network.h"

#define DRY_RUN "dry-run"
#define DRY_RUN_ID "dry-run=pass"

/* The project that the path names; clients without one say None for the caller's. */
static const char *project_of(const struct call *call, GError **error)
{
	const char *project = strcmp(call->id, "None") != 0 ? call->id : call->caller.project_id;

	if (!*project)
		weft_fail(error, BAD_REQUEST,
			"The token has no project: name one, as in /v2.0/auto-allocated-topology/PROJECT.");
	return *project ? project : NULL;
}

/* ?fields=dry-run asks whether it could be made. */
static bool read_fields(const struct call *call, bool *ret_dry_run, GError **error)
{
	const struct http_target *target = http_request_target(call->request);

	*ret_dry_run = false;
	for (unsigned i = 0; i < target->n_params; i++) {
		if (strcmp(target->params[i].name, "fields") != 0)
			continue;
		if (strcmp(target->params[i].value, DRY_RUN) != 0)
			return weft_fail(error, BAD_REQUEST,
				"Bad auto_allocate request: Unrecognized field: '%.64s' is none, give '" DRY_RUN
				"' or nothing.",
				target->params[i].value);
		*ret_dry_run = true;
	}
	return true;
}

static void answer(const struct call *call, const char *id, const char *project)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, auto_allocated_topology_kind.singular);
	jw_begin_object(&w);
	jw_member_string(&w, "id", id);
	jw_member_string(&w, "tenant_id", project);
	jw_member_string(&w, "project_id", project);
	jw_end_object(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

static void respond(struct write *write)
{
	const struct object *topology = write->objects->pdata[0];

	answer(&write->call, object_str(topology, TOPOLOGY_NETWORK_ID),
		object_str(topology, SLOT_PROJECT_ID));
}

/* The model does not know the underlay's MTU. */
static const struct object *get(
	struct call *call, struct txn *txn, const char *project, GError **error)
{
	const struct object *topology = NULL;
	json_t *network = json_object();

	call->kind = &network_kind;
	if (mtu_prepare(call, network, error))
		topology = auto_allocated_topology_get(
			txn, project, json_object_get(network, "mtu"), error);
	json_decref(network);
	return topology;
}

void auto_allocated_topology_show(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	const struct object *topology = NULL;
	GError *error = NULL;
	const char *project = project_of(call, &error);
	bool dry_run = false;
	GPtrArray *objects;

	if (project && read_fields(call, &dry_run, &error) && !dry_run)
		topology = get(call, txn, project, &error);
	if (!error && dry_run && auto_allocated_topology_check(txn, project, &error))
		return answer(call, DRY_RUN_ID, project);
	if (error)
		return call_fail(call, error);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(topology));
	write_submit(call, g_steal_pointer(&txn), objects, respond);
}

void auto_allocated_topology_delete(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const char *project = project_of(call, &error);

	if (!project || !auto_allocated_topology_remove(txn, project, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
