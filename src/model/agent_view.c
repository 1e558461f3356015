/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who serves what, as clients of the agent schedulers ask. Nothing is scheduled: DHCP is answered,
 * and packets are routed, on each host that has ports of the network.
 */
#include <string.h>

#include "model/agent.h"
#include "model/network.h"
#include "model/network_hosts.h"
#include "model/port.h"
#include "model/router.h"
#include "model/subnet.h"

/* As the caller sees it; json_decref(). */
static json_t *object_as_json(struct txn *txn, const struct object *object)
{
	g_autoptr(GString) text = g_string_sized_new(1024);
	struct json_writer w = json_writer_on(text);

	object_write_json(object, txn_model(txn), txn_caller(txn), 0, &w);
	return json_loads(text->str, 0, NULL);
}

bool agents_answer(struct txn *txn, GPtrArray *hosts, enum agent_type type, json_t **ret_answer,
	GError **error)
{
	g_autoptr(GPtrArray) owned = hosts;
	json_t *list;

	if (!caller_is_admin(txn_caller(txn)))
		return weft_fail(error, FORBIDDEN, "Only an administrator may see agents.");
	list = json_array();
	for (guint i = 0; i < owned->len; i++) {
		const struct object *agent = agent_of_host(txn_model(txn), owned->pdata[i], type);

		if (agent)
			json_array_append_new(list, object_as_json(txn, agent));
	}
	*ret_answer = json_pack("{s:o}", "agents", list);
	return true;
}

static bool has_dhcp(const struct model *model, const char *network)
{
	const struct object *subnet;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&iter)))
		if (object_bool(subnet, SUBNET_ENABLE_DHCP))
			return true;
	return false;
}

static bool dhcp_agents(struct txn *txn, const struct object *network, json_t *body,
	json_t **ret_answer, GError **error)
{
	const struct model *model = txn_model(txn);
	char id[UUID_STRLEN];

	(void)body;
	return agents_answer(txn,
		has_dhcp(model, uuid_format(object_id(network), id)) ? network_hosts(model, network)
								     : g_ptr_array_new(),
		AGENT_DHCP, ret_answer, error);
}

static bool dhcp_networks(struct txn *txn, const struct object *agent, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct model *model = txn_model(txn);
	json_t *list = json_array();
	const struct object *port;
	struct model_iter iter;

	(void)body;
	(void)error;
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(agent, AGENT_HOST), NULL);
	while (object_choice(agent, AGENT_TYPE) == AGENT_DHCP && (port = model_iter_next(&iter))) {
		const char *network = object_str(port, PORT_NETWORK_ID);

		if (g_hash_table_add(seen, (gpointer)network) && has_dhcp(model, network))
			json_array_append_new(list,
				object_as_json(txn, model_get_text(model, KIND_NETWORK, network)));
	}
	*ret_answer = json_pack("{s:o}", "networks", list);
	return true;
}

bool router_agents(struct txn *txn, const struct object *router, json_t *body, json_t **ret_answer,
	GError **error)
{
	(void)body;
	return agents_answer(
		txn, router_hosts(txn_model(txn), router), AGENT_L3, ret_answer, error);
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
	*ret_answer = json_pack("{s:o}", "routers", list);
	return true;
}

const struct kind_action agent_actions[] = {
	{ "dhcp-networks", .read = true, .run = dhcp_networks,
		.doc = "Networks whose DHCP it answers: those with DHCP that its host has ports of." },
	{ "l3-routers", .read = true, .run = l3_routers,
		.doc = "Routers that it routes for: those that connect networks which its host has ports of." },
	{ 0 },
};

const struct kind_action network_actions[] = {
	{ "dhcp-agents", .read = true, .run = dhcp_agents,
		.doc = "Agents that answer its DHCP: those of the hosts that have ports of it." },
	{ 0 },
};
