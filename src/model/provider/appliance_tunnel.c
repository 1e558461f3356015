/* SPDX-License-Identifier: Apache-2.0 */
/* What appliances say of tunnels and of BGP sessions. Of a pair the master has them, so one that
 * knows of a tunnel is enough; the word of a host that is not heard of does not count. */
#include "model/provider/appliance.h"

#include <string.h>

#include "model/host/host.h"
#include "model/provider/service_attachment.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const json_t *find(const json_t *tunnels, const char *type, const char *name)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach(tunnels, i, tunnel)
		if (!g_strcmp0(text_of(tunnel, "type"), type) &&
			!g_strcmp0(text_of(tunnel, "name"), name))
			return tunnel;
	return NULL;
}

static bool is_heard_of(const struct model *model, const struct object *appliance)
{
	const struct object *host = host_find(model, object_str(appliance, APPLIANCE_HOST));

	return host && host_is_alive(model, host);
}

const char *const tunnel_statuses[] = { "DOWN", "ERROR", "ACTIVE", NULL };

/* As "status" and "status_reason" of it say; *ret_reason is g_free'd, and NULL of one that is up.
 */
static enum tunnel_status read_said(const json_t *tunnel, char **ret_reason)
{
	const char *status = text_of(tunnel, "status"), *why = text_of(tunnel, "status_reason");

	if (!g_strcmp0(status, "ACTIVE"))
		return TUNNEL_ACTIVE;
	*ret_reason = g_strdup(why && *why ? why : "it is not established");
	return g_strcmp0(status, "ERROR") ? TUNNEL_DOWN : TUNNEL_ERROR;
}

/* *ret_knows: it has the tunnel, up or not. */
static enum tunnel_status said_by(const struct model *model, const struct object *appliance,
	const char *type, const char *name, char **ret_reason, bool *ret_knows)
{
	json_t *tunnels = object_json(appliance, APPLIANCE_TUNNELS);
	const json_t *tunnel = find(tunnels, type, name);
	enum tunnel_status status = TUNNEL_DOWN;

	*ret_knows = tunnel && is_heard_of(model, appliance);
	if (*ret_knows)
		status = read_said(tunnel, ret_reason);
	else if (!is_heard_of(model, appliance))
		*ret_reason = g_strdup_printf("host %s, which has its appliance, is not heard of",
			object_str(appliance, APPLIANCE_HOST));
	else
		*ret_reason = g_strdup_printf("its appliance on %s has not made it yet: %s",
			object_str(appliance, APPLIANCE_HOST),
			*object_str(appliance, APPLIANCE_STATUS_REASON)
				? object_str(appliance, APPLIANCE_STATUS_REASON)
				: "it has not been told of it");
	json_decref(tunnels);
	return status;
}

/* Of a pair the master has it; the other one, which does not know of it, says less. */
enum tunnel_status appliance_tunnel(const struct model *model, const char *object_id,
	const char *type, const char *name, char **ret_reason)
{
	g_autofree char *reason = g_strdup("there is no appliance of it yet, or any more");
	enum tunnel_status best = TUNNEL_DOWN;
	const struct object *appliance;
	struct model_iter iter;
	bool known = false;

	model_iter_init(&iter, model, KIND_APPLIANCE, APPLIANCE_BY_OBJECT, object_id, NULL);
	while (best != TUNNEL_ACTIVE && (appliance = model_iter_next(&iter))) {
		char *said = NULL;
		bool knows;
		enum tunnel_status status = said_by(model, appliance, type, name, &said, &knows);

		if (status < best || (known && !knows)) {
			g_free(said);
			continue;
		}
		best = status;
		known = knows;
		g_free(reason);
		reason = said;
	}
	*ret_reason = g_steal_pointer(&reason);
	return best;
}

static const json_t *find_told(const json_t *list, const char *id)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach(list, i, tunnel)
		if (!g_strcmp0(text_of(tunnel, "id"), id))
			return tunnel;
	return NULL;
}

/* What providers say of it: false, none of them says how tunnels are. *ret_reason NULL, and not up:
 * they do not know of it. */
static bool told(const struct model *model, const struct tunnel_question *question,
	enum tunnel_status *ret, char **ret_reason)
{
	const struct object *attachment;
	struct model_iter iter;
	char id[UUID_STRLEN];
	bool any = false, found = false;

	uuid_format(question->id, id);
	model_iter_init(&iter, model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT,
		question->router_id, NULL);
	while (!found && (attachment = model_iter_next(&iter))) {
		const json_t *tunnel;
		json_t *list;

		if (object_is_null(attachment, ATTACHMENT_TUNNELS))
			continue;
		any = true;
		list = object_json(attachment, ATTACHMENT_TUNNELS);
		tunnel = find_told(list, id);
		found = tunnel;
		if (tunnel)
			*ret = read_said(tunnel, ret_reason);
		json_decref(list);
	}
	return any;
}

enum tunnel_status tunnel_status(
	const struct model *model, const struct tunnel_question *question, char **ret_reason)
{
	enum tunnel_status status = TUNNEL_DOWN;
	char *reason = NULL;

	if (!told(model, question, &status, &reason))
		return appliance_tunnel(
			model, question->router_id, question->type, question->name, ret_reason);
	if (status != TUNNEL_ACTIVE && !reason)
		reason = g_strdup("its provider does not know of it");
	*ret_reason = reason;
	return status;
}
