/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts say of the appliances that they run: a word of one that is another host's by now does
 * not count. */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/provider/appliance.h"
#include "model/router/floating_ip.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/provider/service_map.h"

#define TEXT_MAX 500 /* bytes of a reason, of drift */
#define TUNNELS_MAX 1024

/* The text @member of @said; what is no UTF-8, or too long, is cut. */
static json_t *text_of(const json_t *said, const char *member)
{
	const char *text = json_string_value(json_object_get(said, member)) ?: "", *end;
	g_autofree char *head = g_strndup(text, TEXT_MAX);

	if (!g_utf8_validate(head, -1, &end))
		head[end - head] = '\0';
	return json_string(head);
}

static void set_text(struct object *draft, unsigned slot, const json_t *said, const char *member)
{
	json_t *text = text_of(said, member);

	object_set_str(draft, slot, json_string_value(text));
	json_decref(text);
}

/* Whoever says nothing of tunnels has none. */
static void set_tunnels(struct object *draft, const json_t *said)
{
	const json_t *tunnels = json_object_get(said, "tunnels"), *tunnel;
	json_t *list = json_array();
	g_autofree char *text = NULL;
	size_t i;

	json_array_foreach(tunnels, i, tunnel)
		if (i < TUNNELS_MAX)
			json_array_append_new(list,
				json_pack("{s:o, s:o, s:o, s:o}", "type", text_of(tunnel, "type"),
					"name", text_of(tunnel, "name"), "status",
					text_of(tunnel, "status"), "status_reason",
					text_of(tunnel, "status_reason")));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	object_set_str(draft, APPLIANCE_TUNNELS, text);
}

static bool same(const struct object *a, const struct object *b)
{
	for (unsigned slot = APPLIANCE_STATUS; slot <= APPLIANCE_TUNNELS; slot++)
		if (!object_equal(a, b, slot))
			return false;
	return true;
}

/* VRRP's words in the Networking API's. */
static void set_ha_state(struct object *draft, const json_t *said)
{
	static const char *const words[][2] = { { "MASTER", APPLIANCE_HA_ACTIVE },
		{ "BACKUP", APPLIANCE_HA_STANDBY }, { "FAULT", APPLIANCE_HA_FAULT } };
	const char *word = json_string_value(json_object_get(said, "redundancy"));
	const char *state = APPLIANCE_HA_UNKNOWN;

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (!g_strcmp0(words[i][0], word))
			state = words[i][1];
	object_set_str(
		draft, APPLIANCE_HA_STATE, *object_str(draft, APPLIANCE_HA_GROUP) ? state : "");
}

static bool status_parse(const json_t *said, int *ret)
{
	static const char *const words[] = { "BUILD", "ACTIVE", "ERROR" };
	const char *word = json_string_value(json_object_get(said, "status"));

	for (unsigned i = 0; word && i < G_N_ELEMENTS(words); i++)
		if (!strcmp(words[i], word)) {
			*ret = (int)i;
			return true;
		}
	return false;
}

static bool stage_gateway(struct txn *txn, const struct object *router, bool active,
	const char *reason, GError **error)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	enum port_status status = active ? PORT_ACTIVE : PORT_DOWN;
	struct object *draft;

	if (!port || (object_choice(port, PORT_STATUS) == (int)status &&
			     !strcmp(object_str(port, PORT_STATUS_REASON), reason)))
		return true;
	draft = object_edit(port);
	object_set_choice(draft, PORT_STATUS, (int)status);
	object_set_str(draft, PORT_STATUS_REASON, reason);
	return txn_put(txn, draft, error);
}

/* What it does, of a pair what both do together. @ret_reason: g_free. */
static bool is_served(struct txn *txn, const struct object *appliance, char **ret_reason)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	const struct object *other;
	struct txn_iter iter;

	if (!*object_str(appliance, APPLIANCE_HA_GROUP)) {
		*ret_reason = g_strdup(object_str(appliance, APPLIANCE_STATUS_REASON));
		return object_choice(appliance, APPLIANCE_STATUS) == APPLIANCE_ACTIVE;
	}
	txn_iter_init(&iter, txn, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT,
		object_str(appliance, APPLIANCE_ATTACHMENT_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		g_ptr_array_add(all, (gpointer)other);
	return appliances_sum(all, ret_reason) == APPLIANCE_ACTIVE;
}

/* Of a router it has the gateway and the floating IPs, which no host reports. */
static bool stage_router(struct txn *txn, const struct object *appliance, GError **error)
{
	const char *id = object_str(appliance, APPLIANCE_OBJECT_ID);
	const struct object *router = txn_get_text(txn, KIND_ROUTER, id), *floating_ip;
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	g_autofree char *reason = NULL;
	struct txn_iter iter;
	bool active;

	if (!router || service_is_edges(router, SERVICE_ROUTER))
		return true;
	active = is_served(txn, appliance, &reason);
	if (!stage_gateway(txn, router, active, reason, error))
		return false;
	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER, id, NULL);
	while ((floating_ip = txn_iter_next(&iter)))
		g_ptr_array_add(all, (gpointer)floating_ip);
	for (guint i = 0; i < all->len; i++)
		if (!floating_ip_stage(txn, all->pdata[i], active, error))
			return false;
	return true;
}

/* Of a pair the one that has the VIPs judges the load balancers. */
static bool judges_balancers(const struct object *appliance)
{
	return !*object_str(appliance, APPLIANCE_HA_GROUP) ||
	       !strcmp(object_str(appliance, APPLIANCE_HA_STATE), APPLIANCE_HA_ACTIVE);
}

/* ACTIVE is what has done the revision that is wanted now. */
static bool stage_one(
	struct txn *txn, const struct object *appliance, const json_t *said, GError **error)
{
	s64 revision = json_integer_value(json_object_get(said, "revision"));
	struct object *draft;
	int status = 0;

	if (!status_parse(said, &status) || revision < 0)
		return weft_fail(error, BAD_REQUEST,
			"An appliance of the report needs a \"status\" of BUILD, ACTIVE or ERROR, and a \"revision\" that is no negative number.");
	draft = object_edit(appliance);
	object_set_int(draft, APPLIANCE_APPLIED, revision);
	set_text(draft, APPLIANCE_DIGEST, said, "digest");
	set_text(draft, APPLIANCE_DRIFT, said, "drift");
	set_text(draft, APPLIANCE_STATUS_REASON, said, "reason");
	set_tunnels(draft, said);
	set_ha_state(draft, said);
	object_set_choice(draft, APPLIANCE_STATUS, status);
	if (status == APPLIANCE_ACTIVE && revision != object_int(appliance, APPLIANCE_REVISION)) {
		object_copy(draft, appliance, APPLIANCE_STATUS);
		object_copy(draft, appliance, APPLIANCE_STATUS_REASON);
	}
	if (same(appliance, draft))
		object_unref(draft);
	else if (!(appliance = txn_put(txn, draft, error)) || !stage_router(txn, appliance, error))
		return false;
	return !judges_balancers(appliance) ||
	       appliance_balancers_stage(txn, appliance, said, error);
}

bool appliances_stage_report(
	struct txn *txn, const struct object *host, const json_t *reported, GError **error)
{
	const char *id;
	json_t *said;

	json_object_foreach((json_t *)reported, id, said) {
		const struct object *appliance = txn_get_text(txn, KIND_APPLIANCE, id);

		if (appliance &&
			!strcmp(object_str(appliance, APPLIANCE_HOST),
				object_str(host, SLOT_NAME)) &&
			!stage_one(txn, appliance, said, error))
			return false;
	}
	return true;
}
