/* SPDX-License-Identifier: Apache-2.0 */
/* What a host may say of itself, and its credential. */
#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/host/host.h"

static const struct object *need_host(struct call *call, GError **error)
{
	const struct object *host = host_find(call->api->model, call->id);

	if (!host)
		weft_fail(error, HOST_NOT_FOUND, "Host %s could not be found.", call->id);
	return host;
}

/* Only where it is to be reached is the host's own to say; the rest is the operator's. */
static bool check_own(json_t *inner, GError **error)
{
	static const char *const own[] = { "tunnel_ips", "encapsulations", "bridge_mappings",
		"machine_images", NULL };
	const char *name;
	json_t *value;

	json_object_foreach(inner, name, value)
		if (!g_strv_contains(own, name))
			return weft_fail(error, FORBIDDEN,
				"A host may change its tunnel_ips, encapsulations, bridge_mappings and machine_images, not '%.64s'.",
				name);
	return true;
}

static const struct object *stage_update(struct call *call, struct txn *txn, GError **error)
{
	const struct object *host = need_host(call, error), *after = NULL;
	json_t *body, *inner;
	char id[UUID_STRLEN];

	if (!host || !auth_host(call->api->auth, call->request, host, error))
		return NULL;
	body = body_parse(call->request, error);
	inner = body ? body_member(body, "host", error) : NULL;
	if (inner && check_own(inner, error))
		after = txn_update(txn, KIND_HOST, uuid_format(object_id(host), id), inner, error);
	json_decref(body);
	return after;
}

static void submit(
	struct call *call, struct txn *txn, struct write *write, const struct object *host)
{
	write->objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(write->objects, object_ref(host));
	write->call.kind = &host_kind;
	(void)call;
	write_submit_full(write, txn);
}

/* PUT /weft/v1/hosts/{id}: by the host's own credential, or an administrator. */
void host_update(struct call *call)
{
	static const struct caller itself = { CALLER_ADMIN, "" };
	g_autoptr(txn) txn = txn_new(call->api->model, &itself);
	GError *error = NULL;
	const struct object *after = stage_update(call, txn, &error);

	if (!after)
		return call_fail(call, error);
	call->caller = itself;
	submit(call, g_steal_pointer(&txn), write_new(call, NULL, write_respond_updated), after);
}

static void respond_credential(struct write *write)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "credential", write->credential);
	jw_end_object(&w);
	call_answer(&write->call, 200, text);
}

/* POST /weft/v1/hosts/{id}/credential: a new one; the old one is good for nothing from then on. */
void host_renew(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	const struct object *host, *after;
	struct object *draft;
	struct write *write;
	GError *error = NULL;

	if (!caller_is_admin(&call->caller)) {
		weft_fail(&error, FORBIDDEN, "Only an administrator may renew a credential.");
		return call_fail(call, error);
	}
	host = need_host(call, &error);
	if (!host)
		return call_fail(call, error);
	draft = object_edit(host);
	write = write_new(call, NULL, respond_credential);
	write->credential = auth_host_renew(draft);
	after = txn_put(txn, draft, &error);
	if (!after) {
		write_free(write);
		return call_fail(call, error);
	}
	submit(call, g_steal_pointer(&txn), write, after);
}
