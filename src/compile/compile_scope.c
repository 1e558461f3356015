/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a scope now: for snapshots, and for a host that has just gained it. */
#include <weft/provider.h>

#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/in_tree.h"
#include "compile/reach.h"
#include "compile/records.h"
#include "compile/standby.h"

#include "model/router/floating_ip.h"
#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/balancer/load_balancer.h"
#include "model/port/port_binding.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/firewall/security_group_rule.h"
#include "model/network/subnet.h"

void enumeration_give(struct enumeration *e, const char *kind, const char *id)
{
	e->record(kind, id, e->text->str, e->user);
	g_string_truncate(e->text, 0);
}

static void give_port(struct enumeration *e, const struct object *port, bool active)
{
	struct qos qos = qos_of(e->model, &qos_ports, port);
	char id[UUID_STRLEN];

	record_port(port, &qos, trunk_place_of(e->model, port), active, e->text);
	enumeration_give(e, "port", uuid_format(object_id(port), id));
}

/* Ports that may move to the host. */
static void give_inactive(struct enumeration *e, const char *host)
{
	const struct object *binding;
	struct model_iter iter;

	model_iter_init(&iter, e->model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID, host, NULL);
	while ((binding = model_iter_next(&iter))) {
		const char *id = object_str(binding, PORT_BINDING_PORT_ID);

		give_port(e, model_get_text(e->model, KIND_PORT, id), false);
	}
}

/* Of a port or a router: those of which the record is in that scope. */
static void give_floating_ips(
	struct enumeration *e, unsigned index, const struct scope *scope, const char *of)
{
	const struct object *floating_ip;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_FLOATING_IP, index, of, NULL);
	while ((floating_ip = model_iter_next(&iter))) {
		struct scope its;

		if (floating_ip_record(e->model, floating_ip, &its, e->text) &&
			scope_equal(&its, scope))
			enumeration_give(e, "floating_ip", uuid_format(object_id(floating_ip), id));
		else
			g_string_truncate(e->text, 0);
	}
}

void give_floating_ips_of_host(struct enumeration *e, const struct uuid *id)
{
	const struct object *host = model_get(e->model, KIND_HOST, id), *port;
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host || !model_count_all(e->model, KIND_FLOATING_IP))
		return;
	model_iter_init(
		&iter, e->model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		if (!port_has_owner(port, OWNER_ROUTER_GATEWAY))
			give_floating_ips(e, FLOATING_IP_BY_PORT,
				&(struct scope){ .id = *id, .type = SCOPE_HOST },
				uuid_format(object_id(port), text));
}

static void give_host(struct enumeration *e, const struct uuid *id)
{
	const struct object *host = model_get(e->model, KIND_HOST, id), *port;
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return;
	record_host(host, e->text);
	enumeration_give(e, "host", uuid_format(id, text));
	model_iter_init(
		&iter, e->model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter))) {
		uuid_format(object_id(port), text);
		if (port_has_owner(port, OWNER_ROUTER_GATEWAY))
			continue;
		give_port(e, port, true);
	}
	give_inactive(e, uuid_format(id, text));
	give_appliances(e, id);
}

void give_subnets(struct enumeration *e, const struct uuid *network)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(
		&iter, e->model, KIND_SUBNET, SUBNET_BY_NETWORK, uuid_format(network, id), NULL);
	while ((subnet = model_iter_next(&iter))) {
		subnet_record(e->model, subnet, e->text);
		enumeration_give(e, "subnet", uuid_format(object_id(subnet), id));
	}
}

/* Hosts that have it by a port of their own, or by what routers join with it. */
static void give_members(struct enumeration *e, const struct uuid *network)
{
	g_autoptr(reach) reach = reach_from(e->model, NULL, network);
	g_autoptr(GHashTable) hosts = reach_hosts(e->model, reach);
	const struct object *host;
	char id[RECORD_ID_STRLEN];
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, hosts);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		host = model_get(e->model, KIND_HOST, key);
		record_member(network, host,
			(reach_ports(e->model, host, network) ? 0 : MEMBER_ROUTED) |
				(member_dhcp(e->model, key, network) ? 0 : MEMBER_WITHOUT_DHCP) |
				member_unconnected(
					model_get(e->model, KIND_NETWORK, network), host),
			e->text);
		enumeration_give(e, "member", member_id(network, key, id));
	}
}

static void give_endpoints(struct enumeration *e, const char *network)
{
	const struct object *port, *host;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter))) {
		g_autoptr(GPtrArray) standby = NULL;

		if (!port_is_bound(port) || port_has_owner(port, OWNER_ROUTER_GATEWAY))
			continue;
		host = model_first(
			e->model, KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
		if (!host)
			continue;
		standby = standby_hosts(e->model, port);
		record_endpoint(e->model, port, host, standby, e->text);
		enumeration_give(e, "endpoint", uuid_format(object_id(port), id));
	}
}

