/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/dhcp_binding.h"

#include "model/host/agent.h"
#include "model/host/host.h"
#include "model/port/port.h"
#include "model/standard.h"
#include "model/network/subnet.h"
#include "model/txn_impl.h"

static const struct attr attrs[N_DHCP_BINDING_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[DHCP_BINDING_HOST_ID] = { .name = "host_id",
		.type = TYPE_UUID,
		.refers = KIND_HOST,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = DHCP_BINDING_BY_HOST,
		.doc = "The host." },
	[DHCP_BINDING_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = DHCP_BINDING_BY_NETWORK,
		.doc = "The network." },
	[DHCP_BINDING_SERVED] = { .name = "served",
		.type = TYPE_BOOL,
		.fallback = "false",
		.doc = "Whether the host answers its DHCP." },
};

static const struct index indexes[N_DHCP_BINDING_INDEXES] = {
	[DHCP_BINDING_BY_HOST] = { .name = "host", .slots = { DHCP_BINDING_HOST_ID } },
	[DHCP_BINDING_BY_NETWORK] = { .name = "network", .slots = { DHCP_BINDING_NETWORK_ID } },
	[DHCP_BINDING_BY_HOST_NETWORK] = { .name = "host and network",
		.slots = { DHCP_BINDING_HOST_ID, DHCP_BINDING_NETWORK_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind dhcp_binding_kind = {
	.id = KIND_DHCP_BINDING,
	.singular = "dhcp_binding",
	.collection = "dhcp_bindings",
	.path = "/v2.0/agents/{parent}/dhcp-networks",
	.doc = "Whether a host answers the DHCP of a network.",
	.flags = KIND_ADMIN_ONLY | KIND_OWN_PATHS,
	.parent_slot = DHCP_BINDING_HOST_ID,
	.attrs = attrs,
	.n_slots = N_DHCP_BINDING_SLOTS,
	.indexes = indexes,
	.n_indexes = N_DHCP_BINDING_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};

const struct object *dhcp_binding_of(
	const struct model *model, const char *host, const char *network)
{
	if (!model_count_all(model, KIND_DHCP_BINDING))
		return NULL;
	return model_first(
		model, KIND_DHCP_BINDING, DHCP_BINDING_BY_HOST_NETWORK, host, network, NULL);
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

static bool is_answered_unasked(
	const struct model *model, const struct object *host, const char *network)
{
	return has_dhcp(model, network) && model_first(model, KIND_PORT, PORT_BY_HOST_NETWORK,
						   object_str(host, SLOT_NAME), network, NULL);
}

bool dhcp_is_answered(
	const struct model *model, const struct object *host, const struct object *network)
{
	char host_id[UUID_STRLEN], network_id[UUID_STRLEN];
	const struct object *binding = dhcp_binding_of(model, uuid_format(object_id(host), host_id),
		uuid_format(object_id(network), network_id));

	return binding ? object_bool(binding, DHCP_BINDING_SERVED)
		       : is_answered_unasked(model, host, network_id);
}

static bool set_served(struct txn *txn, const struct object *host, const char *network, bool served,
	GError **error)
{
	char id[UUID_STRLEN];
	const struct object *old =
		dhcp_binding_of(txn_model(txn), uuid_format(object_id(host), id), network);
	struct object *draft = old ? object_edit(old) : object_new(&dhcp_binding_kind, NULL);

	object_set_str(draft, DHCP_BINDING_HOST_ID, id);
	object_set_str(draft, DHCP_BINDING_NETWORK_ID, network);
	object_set_bool(draft, DHCP_BINDING_SERVED, served);
	return txn_put(txn, draft, error);
}

/* The network that is named, and the agent's host; false: with @error set. */
static bool find(struct txn *txn, const struct object *agent, const char *id,
	const struct object **ret_host, const struct object **ret_network, GError **error)
{
	*ret_host = txn_get_text(txn, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	*ret_network = txn_need(txn, KIND_NETWORK, id, error);
	return *ret_network != NULL;
}

bool dhcp_networks_add(struct txn *txn, const struct object *agent, json_t *body, GError **error)
{
	const char *id = json_string_value(json_object_get(body, "network_id"));
	const struct object *host, *network, *binding;
	char agent_id[UUID_STRLEN], host_id[UUID_STRLEN];

	if (!id)
		return weft_fail(error, BAD_REQUEST,
			"Attribute 'network_id' is missing: send {\"network_id\": …}.");
	if (!find(txn, agent, id, &host, &network, error))
		return false;
	uuid_format(object_id(agent), agent_id);
	if (object_choice(agent, AGENT_TYPE) != AGENT_DHCP ||
		!object_bool(agent, AGENT_ADMIN_STATE_UP))
		return weft_fail(error, INVALID_DHCP_AGENT,
			"Agent %s is not a valid DHCP Agent or has been disabled.", agent_id);
	if (dhcp_is_answered(txn_model(txn), host, network))
		return weft_fail(error, NETWORK_HOSTED,
			"The network %s has been already hosted by the DHCP Agent %s.", id,
			agent_id);
	binding = dhcp_binding_of(txn_model(txn), uuid_format(object_id(host), host_id), id);
	if (binding && is_answered_unasked(txn_model(txn), host, id))
		return txn_remove_own(txn, binding, error);
	return set_served(txn, host, id, true, error);
}

bool dhcp_networks_remove(
	struct txn *txn, const struct object *agent, const char *id, GError **error)
{
	const struct object *host, *network;
	char agent_id[UUID_STRLEN];

	if (!find(txn, agent, id, &host, &network, error))
		return false;
	if (object_choice(agent, AGENT_TYPE) != AGENT_DHCP ||
		!dhcp_is_answered(txn_model(txn), host, network))
		return weft_fail(error, NETWORK_NOT_HOSTED,
			"The network %s is not hosted by the DHCP Agent %s.", id,
			uuid_format(object_id(agent), agent_id));
	return set_served(txn, host, id, false, error);
}
