/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/load_balancer.h"

#include <string.h>

#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_stats.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_vips.h"
#include "model/network/network.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"
#include "model/txn_impl.h"

static const char *const states[] = { "IDLE", "WIRED", "FAILED", NULL };

#define ADDITIONAL_VIPS_MAX 8

/* Network and port are the first VIP's, whoever asks. */
static const struct attr vip_fields[] = {
	{ .name = "subnet_id", .type = TYPE_UUID, .flags = ATTR_REQUIRED },
	{ .name = "ip_address", .type = TYPE_IP, .flags = ATTR_NULLABLE },
	{ .name = "network_id", .type = TYPE_UUID, .flags = ATTR_NULLABLE },
	{ .name = "port_id", .type = TYPE_UUID, .flags = ATTR_NULLABLE },
	{ 0 },
};
static const struct attr vip_attr = {
	.name = "additional_vip", .type = TYPE_OBJECT, .fields = vip_fields
};

/* Nothing has all that goes to a VIP and comes from it, so nothing could keep to a limit of it. */
static bool check_no_qos(const struct attr *attr, const char *value, GError **error)
{
	return weft_fail(error, NOT_IMPLEMENTED,
		"No provider supports a requested option: %s %.64s; each host balances what enters there, and none has all of it. "
		"Give the policy to the VIP's floating IP, for what comes from outside, or to the members' ports.",
		attr->name, value);
}