/* An interface with several subnets once. */
void give_interfaces(struct enumeration *e, const struct uuid *network)
{
	g_autoptr(GHashTable) given = g_hash_table_new(NULL, NULL);
	const struct object *subnet, *port, *router;
	struct model_iter subnets, ports;
	struct edge edge;
	char id[UUID_STRLEN];

	model_iter_init(
		&subnets, e->model, KIND_SUBNET, SUBNET_BY_NETWORK, uuid_format(network, id), NULL);
	while ((subnet = model_iter_next(&subnets))) {
		model_iter_init(&ports, e->model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
			uuid_format(object_id(subnet), id), NULL);
		while ((port = model_iter_next(&ports))) {
			router = edge_of(port, &edge)
					 ? model_get(e->model, KIND_ROUTER, &edge.router)
					 : NULL;
			if (!router || !g_hash_table_add(given, (gpointer)port))
				continue;
			record_interface(port, router, e->text);
			if (e->text->len)
				enumeration_give(e, "interface", uuid_format(&edge.port, id));
		}
	}
}

static void give_load_balancers(struct enumeration *e, const char *network)
{
	const struct object *balancer;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(
		&iter, e->model, KIND_LOAD_BALANCER, LOAD_BALANCER_BY_NETWORK, network, NULL);
	while ((balancer = model_iter_next(&iter))) {
		load_balancer_record(e->model, balancer, e->text);
		if (e->text->len)
			enumeration_give(e, "load_balancer", uuid_format(object_id(balancer), id));
	}
}

static void give_network(struct enumeration *e, const struct uuid *network)
{
	const struct object *object = model_get(e->model, KIND_NETWORK, network);
	char id[UUID_STRLEN];

	if (!object)
		return;
	uuid_format(network, id);
	record_network(object, e->text);
	if (e->text->len)
		enumeration_give(e, "network", id);
	give_members(e, network);
	give_endpoints(e, id);
	give_load_balancers(e, id);
}

void give_security_group(struct enumeration *e, const struct uuid *group)
{
	const struct object *object = model_get(e->model, KIND_SECURITY_GROUP, group), *rule;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!object)
		return;
	uuid_format(group, id);
	record_security_group(object, e->text);
	enumeration_give(e, "security-group", id);
	model_iter_init(
		&iter, e->model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_GROUP, id, NULL);
	while ((rule = model_iter_next(&iter))) {
		record_security_group_rule(rule, e->text);
		enumeration_give(e, "security-group-rule", uuid_format(object_id(rule), id));
	}
}

void give_group_members(struct enumeration *e, const struct uuid *group)
{
	const struct object *port;
	struct model_iter iter;
	char text[UUID_STRLEN], id[RECORD_ID_STRLEN];

	model_iter_init(
		&iter, e->model, KIND_PORT, PORT_BY_SECURITY_GROUP, uuid_format(group, text), NULL);
	while ((port = model_iter_next(&iter))) {
		record_group_member(port, e->text);
		enumeration_give(e, "group-member", member_id(group, object_id(port), id));
	}
}

void give_address_group(struct enumeration *e, const struct uuid *group)
{
	const struct object *object = model_get(e->model, KIND_ADDRESS_GROUP, group);
	char id[UUID_STRLEN];

	if (!object)
		return;
	record_address_group(object, e->text);
	enumeration_give(e, "address-group", uuid_format(group, id));
}

static void give_all(struct enumeration *e, enum kind_id kind, const char *name,
	void (*record)(const struct object *object, GString *text))
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_all(&iter, e->model, kind, NULL);
	while ((object = model_iter_next(&iter))) {
		record(object, e->text);
		enumeration_give(e, name, uuid_format(object_id(object), id));
	}
}

void give_tiers(struct enumeration *e)
{
	give_all(e, KIND_SECURITY_TIER, "security-tier", record_security_tier);
	give_all(e, KIND_SECURITY_POLICY, "security-policy", record_security_policy);
	give_all(e, KIND_SECURITY_POLICY_RULE, "security-policy-rule", record_security_policy_rule);
}

void give_logs(struct enumeration *e)
{
	const struct object *log;
	struct model_iter iter;
	char text[UUID_STRLEN];

	model_iter_all(&iter, e->model, KIND_NETWORK_LOG, NULL);
	while ((log = model_iter_next(&iter))) {
		record_log(log, e->text);
		if (e->text->len)
			enumeration_give(e, "log", uuid_format(object_id(log), text));
	}
}

void give_gateway(struct enumeration *e, const struct uuid *router)
{
	const struct object *port = gateway_record(e->model, router, e->text);
	char id[UUID_STRLEN];

	if (port)
		enumeration_give(e, "gateway", uuid_format(object_id(port), id));
	give_floating_ips(e, FLOATING_IP_BY_ROUTER,
		&(struct scope){ .id = *router, .type = SCOPE_ROUTER }, uuid_format(router, id));
}

void compile_scope(
	const struct model *model, const struct scope *scope, compile_record_fn record, void *user)
{
	g_autoptr(GString) text = g_string_sized_new(512);
	struct enumeration e = { model, record, user, text };

	if (scope->type == SCOPE_HOST)
		give_host(&e, &scope->id);
	else if (scope->type == SCOPE_NETWORK)
		give_network(&e, &scope->id);
	for (unsigned i = 0; providers_in_tree[i]; i++)
		if (providers_in_tree[i]->in_tree->scope)
			providers_in_tree[i]->in_tree->scope(&e, scope->type, &scope->id);
}

