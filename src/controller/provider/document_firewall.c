/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall groups of a router's ports, for the provider that has to ask them, and which routers
 * a change of one concerns. */
#include <string.h>

#include "compile/router_firewall.h"
#include "controller/provider/document.h"
#include "controller/provider/providers_impl.h"
#include "model/firewall/firewall_group.h"
#include "model/firewall/firewall_policy.h"
#include "model/firewall/firewall_rule.h"
#include "model/firewall/network_log.h"
#include "model/port/port.h"

static void write_port(const struct model *model, const struct uuid *router, const char *port,
	struct json_writer *w)
{
	const struct object *group =
		model_first(model, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT, port, NULL);
	g_autoptr(GString) record = g_string_new(NULL);
	struct network_log_events log;

	if (!group)
		return;
	log = network_log_events(model, group, port);
	router_firewall_write(model, group, router, record);
	jw_begin_object(w);
	jw_member_string(w, "port_id", port);
	jw_member_raw(w, "firewall", record->str);
	if (log.accept || log.drop) {
		jw_key(w, "log");
		jw_begin_object(w);
		jw_member_bool(w, "accept", log.accept);
		jw_member_bool(w, "drop", log.drop);
		jw_end_object(w);
	}
	jw_end_object(w);
}

void provider_write_firewalls(
	const struct model *model, const struct object *router, struct json_writer *w)
{
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_key(w, "firewalls");
	jw_begin_array(w);
	model_iter_init(
		&iter, model, KIND_PORT, PORT_BY_DEVICE, uuid_format(object_id(router), id), NULL);
	while ((port = model_iter_next(&iter))) {
		char port_id[UUID_STRLEN];

		write_port(model, object_id(router), uuid_format(object_id(port), port_id), w);
	}
	jw_end_array(w);
}

static void look_at_group(struct providers *providers, const struct object *group)
{
	json_t *ports = object_json(group, FIREWALL_GROUP_PORTS), *id;
	size_t i;

	json_array_foreach(ports, i, id) {
		const struct object *port =
			model_get_text(providers->model, KIND_PORT, json_string_value(id));
		struct uuid router;

		if (port && uuid_parse(object_str(port, PORT_DEVICE_ID), &router))
			attach_look_at(providers, &router);
	}
	json_decref(ports);
}

/* Logs change rarely. */
static void look_at_log(struct providers *providers, const struct object *log)
{
	const struct object *group;
	struct model_iter iter;
	struct uuid id;
	bool of_one = object_uuid(log, NETWORK_LOG_RESOURCE_ID, &id);

	if (strcmp(object_str(log, NETWORK_LOG_RESOURCE_TYPE), "firewall_group") != 0)
		return;
	model_iter_all(&iter, providers->model, KIND_FIREWALL_GROUP, NULL);
	while ((group = model_iter_next(&iter)))
		if (!of_one || uuid_equal(&id, object_id(group)))
			look_at_group(providers, group);
}

static void look_at_policy(struct providers *providers, const struct object *policy)
{
	static const unsigned indexes[] = { FIREWALL_GROUP_BY_INGRESS, FIREWALL_GROUP_BY_EGRESS };
	const struct object *group;
	struct model_iter iter;
	char id[UUID_STRLEN];

	for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
		model_iter_init(&iter, providers->model, KIND_FIREWALL_GROUP, indexes[i],
			uuid_format(object_id(policy), id), NULL);
		while ((group = model_iter_next(&iter)))
			look_at_group(providers, group);
	}
}

void attach_look_at_firewall(struct providers *providers, const struct object *object)
{
	const struct object *policy;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (object_kind(object) == &network_log_kind)
		return look_at_log(providers, object);
	if (object_kind(object) == &firewall_group_kind)
		return look_at_group(providers, object);
	if (object_kind(object) == &firewall_policy_kind)
		return look_at_policy(providers, object);
	model_iter_init(&iter, providers->model, KIND_FIREWALL_POLICY, FIREWALL_POLICY_BY_RULE,
		uuid_format(object_id(object), id), NULL);
	while ((policy = model_iter_next(&iter)))
		look_at_policy(providers, policy);
}
