/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/floating_ip.h"

#include <string.h>

#include "model/router/floating_ip_parts.h"
#include "model/network/network.h"
#include "model/router/port_forwarding.h"
#include "model/qos/qos_policy.h"
#include "model/standard.h"
#include "model/network/subnet.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const statuses[] = { "ACTIVE", "DOWN", "ERROR", NULL };

static const struct attr attrs[N_FLOATING_IP_SLOTS] = {
	STANDARD_ATTRS_WITHOUT_NAME,
	PROJECT_ATTR,
	[FLOATING_IP_NETWORK_ID] = { .name = "floating_network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = FLOATING_IP_BY_NETWORK,
		.doc = "The external network." },
	[FLOATING_IP_SUBNET_ID] = { .name = "subnet_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_REQUEST,
		.doc = "The subnet of the external network that the address is of." },
	[FLOATING_IP_ADDRESS] = { .name = "floating_ip_address",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_ADMIN_SET,
		.doc = "Its address on the external network." },
	[FLOATING_IP_PORT_ID] = { .name = "port_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CLEAR,
		.referrer_index = FLOATING_IP_BY_PORT,
		.doc = "The port that it stands for; null: none." },
	[FLOATING_IP_FIXED_IP] = { .name = "fixed_ip_address",
		.type = TYPE_IP,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The port's IPv4 address that it stands for; need not be given when the port has only one." },
	[FLOATING_IP_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.flags = ATTR_NULLABLE,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = FLOATING_IP_BY_ROUTER,
		.doc = "The router between the two." },
	[FLOATING_IP_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"DOWN\"",
		.doc = "ACTIVE once hosts have it." },
	[FLOATING_IP_DNS_NAME] = { .name = "dns_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE,
		.fallback = "\"\"",
		.check = check_dns_name,
		.doc = "Its name in the DNS." },
	[FLOATING_IP_DNS_DOMAIN] = { .name = "dns_domain",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_INTERN,
		.fallback = "\"\"",
		.check = check_dns_name,
		.doc = "The domain of its name." },
	[FLOATING_IP_QOS_POLICY_ID] = { .name = "qos_policy_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE,
		.refers = KIND_QOS_POLICY,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = FLOATING_IP_BY_QOS_POLICY,
		.doc = "Its QoS policy." },
	[FLOATING_IP_QOS_NETWORK_POLICY_ID] = { .name = "qos_network_policy_id",
		.type = TYPE_UUID,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The external network's QoS policy." },
	[FLOATING_IP_PORT_DETAILS] = { .name = "port_details",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Of the port that it stands for." },
	[FLOATING_IP_PORT_FORWARDINGS] = { .name = "port_forwardings",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Its port forwardings." },
};

static const struct index indexes[N_FLOATING_IP_INDEXES] = {
	[FLOATING_IP_BY_ADDRESS] = { .name = "address", .slots = { FLOATING_IP_ADDRESS } },
	[FLOATING_IP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[FLOATING_IP_BY_NETWORK] = { .name = "network", .slots = { FLOATING_IP_NETWORK_ID } },
	[FLOATING_IP_BY_PORT] = { .name = "port", .slots = { FLOATING_IP_PORT_ID } },
	[FLOATING_IP_BY_ROUTER] = { .name = "router", .slots = { FLOATING_IP_ROUTER_ID } },
	[FLOATING_IP_BY_QOS_POLICY] = { .name = "QoS policy",
		.slots = { FLOATING_IP_QOS_POLICY_ID } },
};

static bool check_network(struct txn *txn, const struct object *draft, GError **error)
{
	const char *id = object_str(draft, FLOATING_IP_NETWORK_ID);
	const struct object *network = txn_need(txn, KIND_NETWORK, id, error), *subnet;
	struct txn_iter iter;

	if (!network)
		return false;
	if (!object_bool(network, NETWORK_EXTERNAL))
		return weft_fail(error, BAD_REQUEST,
			"Network %s is not a valid external network: a floating IP needs one with router:external.",
			id);
	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, id, NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (object_int(subnet, SUBNET_IP_VERSION) == 4)
			return true;
	return weft_fail(error, BAD_REQUEST,
		"Network %s does not contain any IPv4 subnet, of which a floating IP is an address.",
		id);
}

/* The address that is asked for, as the fixed_ips of a port. NULL with @error set when it is none.
 */
static json_t *asked_address(struct txn *txn, const struct object *draft, GError **error)
{
	const char *subnet_id = object_str(draft, FLOATING_IP_SUBNET_ID);
	const char *address = object_str(draft, FLOATING_IP_ADDRESS);
	const struct object *subnet = txn_get_text(txn, KIND_SUBNET, subnet_id);
	json_t *asked = json_object();
	char outer[UUID_STRLEN];

	if (!subnet_id && !address)
		subnet_id = floating_ip_subnet(txn, draft, outer);
	if ((address && strchr(address, ':')) ||
		(subnet && object_int(subnet, SUBNET_IP_VERSION) != 4)) {
		json_decref(asked);
		weft_fail(error, BAD_REQUEST,
			"A floating IP is an IPv4 address: %s is not; name another, or leave it out.",
			address ? address : object_str(subnet, SUBNET_CIDR));
		return NULL;
	}
	if (subnet_id)
		json_object_set_new(asked, "subnet_id", json_string(subnet_id));
	if (address)
		json_object_set_new(asked, "ip_address", json_string(address));
	return json_pack("[o]", asked);
}

/* A host that answered for the address would take it from the outside's own router, and all who
 * leave by that would be cut off. */
static bool check_not_gateway(struct txn *txn, const struct port_ips *ips, GError **error)
{
	const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips->subnet_id);

	return g_strcmp0(ips->ip_text, object_str(subnet, SUBNET_GATEWAY_IP)) ||
	       weft_fail(error, BAD_REQUEST,
		       "Floating IP %s is the same as the gateway IP of subnet %s, which is the outside's router; choose another.",
		       ips->ip_text, object_str(subnet, SUBNET_CIDR));
}

static bool make_port(struct txn *txn, struct object *draft, GError **error)
{
	char id[UUID_STRLEN];
	json_t *addresses = asked_address(txn, draft, error), *body;
	const struct object *port;
	struct port_ips ips;

	if (!addresses)
		return false;
	body = json_pack("{s:s, s:s, s:s, s:s}", "network_id",
		object_str(draft, FLOATING_IP_NETWORK_ID), "project_id", "", "device_id",
		uuid_format(object_id(draft), id), "device_owner", OWNER_FLOATING_IP);
	if (json_object_size(json_array_get(addresses, 0)))
		json_object_set(body, "fixed_ips", addresses);
	json_decref(addresses);
	port = txn_create_own(txn, KIND_PORT, body, error);
	if (!port)
		return false;
	ips = port_ips_of(port);
	if (!port_ips_next(&ips))
		return weft_fail(error, IP_EXHAUSTED,
			"Unable to find any IP address on external network %s.",
			object_str(draft, FLOATING_IP_NETWORK_ID));
	object_set_str(draft, FLOATING_IP_ADDRESS, ips.ip_text);
	return check_not_gateway(txn, &ips, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	bool ok = check_network(txn, draft, error) &&
		  qos_policy_check(txn, NULL, draft, FLOATING_IP_QOS_POLICY_ID, error) &&
		  make_port(txn, draft, error) && floating_ip_associate(txn, NULL, draft, error);

	object_set_null(draft, FLOATING_IP_SUBNET_ID);
	return ok;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return qos_policy_check(txn, old, draft, FLOATING_IP_QOS_POLICY_ID, error) &&
	       floating_ip_associate(txn, old, draft, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *port = service_port_of(txn, old, OWNER_FLOATING_IP);

	return !port || txn_remove_own(txn, port, error);
}

static void on_clear(struct object *draft, unsigned slot)
{
	(void)slot;
	floating_ip_disassociate(draft);
}

static void write_details(const struct object *port, struct json_writer *w)
{
	char buf[VALUE_TEXT];

	jw_begin_object(w);
	jw_member_string(w, "name", object_str(port, SLOT_NAME));
	jw_member_string(w, "network_id", object_str(port, PORT_NETWORK_ID));
	jw_member_string(w, "mac_address", object_text(port, PORT_MAC_ADDRESS, buf));
	jw_member_bool(w, "admin_state_up", object_bool(port, PORT_ADMIN_STATE_UP));
	jw_member_string(w, "status", object_str(port, PORT_STATUS));
	jw_member_string(w, "device_id", object_str(port, PORT_DEVICE_ID));
	jw_member_string(w, "device_owner", object_str(port, PORT_DEVICE_OWNER));
	jw_end_object(w);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(object, FLOATING_IP_PORT_ID));

	if (slot == FLOATING_IP_PORT_FORWARDINGS)
		port_forwarding_write_all(model, object, w);
	else if (slot == FLOATING_IP_QOS_NETWORK_POLICY_ID)
		qos_policy_write_networks(model, object_str(object, FLOATING_IP_NETWORK_ID), w);
	else if (port)
		write_details(port, w);
	else
		jw_null(w);
}

const struct kind floating_ip_kind = {
	.id = KIND_FLOATING_IP,
	.singular = "floatingip",
	.collection = "floatingips",
	.command = "floating ip",
	.path = "/v2.0/floatingips",
	.doc = "An address of an external network that stands for a port's address behind a router.",
	.attrs = attrs,
	.n_slots = N_FLOATING_IP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_FLOATING_IP_INDEXES,
	.quota = { "floatingip", 50 },
	.not_found = WEFT_ERROR_FLOATING_IP_NOT_FOUND,
	.in_use = WEFT_ERROR_FLOATING_IP_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.on_clear = on_clear,
		.compute = compute },
};
