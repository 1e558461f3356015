/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who serves what, as clients of the agent schedulers ask. Packets are routed on each host that has
 * ports of the network, only routers' gateways are scheduled (gateway_hosts.h); DHCP is answered
 * there, too, unless somebody said otherwise (dhcp_binding.h).
 */
#include <string.h>

#include "model/host/agent.h"
#include "model/bgp/bgp_speaker.h"
#include "model/port/dhcp_binding.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/network/network_hosts.h"
#include "model/port/port.h"
#include "model/router/gateway_hosts.h"
#include "model/router/router.h"
#include "model/network/subnet.h"

/* As the caller sees it; json_decref(). */
static json_t *object_as_json(struct txn *txn, const struct object *object)
{
	g_autoptr(GString) text = g_string_sized_new(1024);
	struct json_writer w = json_writer_on(text);

	object_write_json(object, txn_model(txn), txn_caller(txn), 0, &w);
	return json_loads(text->str, 0, NULL);
}

/* {"agents": [...]} of these hosts, all of one type; @hosts is taken over. */
static json_t *answer_agents(struct txn *txn, GPtrArray *hosts, enum agent_type type)
{
	g_autoptr(GPtrArray) owned = hosts;
	json_t *list = json_array();

	for (guint i = 0; i < owned->len; i++) {
		const struct object *agent = agent_of_host(txn_model(txn), owned->pdata[i], type);

		if (agent)
			json_array_append_new(list, object_as_json(txn, agent));
	}
	return json_pack("{s:o}", "agents", list);
}

/* Hosts that may answer the network's DHCP: with ports of it, or said to. */
static GPtrArray *dhcp_candidates(const struct model *model, const struct object *network)
{
	GPtrArray *hosts = network_hosts(model, network);
	const struct object *binding, *host;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_DHCP_BINDING, DHCP_BINDING_BY_NETWORK,
		uuid_format(object_id(network), id), NULL);
	while ((binding = model_iter_next(&iter))) {
		host = model_get_text(model, KIND_HOST, object_str(binding, DHCP_BINDING_HOST_ID));
		if (!g_ptr_array_find(hosts, host, NULL))
			g_ptr_array_add(hosts, (gpointer)host);
	}
	return hosts;
}

static bool dhcp_agents(struct txn *txn, const struct object *network, json_t *body,
	json_t **ret_answer, GError **error)
{
	const struct model *model = txn_model(txn);
	GPtrArray *hosts = dhcp_candidates(model, network);

	(void)body;
	(void)error;
	for (guint i = hosts->len; i-- > 0;)
		if (!dhcp_is_answered(model, hosts->pdata[i], network))
			g_ptr_array_remove_index(hosts, i);
	*ret_answer = answer_agents(txn, hosts, AGENT_DHCP);
	return true;
}

/* Ids of networks that the host has ports of, or that it is bound to: a set. */
static GHashTable *networks_of(const struct model *model, const struct object *host)
{
	GHashTable *networks = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *port, *binding;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		g_hash_table_add(networks, (gpointer)object_str(port, PORT_NETWORK_ID));
	model_iter_init(&iter, model, KIND_DHCP_BINDING, DHCP_BINDING_BY_HOST,
		uuid_format(object_id(host), id), NULL);
	while ((binding = model_iter_next(&iter)))
		g_hash_table_add(networks, (gpointer)object_str(binding, DHCP_BINDING_NETWORK_ID));
	return networks;
}

static bool dhcp_networks(struct txn *txn, const struct object *agent, json_t *body,
	json_t **ret_answer, GError **error)
{
	const struct model *model = txn_model(txn);
	const struct object *host =
		model_get_text(model, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	g_autoptr(GHashTable) networks = networks_of(model, host);
	json_t *list = json_array();
	GHashTableIter iter;
	gpointer id;

	(void)body;
	(void)error;
	g_hash_table_iter_init(&iter, networks);
	while (object_choice(agent, AGENT_TYPE) == AGENT_DHCP &&
		g_hash_table_iter_next(&iter, &id, NULL)) {
		const struct object *network = model_get_text(model, KIND_NETWORK, id);

		if (dhcp_is_answered(model, host, network))
			json_array_append_new(list, object_as_json(txn, network));
	}
	*ret_answer = json_pack("{s:o}", "networks", list);
	return true;
}

/* The host that has said so; until one has, the first that is alive. */
static bool has_gateway(
	const struct model *model, const struct object *router, const struct object *host)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	const char *said = port ? object_str(port, PORT_GATEWAY_HOST_ID) : NULL;
	g_autoptr(GArray) hosts = gateway_hosts(router);
	char id[UUID_STRLEN];

	if (said)
		return !strcmp(said, uuid_format(object_id(host), id));
	for (guint i = 0; i < hosts->len; i++) {
		const struct object *one =
			model_get(model, KIND_HOST, &g_array_index(hosts, struct uuid, i));

		if (one && host_is_alive(model, one))
			return one == host;
	}
	return false;
}

/* As in Networking's l3-ha: "active" for who has the router's gateway, "standby" for who may. */
static void say_ha_state(struct txn *txn, const struct object *router, json_t *agent)
{
	const struct model *model = txn_model(txn);
	const struct object *host =
		host_find(model, json_string_value(json_object_get(agent, "host")));

	if (host && gateway_hosts_include(router, object_id(host)))
		json_object_set_new(agent, "ha_state",
			json_string(has_gateway(model, router, host) ? "active" : "standby"));
}

