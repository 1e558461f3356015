/* SPDX-License-Identifier: Apache-2.0 */
/* GET /weft/v1/status: what `weft status` shows. */
#include "controller/sync/server_impl.h"

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"

static void write_host(
	const struct sync_server *server, const struct object *host, struct json_writer *w)
{
	const struct peer *peer = peer_find(server, object_id(host));
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(host), id));
	jw_member_string(w, "name", object_str(host, SLOT_NAME));
	jw_member_bool(w, "managed", object_bool(host, HOST_MANAGED));
	jw_member_bool(w, "connected", peer && peer->stream);
	jw_member_bool(w, "alive", peer && peer_is_alive(peer));
	jw_member_int(w, "told_revision", peer ? (s64)peer->told : 0);
	jw_member_int(w, "acknowledged_revision", peer ? (s64)peer->acked : 0);
	jw_member_int(w, "ports",
		model_count(server->config.model, KIND_PORT, PORT_BY_HOST,
			object_str(host, SLOT_NAME), NULL));
	jw_key(w, "last_seen");
	peer_liveness(host, HOST_LAST_SEEN, w, (void *)server);
	jw_key(w, "agent");
	peer_liveness(host, HOST_AGENT, w, (void *)server);
	jw_end_object(w);
}

void status_handle(struct sync_server *server, struct http_request *request)
{
	const struct model *model = server->config.model;
	g_autoptr(GError) error = NULL;
	struct caller caller;
	struct model_iter iter;
	const struct object *host;

	if (!server->config.authorize_caller(request, &caller, server->config.user, &error) ||
		(!caller_is_admin(&caller) &&
			!weft_fail(&error, FORBIDDEN,
				"The status of the hosts is for administrators."))) {
		server->config.fail(request, error, server->config.user);
		return;
	}
	GString *body = g_string_new(NULL);
	struct json_writer w = json_writer_on(body);
	char uuid[UUID_STRLEN];

	jw_begin_object(&w);
	jw_member_string(&w, "version", WEFT_VERSION);
	jw_member_string(&w, "store", uuid_format(server->config.store_uuid, uuid));
	jw_member_int(&w, "revision", (s64)commit_durable_revision(server->commit));
	jw_member_int(&w, "pending", commit_pending(server->commit));
	jw_member_int(&w, "networks", model_count_all(model, KIND_NETWORK));
	jw_member_int(&w, "subnets", model_count_all(model, KIND_SUBNET));
	jw_member_int(&w, "ports", model_count_all(model, KIND_PORT));
	jw_key(&w, "hosts");
	jw_begin_array(&w);
	model_iter_all(&iter, model, KIND_HOST, NULL);
	while ((host = model_iter_next(&iter)))
		write_host(server, host, &w);
	jw_end_array(&w);
	jw_end_object(&w);
	http_request_answer(request, 200, "application/json", body);
}
