/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who serves what, as clients of the agent schedulers ask. Nothing is scheduled: DHCP is answered
 * on each host that has ports of the network.
 */
#include <string.h>

#include "model/agent.h"
#include "model/network.h"
#include "model/network_hosts.h"
#include "model/port.h"
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

const struct kind_action agent_actions[] = {
	{ "dhcp-networks", .read = true, .run = dhcp_networks,
		.doc = "Networks whose DHCP it answers: those with DHCP that its host has ports of." },
	{ 0 },
};

const struct kind_action network_actions[] = {
	{ "dhcp-agents", .read = true, .run = dhcp_agents,
		.doc = "Agents that answer its DHCP: those of the hosts that have ports of it." },
	{ 0 },
};