struct scopes {
	const struct model *model;
	GHashTable *seen; /* struct scope */
	GArray *list;
};

static bool add_scope(struct scopes *scopes, enum scope_type type, const struct uuid *id)
{
	struct scope scope = { .id = *id, .type = type };

	if (g_hash_table_contains(scopes->seen, &scope))
		return false;
	g_hash_table_add(scopes->seen, g_memdup2(&scope, sizeof(scope)));
	g_array_append_val(scopes->list, scope);
	return true;
}

/* All of a part that was not seen before; takes it. */
static void add_part(struct scopes *scopes, struct reach *part)
{
	for (guint i = 0; i < part->nodes->len; i++) {
		const struct reached *node = &g_array_index(part->nodes, struct reached, i);

		add_scope(scopes, node->is_router ? SCOPE_ROUTER : SCOPE_NETWORK, &node->id);
	}
	reach_free(part);
}

static bool has_scope(const struct scopes *scopes, enum scope_type type, const struct uuid *id)
{
	struct scope scope = { .id = *id, .type = type };

	return g_hash_table_contains(scopes->seen, &scope);
}

static void add_networks(struct scopes *scopes, const struct uuid *network)
{
	if (!has_scope(scopes, SCOPE_NETWORK, network))
		add_part(scopes, reach_from(scopes->model, NULL, network));
}

static void add_gateways(struct scopes *scopes, const char *host)
{
	const struct object *router;
	struct model_iter iter;

	model_iter_init(&iter, scopes->model, KIND_ROUTER, ROUTER_BY_GATEWAY_HOST, host, NULL);
	while ((router = model_iter_next(&iter)))
		if (!has_scope(scopes, SCOPE_ROUTER, object_id(router)))
			add_part(scopes, reach_from_router(scopes->model, NULL, object_id(router)));
}

static void add_named(struct scopes *scopes, const struct object *rule)
{
	struct uuid id;

	if (object_uuid(rule, MATCH_GROUP_ID, &id))
		add_scope(scopes, SCOPE_GROUP_MEMBERS, &id);
	if (object_uuid(rule, MATCH_ADDRESS_GROUP_ID, &id))
		add_scope(scopes, SCOPE_ADDRESS_GROUP, &id);
}

static void add_tiers(struct scopes *scopes)
{
	const struct object *rule;
	struct model_iter iter;

	model_iter_all(&iter, scopes->model, KIND_SECURITY_POLICY_RULE, NULL);
	while ((rule = model_iter_next(&iter)))
		add_named(scopes, rule);
}

static void add_group(struct scopes *scopes, const char *group)
{
	const struct object *rule;
	struct model_iter iter;
	struct uuid id;

	if (!uuid_parse(group, &id) || !add_scope(scopes, SCOPE_SECURITY_GROUP, &id))
		return;
	model_iter_init(&iter, scopes->model, KIND_SECURITY_GROUP_RULE,
		SECURITY_GROUP_RULE_BY_GROUP, group, NULL);
	while ((rule = model_iter_next(&iter)))
		add_named(scopes, rule);
}

static void add_port(struct scopes *scopes, const struct object *port)
{
	struct port_groups groups = port_groups_of(port);
	struct uuid network;

	if (object_uuid(port, PORT_NETWORK_ID, &network))
		add_networks(scopes, &network);
	while (port_groups_next(&groups))
		add_group(scopes, groups.id);
}

GArray *compile_host_scopes(const struct model *model, const struct uuid *id)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(scope_hash, scope_equal, g_free, NULL);
	struct scopes scopes = { model, seen, g_array_new(FALSE, FALSE, sizeof(struct scope)) };
	const struct object *host = model_get(model, KIND_HOST, id), *port, *binding;
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return scopes.list;
	add_scope(&scopes, SCOPE_HOST, id);
	add_scope(&scopes, SCOPE_CLOUD, &scope_cloud_id);
	add_tiers(&scopes);
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		add_port(&scopes, port);
	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID,
		uuid_format(id, text), NULL);
	while ((binding = model_iter_next(&iter))) {
		port = model_get_text(model, KIND_PORT, object_str(binding, PORT_BINDING_PORT_ID));
		if (port)
			add_port(&scopes, port);
	}
	add_gateways(&scopes, text);
	return scopes.list;
}

bool compile_host_has(
	const struct model *model, const struct uuid *host, const struct uuid *network)
{
	const struct object *object = model_get(model, KIND_HOST, host);
	g_autoptr(reach) reach = reach_from(model, NULL, network);

	for (guint i = 0; object && i < reach->nodes->len; i++) {
		const struct reached *node = &g_array_index(reach->nodes, struct reached, i);

		if (node->is_router ? gateway_hosts_include(
					      model_get(model, KIND_ROUTER, &node->id), host)
				    : reach_ports(model, object, &node->id) > 0)
			return true;
	}
	return false;
}