static const struct attr attrs[N_LOAD_BALANCER_SLOTS] = {
	LB_STANDARD_ATTRS,
	PROJECT_ATTR,
	[LOAD_BALANCER_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LOAD_BALANCER_PROVIDER] = { .name = "provider",
		.type = TYPE_STRING,
		.max = 64,
		.flags = ATTR_CREATE | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "\"" LB_EDGE "\"",
		.check = lb_check_provider,
		.doc = "Who does it: edge, the edge switches of the hosts, or virtual-router, HAProxy in an appliance." },
	[LOAD_BALANCER_VIP_ADDRESS] = { .name = "vip_address",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Its address; by default one of vip_subnet_id." },
	[LOAD_BALANCER_VIP_PORT_ID] = { .name = "vip_port_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_SERVICE_PORT_IN_USE,
		.referrer_index = LOAD_BALANCER_BY_PORT,
		.doc = "The port that has the address; made by weft unless given." },
	[LOAD_BALANCER_VIP_SUBNET_ID] = { .name = "vip_subnet_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_SUBNET,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LOAD_BALANCER_BY_SUBNET,
		.doc = "The subnet that the address is of." },
	[LOAD_BALANCER_VIP_NETWORK_ID] = { .name = "vip_network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LOAD_BALANCER_BY_NETWORK,
		.doc = "The network that the address is of." },
	[LOAD_BALANCER_VIP_QOS_POLICY_ID] = { .name = "vip_qos_policy_id",
		.type = TYPE_UUID,
		.flags = LB_GIVEN | ATTR_COMPUTED | ATTR_NULLABLE,
		.check = check_no_qos,
		.doc = "None: limits are those of floating IPs and of members' ports." },
	[LOAD_BALANCER_FLAVOR_ID] = { .name = "flavor_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.check = check_nothing_exists,
		.doc = "None: this provider has no flavors." },
	[LOAD_BALANCER_LISTENERS] = LB_IDS_ATTR("listeners", "Its listeners."),
	[LOAD_BALANCER_POOLS] = LB_IDS_ATTR("pools", "Its pools."),
	[LOAD_BALANCER_ADDITIONAL_VIPS] = { .name = "additional_vips",
		.type = TYPE_LIST,
		.item = &vip_attr,
		.max = ADDITIONAL_VIPS_MAX,
		.flags = ATTR_CREATE | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Further addresses of the same network: [{subnet_id, ip_address}]." },
	[LOAD_BALANCER_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LOAD_BALANCER_OPERATING] = LB_OPERATING_ATTR,
	[LOAD_BALANCER_OWN_PORT] = { .name = "own_port",
		.type = TYPE_BOOL,
		.flags = ATTR_SECRET,
		.fallback = "false" },
	[LOAD_BALANCER_STATE] = { .name = "state",
		.type = TYPE_ENUM,
		.choices = states,
		.flags = ATTR_SECRET,
		.fallback = "\"IDLE\"" },
	[LOAD_BALANCER_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.max = 1024,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Why it is in ERROR, as a host says." },
	[LOAD_BALANCER_ZONE] = { .name = "availability_zone",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.check = check_nothing_exists,
		.doc = "None: load balancers are in all of them." },
};

static const struct index indexes[N_LOAD_BALANCER_INDEXES] = {
	[LOAD_BALANCER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LOAD_BALANCER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LOAD_BALANCER_BY_PORT] = { .name = "vip_port_id",
		.slots = { LOAD_BALANCER_VIP_PORT_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[LOAD_BALANCER_BY_SUBNET] = { .name = "subnet", .slots = { LOAD_BALANCER_VIP_SUBNET_ID } },
	[LOAD_BALANCER_BY_NETWORK] = { .name = "network",
		.slots = { LOAD_BALANCER_VIP_NETWORK_ID } },
};

bool lb_is_at_edge(const struct object *balancer)
{
	return !strcmp(object_str(balancer, LOAD_BALANCER_PROVIDER), LB_EDGE);
}

const struct object *load_balancer_take(
	struct txn *txn, struct object *draft, const char *id, GError **error)
{
	const struct object *balancer = txn_need(txn, KIND_LOAD_BALANCER, id, error);

	if (!balancer)
		return NULL;
	if (!model_changeable(txn_model(txn), balancer, txn_caller(txn))) {
		weft_fail(error, FORBIDDEN,
			"Load balancer %s belongs to another project, or you may only see it.", id);
		return NULL;
	}
	object_copy(draft, balancer, SLOT_PROJECT_ID);
	return balancer;
}

static bool take_port(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LOAD_BALANCER_VIP_PORT_ID);
	const char *network = object_str(draft, LOAD_BALANCER_VIP_NETWORK_ID);
	const struct object *port = txn_need(txn, KIND_PORT, id, error);
	char own[UUID_STRLEN];
	struct object *change;

	if (!port)
		return false;
	if (!model_changeable(txn_model(txn), port, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Port %s belongs to another project; only its members may make it a VIP.",
			id);
	if (network && strcmp(network, object_str(port, PORT_NETWORK_ID)))
		return weft_fail(
			error, BAD_REQUEST, "VIP port %s is not on network %s.", id, network);
	if (*object_str(port, PORT_DEVICE_ID) || *object_str(port, PORT_DEVICE_OWNER) ||
		*object_str(port, PORT_HOST_ID))
		return weft_fail(error, PORT_IN_USE,
			"Port %s is in use by device %s; a VIP needs a port of no device and no host.",
			id, object_str(port, PORT_DEVICE_ID));
	if (!object_is_null(port, PORT_QOS_POLICY_ID))
		return check_no_qos(&attrs[LOAD_BALANCER_VIP_QOS_POLICY_ID],
			object_str(port, PORT_QOS_POLICY_ID), error);
	change = object_edit(port);
	object_set_str(change, PORT_DEVICE_ID, uuid_format(object_id(draft), own));
	object_set_str(change, PORT_DEVICE_OWNER, OWNER_LOAD_BALANCER);
	port = txn_put(txn, change, error);
	return port && lb_vips_choose(draft, port, error);
}

/* The first subnet of a network, IPv4 before IPv6, as vip_network_id asks for it. */
static const struct object *subnet_of(struct txn *txn, const char *network)
{
	const struct object *subnet, *first = NULL;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = txn_iter_next(&iter))) {
		if (object_int(subnet, SUBNET_IP_VERSION) == 4)
			return subnet;
		if (!first)
			first = subnet;
	}
	return first;
}

/* Fills in the subnet and network of a VIP whose port is to be made. */
static bool place(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LOAD_BALANCER_VIP_SUBNET_ID);
	const char *network_id = object_str(draft, LOAD_BALANCER_VIP_NETWORK_ID);
	const struct object *subnet = NULL, *network;
	char text[UUID_STRLEN];

	if (!id && !network_id)
		return weft_fail(error, BAD_REQUEST,
			"VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id.");
	if (id) {
		subnet = txn_need(txn, KIND_SUBNET, id, error);
		if (!subnet)
			return false;
		if (network_id && strcmp(network_id, object_str(subnet, SUBNET_NETWORK_ID)))
			return weft_fail(error, BAD_REQUEST, "Subnet %s is not on network %s.", id,
				network_id);
		network_id = object_str(subnet, SUBNET_NETWORK_ID);
	}
	network = txn_need(txn, KIND_NETWORK, network_id, error);
	if (!network)
		return false;
	if (!network_usable(txn_model(txn), network, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Network %s is external: only its own project may have VIPs on it.",
			network_id);
	if (!subnet && object_is_null(draft, LOAD_BALANCER_VIP_ADDRESS)) {
		subnet = subnet_of(txn, network_id);
		if (!subnet)
			return weft_fail(error, BAD_REQUEST,
				"Network %s has no subnet that a VIP could get its address of.",
				network_id);
	}
	if (subnet)
		object_set_str(
			draft, LOAD_BALANCER_VIP_SUBNET_ID, uuid_format(object_id(subnet), text));
	object_set_str(draft, LOAD_BALANCER_VIP_NETWORK_ID, network_id);
	return true;
}

static bool make_port(struct txn *txn, struct object *draft, GError **error)
{
	const char *subnet, *address;
	g_autofree char *name = NULL;
	const struct object *port;
	char id[UUID_STRLEN];
	json_t *fixed, *all;

	if (!place(txn, draft, error))
		return false;
	subnet = object_str(draft, LOAD_BALANCER_VIP_SUBNET_ID);
	address = object_str(draft, LOAD_BALANCER_VIP_ADDRESS);
	fixed = json_object();
	if (subnet)
		json_object_set_new(fixed, "subnet_id", json_string(subnet));
	if (address)
		json_object_set_new(fixed, "ip_address", json_string(address));
	all = lb_vips_asked(draft);
	json_array_insert_new(all, 0, fixed);
	uuid_format(object_id(draft), id);
	name = g_strconcat("lb-", id, NULL);
	port = txn_create_own(txn, KIND_PORT,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", name, "network_id",
			object_str(draft, LOAD_BALANCER_VIP_NETWORK_ID), "project_id",
			object_str(draft, SLOT_PROJECT_ID), "device_id", id, "device_owner",
			OWNER_LOAD_BALANCER, "fixed_ips", all),
		error);
	if (!port)
		return false;
	object_set_str(draft, LOAD_BALANCER_VIP_PORT_ID, uuid_format(object_id(port), id));
	object_set_bool(draft, LOAD_BALANCER_OWN_PORT, true);
	return lb_vips_choose(draft, port, error);
}

/* A virtual router does it where the network has one: where it has services at it. */
static bool check_home(const struct txn *txn, const struct object *draft, GError **error)
{
	static const enum network_service services[] = { SERVICE_DHCP, SERVICE_DNS };
	const char *id = object_str(draft, LOAD_BALANCER_VIP_NETWORK_ID);
	const struct object *network = txn_get_text(txn, KIND_NETWORK, id);
	char name[PROVIDER_NAME_MAX + 1];

	if (lb_is_at_edge(draft))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(services); i++)
		if (network && !g_strcmp0(service_other_provider(network, services[i], name),
				       object_str(draft, LOAD_BALANCER_PROVIDER)))
			return true;
	return weft_fail(error, CONFLICT,
		"Network %s has no virtual router that could do the load balancer: map its dhcp or dns to 'virtual-router' (service_providers).",
		id);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return (object_is_null(draft, LOAD_BALANCER_VIP_PORT_ID) ? make_port(txn, draft, error)
								 : take_port(txn, draft, error)) &&
	       check_home(txn, draft, error);
}

/* A port of its own goes, another is given back. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(old, LOAD_BALANCER_VIP_PORT_ID));
	struct object *change;

	if (!port)
		return true;
	if (object_bool(old, LOAD_BALANCER_OWN_PORT))
		return txn_remove_own(txn, port, error);
	change = object_edit(port);
	object_set_str(change, PORT_DEVICE_ID, "");
	object_set_str(change, PORT_DEVICE_OWNER, "");
	return txn_put(txn, change, error);
}

static bool remove_all(
	struct txn *txn, enum kind_id kind, unsigned index, const char *key, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, kind, index, key, NULL);
	while ((object = txn_iter_next(&iter)))
		g_ptr_array_add(found, object_ref(object));
	for (guint i = 0; i < found->len; i++)
		if (!txn_remove(txn, found->pdata[i], error))
			return false;
	return true;
}

static bool on_cascade(struct txn *txn, const struct object *old, GError **error)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(old), id);
	return remove_all(txn, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER, id, error) &&
	       remove_all(txn, KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, id, error);
}

void lb_write_ids(const struct model *model, enum kind_id kind, unsigned index, const char *key,
	struct json_writer *w)
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_array(w);
	model_iter_init(&iter, model, kind, index, key, NULL);
	while ((object = model_iter_next(&iter))) {
		jw_begin_object(w);
		jw_member_string(w, "id", uuid_format(object_id(object), id));
		jw_end_object(w);
	}
	jw_end_array(w);
}

void lb_write_id(const char *id, struct json_writer *w)
{
	jw_begin_array(w);
	if (id) {
		jw_begin_object(w);
		jw_member_string(w, "id", id);
		jw_end_object(w);
	}
	jw_end_array(w);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	const struct object *port;
	char id[UUID_STRLEN];

	uuid_format(object_id(object), id);
	switch (slot) {
	case LOAD_BALANCER_LISTENERS:
		lb_write_ids(model, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER, id, w);
		break;
	case LOAD_BALANCER_POOLS:
		lb_write_ids(model, KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, id, w);
		break;
	case LOAD_BALANCER_VIP_QOS_POLICY_ID:
		port = model_get_text(
			model, KIND_PORT, object_str(object, LOAD_BALANCER_VIP_PORT_ID));
		jw_string(w, port ? object_str(port, PORT_QOS_POLICY_ID) : NULL);
		break;
	default:
		lb_compute_status(model, object, slot, w);
		break;
	}
}

static bool fail_over(struct txn *txn, const struct object *object, json_t *body,
	json_t **ret_answer, GError **error)
{
	(void)txn;
	(void)body;
	(void)ret_answer;
	return lb_fail_option(object, "failover", "of a load balancer",
		!lb_is_at_edge(object)
			? "a virtual router that has failed is made again by itself"
			: "every host balances what enters there, so there is nothing that could fail over",
		error);
}

static const struct kind_action actions[] = {
	{ .name = "status",
		.read = true,
		.run = lb_status_tree,
		.doc = "The statuses of the load balancer and all its parts." },
	{ .name = "stats",
		.read = true,
		.run = lb_stats_show,
		.doc = "The connections and bytes of all its listeners." },
	{ .name = "failover", .run = fail_over, .doc = "Nothing: this provider has no machines." },
	{ 0 },
};

const struct kind load_balancer_kind = {
	.id = KIND_LOAD_BALANCER,
	.singular = "loadbalancer",
	.collection = "loadbalancers",
	.name = "load_balancer",
	.command = "loadbalancer",
	.path = LB_PATH "/loadbalancers",
	.doc = "An address whose connections are shared between members.",
	.actions = actions,
	.attrs = attrs,
	.n_slots = N_LOAD_BALANCER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LOAD_BALANCER_INDEXES,
	.quota = { "load_balancer", 10 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create,
		.on_delete = on_delete,
		.on_cascade = on_cascade,
		.compute = compute },
};