bool router_agents(struct txn *txn, const struct object *router, json_t *body, json_t **ret_answer,
	GError **error)
{
	json_t *agent;
	size_t i;

	(void)body;
	(void)error;
	*ret_answer = answer_agents(txn, router_hosts(txn_model(txn), router), AGENT_L3);
	json_array_foreach(json_object_get(*ret_answer, "agents"), i, agent)
		say_ha_state(txn, router, agent);
	return true;
}

/* Adds the routers with an interface on the network that are not in @seen yet. */
static void add_routers(struct txn *txn, const char *network_id, GHashTable *seen, json_t *list)
{
	const struct model *model = txn_model(txn);
	const struct object *subnet, *port, *router;
	struct model_iter subnets, ports;
	char id[UUID_STRLEN];

	model_iter_init(&subnets, model, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
	while ((subnet = model_iter_next(&subnets))) {
		model_iter_init(&ports, model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
			uuid_format(object_id(subnet), id), NULL);
		while ((port = model_iter_next(&ports))) {
			router = model_get_text(
				model, KIND_ROUTER, object_str(port, PORT_DEVICE_ID));
			if (router && g_hash_table_add(seen, (gpointer)router))
				json_array_append_new(list, object_as_json(txn, router));
		}
	}
}

/* Adds those whose gateway the host may have. */
static void add_gateways(
	struct txn *txn, const struct object *agent, GHashTable *seen, json_t *list)
{
	const struct object *router;
	struct model_iter iter;

	model_iter_init(&iter, txn_model(txn), KIND_ROUTER, ROUTER_BY_GATEWAY_HOST,
		object_str(agent, AGENT_HOST_ID), NULL);
	while ((router = model_iter_next(&iter)))
		if (g_hash_table_add(seen, (gpointer)router))
			json_array_append_new(list, object_as_json(txn, router));
}

static bool l3_routers(struct txn *txn, const struct object *agent, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(GHashTable) networks = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) routers = g_hash_table_new(NULL, NULL);
	json_t *list = json_array();
	const struct object *port;
	struct model_iter iter;

	(void)body;
	(void)error;
	model_iter_init(&iter, txn_model(txn), KIND_PORT, PORT_BY_HOST,
		object_str(agent, AGENT_HOST), NULL);
	while (object_choice(agent, AGENT_TYPE) == AGENT_L3 && (port = model_iter_next(&iter))) {
		const char *network = object_str(port, PORT_NETWORK_ID);

		if (g_hash_table_add(networks, (gpointer)network))
			add_routers(txn, network, routers, list);
	}
	if (object_choice(agent, AGENT_TYPE) == AGENT_L3)
		add_gateways(txn, agent, routers, list);
	*ret_answer = json_pack("{s:o}", "routers", list);
	return true;
}

/* Routers are where their networks are: nobody puts one on an agent, or takes it away. */
static bool l3_routers_add(
	struct txn *txn, const struct object *agent, json_t *body, GError **error)
{
	const char *router = json_string_value(json_object_get(body, "router_id"));
	char id[UUID_STRLEN];

	if (!router)
		return weft_fail(error, BAD_REQUEST,
			"Attribute 'router_id' is missing: send {\"router_id\": …}.");
	if (!txn_need(txn, KIND_ROUTER, router, error))
		return false;
	if (object_choice(agent, AGENT_TYPE) != AGENT_L3 ||
		!object_bool(agent, AGENT_ADMIN_STATE_UP))
		return weft_fail(error, INVALID_L3_AGENT,
			"Agent %s is not a L3 Agent or has been disabled.",
			uuid_format(object_id(agent), id));
	return weft_fail(error, CANNOT_ASSIGN_ROUTER,
		"Not allowed to manually assign a router to an agent in 'dvr' mode: router %s is on each host that has ports on its networks, and on no other.",
		router);
}

static bool l3_routers_remove(
	struct txn *txn, const struct object *agent, const char *router, GError **error)
{
	(void)agent;
	if (!txn_need(txn, KIND_ROUTER, router, error))
		return false;
	return weft_fail(error, CANNOT_REMOVE_ROUTER,
		"Not allowed to manually remove a router from an agent in 'dvr' mode: router %s is on each host that has ports on its networks.",
		router);
}

const struct kind_action agent_actions[] = {
	{ "dhcp-networks", .read = true, .run = dhcp_networks,
		.doc = "Networks whose DHCP it answers: those with DHCP that its host has ports of, unless they were taken out, and those that were added.",
		.item = "dhcp-network", .add = dhcp_networks_add, .remove = dhcp_networks_remove },
	{ "l3-routers", .read = true, .run = l3_routers,
		.doc = "Routers that it routes for: those that connect networks which its host has ports of, and those whose gateway it may have.",
		.item = "l3-router", .add = l3_routers_add, .remove = l3_routers_remove },
	{ "bgp-drinstances", .read = true, .run = bgp_drinstances,
		.doc = "BGP speakers that speak on its host: those of its physical networks, unless they were taken off.",
		.item = "bgp-drinstance", .add = bgp_drinstances_add,
		.remove = bgp_drinstances_remove },
	{ 0 },
};

const struct kind_action network_actions[] = {
	{ "dhcp-agents", .read = true, .run = dhcp_agents,
		.doc = "Agents that answer its DHCP: those of the hosts that have ports of it, and those it was added to.",
		.item = "dhcp-agent" },
	{ 0 },
};
