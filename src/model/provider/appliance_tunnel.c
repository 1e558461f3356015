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

/* NULL: it is established; else why it is not. */
static char *reason_of(const struct model *model, const struct object *appliance, const char *type,
	const char *name)
{
	json_t *tunnels = object_json(appliance, APPLIANCE_TUNNELS);
	const json_t *tunnel = find(tunnels, type, name);
	const char *said = text_of(tunnel, "status_reason");
	char *reason = NULL;

	if (!is_heard_of(model, appliance))
		reason = g_strdup_printf("host %s, which has its appliance, is not heard of",
			object_str(appliance, APPLIANCE_HOST));
	else if (!tunnel)
		reason = g_strdup_printf("its appliance on %s has not made it yet: %s",
			object_str(appliance, APPLIANCE_HOST),
			*object_str(appliance, APPLIANCE_STATUS_REASON)
				? object_str(appliance, APPLIANCE_STATUS_REASON)
				: "it has not been told of it");
	else if (g_strcmp0(text_of(tunnel, "status"), "ACTIVE"))
		reason = g_strdup(said && *said ? said : "it is not established");
	json_decref(tunnels);
	return reason;
}

bool appliance_has_tunnel(const struct model *model, const char *object_id, const char *type,
	const char *name, char **ret_reason)
{
	g_autofree char *reason = g_strdup("there is no appliance of it yet, or any more");
	const struct object *appliance;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_APPLIANCE, APPLIANCE_BY_OBJECT, object_id, NULL);
	while ((appliance = model_iter_next(&iter))) {
		g_free(reason);
		reason = reason_of(model, appliance, type, name);
		if (!reason)
			return true;
	}
	*ret_reason = g_steal_pointer(&reason);
	return false;
}

/* What providers say of it: false, none of them says how tunnels are. *ret: "ACTIVE", or why not;
 * g_free. */
static bool told(const struct model *model, const struct tunnel_question *question, char **ret)
{
	const struct object *attachment;
	struct model_iter iter;
	char id[UUID_STRLEN];
	bool any = false;

	uuid_format(question->id, id);
	model_iter_init(&iter, model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT,
		question->router_id, NULL);
	while ((attachment = model_iter_next(&iter))) {
		json_t *list, *tunnel;
		size_t i;

		if (object_is_null(attachment, ATTACHMENT_TUNNELS))
			continue;
		any = true;
		list = object_json(attachment, ATTACHMENT_TUNNELS);
		json_array_foreach(list, i, tunnel)
			if (!*ret && !g_strcmp0(text_of(tunnel, "id"), id))
				*ret = g_strdup(!g_strcmp0(text_of(tunnel, "status"), "ACTIVE")
							? "ACTIVE"
							: text_of(tunnel, "status_reason")
								  ?: "it is not established");
		json_decref(list);
	}
	return any;
}

bool tunnel_is_active(
	const struct model *model, const struct tunnel_question *question, char **ret_reason)
{
	g_autofree char *said = NULL;

	if (!told(model, question, &said))
		return appliance_has_tunnel(
			model, question->router_id, question->type, question->name, ret_reason);
	if (!g_strcmp0(said, "ACTIVE"))
		return true;
	*ret_reason = said ? g_steal_pointer(&said) : g_strdup("its provider does not know of it");
	return false;
}
