/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/view without an instance: the view of a host as it is now, for people, beside its agent. */
#include "controller/sync/server_impl.h"

void look_handle(
	struct sync_server *server, struct http_request *request, const struct object *host)
{
	const struct model *model = server->config.model;
	g_autoptr(GArray) scopes = compile_host_scopes(model, object_id(host));
	GString *out = g_string_new(NULL);
	char id[UUID_STRLEN], store[UUID_STRLEN];

	sync_write_hello(out, uuid_format(object_id(host), id), object_str(host, SLOT_NAME),
		uuid_format(server->config.store_uuid, store), model_revision(model),
		SYNC_SNAPSHOT);
	for (guint i = 0; i < scopes->len; i++)
		stream_render_scope(server, &g_array_index(scopes, struct scope, i),
			model_revision(model), out);
	sync_write_sync(out, model_revision(model));
	http_request_answer(request, 200, "application/x-ndjson", out);
}
