/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/local_ip.h"

#include <string.h>

#include "model/network/network.h"
#include "model/port/service_port.h"
#include "model/standard.h"
#include "model/network/subnet.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const modes[] = { "translate", "passthrough", NULL };

static const struct attr attrs[N_LOCAL_IP_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_NAME] = { .name = "name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN,
		.fallback = "\"\"",
		.doc = "For people." },
	LONG_DESCRIPTION_ATTR,
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[LOCAL_IP_PORT_ID] = { .name = "local_port_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_SERVICE_PORT_IN_USE,
		.referrer_index = LOCAL_IP_BY_PORT,
		.doc = "The port that holds the address; made by weft when network_id is given instead." },
	[LOCAL_IP_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LOCAL_IP_BY_NETWORK,
		.doc = "The network that the address is of." },
	[LOCAL_IP_ADDRESS] = { .name = "local_ip_address",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_ADMIN_SET,
		.doc = "The address." },
	[LOCAL_IP_MODE] = { .name = "ip_mode",
		.type = TYPE_ENUM,
		.choices = modes,
		.flags = ATTR_CREATE,
		.fallback = "\"translate\"",
		.doc = "Whether guests see packets to their own address (translate), or to this one (passthrough)." },
};

static const struct index indexes[N_LOCAL_IP_INDEXES] = {
	[LOCAL_IP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LOCAL_IP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LOCAL_IP_BY_PORT] = { .name = "port", .slots = { LOCAL_IP_PORT_ID } },
	[LOCAL_IP_BY_NETWORK] = { .name = "network", .slots = { LOCAL_IP_NETWORK_ID } },
};

bool local_ip_find_address(
	const struct object *port, const char *asked, char ret[static IP_STRLEN], GError **error)
{
	struct port_ips ips = port_ips_of(port);
	unsigned fit = 0, all = 0;
	char id[UUID_STRLEN];

	while (port_ips_next(&ips)) {
		all++;
		if (asked && strcmp(ips.ip_text, asked))
			continue;
		fit++;
		g_strlcpy(ret, ips.ip_text, IP_STRLEN);
	}
	uuid_format(object_id(port), id);
	if (!all)
		return weft_fail(error, LOCAL_IP_NO_IP,
			"Specified Port %s has no fixed IPs configured.", id);
	if (!fit)
		return weft_fail(error, LOCAL_IP_NO_SUCH_IP,
			"Specified Port %s does not have requested IP address: %s.", id, asked);
	return fit == 1 ||
	       weft_fail(error, LOCAL_IP_WHICH_IP,
		       "Specified Port %s has several IPs, should specify exact IP address to use for Local IP.",
		       id);
}

static bool take_port(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *port =
		txn_need(txn, KIND_PORT, object_str(draft, LOCAL_IP_PORT_ID), error);
	char ip[IP_STRLEN];

	if (!port || !local_ip_find_address(port, object_str(draft, LOCAL_IP_ADDRESS), ip, error))
		return false;
	if (!model_changeable(txn_model(txn), port, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"The port %s belongs to another project; only its members may make it a local IP.",
			object_str(draft, LOCAL_IP_PORT_ID));
	object_set_str(draft, LOCAL_IP_ADDRESS, ip);
	object_set_str(draft, LOCAL_IP_NETWORK_ID, object_str(port, PORT_NETWORK_ID));
	return true;
}

static bool has_ipv4(struct txn *txn, const char *network_id, GError **error)
{
	const struct object *subnet;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (object_int(subnet, SUBNET_IP_VERSION) == 4)
			return true;
	return weft_fail(
		error, BAD_REQUEST, "Network %s does not contain any IPv4 subnet.", network_id);
}

static bool make_port(struct txn *txn, struct object *draft, GError **error)
{
	const char *network_id = object_str(draft, LOCAL_IP_NETWORK_ID);
	const char *address = object_str(draft, LOCAL_IP_ADDRESS);
	const struct object *network = txn_need(txn, KIND_NETWORK, network_id, error), *port;
	char id[UUID_STRLEN];
	struct port_ips ips;
	json_t *body;

	if (!network || !has_ipv4(txn, network_id, error))
		return false;
	if (!network_usable(txn_model(txn), network, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Network %s is external: only its own project may have local IPs on it.",
			network_id);
	body = json_pack("{s:s, s:s, s:s, s:s}", "network_id", network_id, "project_id",
		object_str(draft, SLOT_PROJECT_ID), "device_id", uuid_format(object_id(draft), id),
		"device_owner", OWNER_LOCAL_IP);
	if (address)
		json_object_set_new(body, "fixed_ips", json_pack("[{s:s}]", "ip_address", address));
	port = txn_create_own(txn, KIND_PORT, body, error);
	if (!port)
		return false;
	ips = port_ips_of(port);
	if (!port_ips_next(&ips))
		return weft_fail(error, IP_EXHAUSTED,
			"Unable to find any IP address on network %s.", network_id);
	object_set_str(draft, LOCAL_IP_PORT_ID, uuid_format(object_id(port), id));
	object_set_str(draft, LOCAL_IP_ADDRESS, ips.ip_text);
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	if (!object_is_null(draft, LOCAL_IP_PORT_ID))
		return take_port(txn, draft, error);
	if (!object_is_null(draft, LOCAL_IP_NETWORK_ID))
		return make_port(txn, draft, error);
	return weft_fail(error, LOCAL_IP_NO_PORT,
		"Either Port ID or Network ID must be specified for Local IP create: give local_port_id or network_id.");
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *port = service_port_of(txn, old, OWNER_LOCAL_IP);

	return !port || txn_remove_own(txn, port, error);
}

const struct kind local_ip_kind = {
	.id = KIND_LOCAL_IP,
	.singular = "local_ip",
	.collection = "local_ips",
	.path = "/v2.0/local_ips",
	.doc = "An address that means, on each host, a port of that host.",
	.attrs = attrs,
	.n_slots = N_LOCAL_IP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LOCAL_IP_INDEXES,
	.not_found = WEFT_ERROR_LOCAL_IP_NOT_FOUND,
	.in_use = WEFT_ERROR_LOCAL_IP_IN_USE,
	.hooks = { .on_create = on_create, .on_delete = on_delete },
};
