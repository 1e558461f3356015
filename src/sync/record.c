/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/record.h"

#include <stdio.h>
#include <string.h>

#include "sync/fields.h"
#include "sync/record_balancer.h"

static const char *const kind_names[] = {
#define X(symbol, text) [RECORD_##symbol] = text,
	RECORD_KINDS(X)
#undef X
};

const char *record_kind_name(enum record_kind kind)
{
	return kind_names[kind];
}

bool record_kind_parse(const char *name, enum record_kind *ret)
{
	for (int kind = 0; kind < RECORD_N_KINDS; kind++)
		if (strcmp(name, kind_names[kind]) == 0) {
			*ret = kind;
			return true;
		}
	return false;
}

static bool is_pair(enum record_kind kind)
{
	return kind == RECORD_MEMBER || kind == RECORD_GROUP_MEMBER;
}

bool record_key_parse(enum record_kind kind, const char *id, struct record_key *ret, GError **error)
{
	struct record_key key = { .kind = kind };
	const char *slash = strchr(id, '/');

	if (is_pair(kind)) {
		g_autofree char *of = slash ? g_strndup(id, (gsize)(slash - id)) : NULL;

		if (!slash || !uuid_parse(of, &key.id) || !uuid_parse(slash + 1, &key.sub))
			return weft_fail(error, BAD_REQUEST, "%s id \"%.80s\" must be %s/%s",
				kind_names[kind], id,
				kind == RECORD_MEMBER ? "<network id>" : "<group id>",
				kind == RECORD_MEMBER ? "<host id>" : "<port id>");
	} else if (!uuid_parse(id, &key.id)) {
		return weft_fail(
			error, BAD_REQUEST, "%s id \"%.80s\" must be a UUID", kind_names[kind], id);
	}
	*ret = key;
	return true;
}

const char *record_key_format(const struct record_key *key, char buf[static RECORD_ID_TEXT])
{
	uuid_format(&key->id, buf);
	if (is_pair(key->kind)) {
		buf[UUID_STRLEN - 1] = '/';
		uuid_format(&key->sub, buf + UUID_STRLEN);
	}
	return buf;
}

guint record_key_hash(gconstpointer data)
{
	const struct record_key *key = data;

	return uuid_hash(&key->id) ^ uuid_hash(&key->sub) * 31 ^ (guint)key->kind * 0x9e3779b1u;
}

gboolean record_key_equal(gconstpointer a, gconstpointer b)
{
	const struct record_key *x = a, *y = b;

	return x->kind == y->kind && uuid_equal(&x->id, &y->id) && uuid_equal(&x->sub, &y->sub);
}

/* Most lists of most records are empty: those share one empty array, which nobody may append to. */
static void share_empty(GArray **array)
{
	static GArray *empty;

	if ((*array)->len)
		return;
	if (!empty)
		empty = g_array_new(FALSE, FALSE, 1);
	g_array_unref(*array);
	*array = g_array_ref(empty);
}

static bool decode_host(const json_t *data, struct record *ret, GError **error)
{
	return field_optional_string(data, "name", &ret->host.name, error) &&
	       field_tunnel(data, &ret->host.tunnel, error);
}

static bool decode_network(const json_t *data, struct record *ret, GError **error)
{
	struct record_network *network = &ret->network;

	network->admin_state_up = network->l2_adjacency = network->dns = network->metadata = true;
	if (!field_optional_wire(data, &network->wire, error) ||
		(!network->wire.physical_network &&
			!field_uint(data, "vni", 1, 0xffffff, &network->vni, error)))
		return false;
	return field_optional_string(data, "name", &network->name, error) &&
	       field_uint(data, "mtu", 68, 65535, &network->mtu_bytes, error) &&
	       field_optional_bool(data, "admin_state_up", &network->admin_state_up, error) &&
	       field_optional_bool(data, "dns", &network->dns, error) &&
	       field_optional_bool(data, "metadata", &network->metadata, error) &&
	       field_optional_bool(data, "l2_adjacency", &network->l2_adjacency, error) &&
	       field_optional_string(data, "dns_domain", &network->dns_domain, error);
}

static bool decode_subnet(const json_t *data, struct record *ret, GError **error)
{
	static const char *const modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL };
	struct record_subnet *subnet = &ret->subnet;

	subnet->dns_nameservers = g_array_new(FALSE, TRUE, sizeof(struct ip));
	subnet->host_routes = g_array_new(FALSE, TRUE, sizeof(struct record_route));
	return field_uuid(data, "network_id", &subnet->network_id, error) &&
	       field_prefix(data, "cidr", &subnet->cidr, error) &&
	       field_optional_ip(data, "gateway_ip", &subnet->gateway, error) &&
	       field_optional_bool(data, "enable_dhcp", &subnet->enable_dhcp, error) &&
	       field_optional_choice(data, "ipv6_ra_mode", modes, &subnet->ra_mode, error) &&
	       field_optional_choice(
		       data, "ipv6_address_mode", modes, &subnet->address_mode, error) &&
	       field_array(data, "dns_nameservers", element_ip, subnet->dns_nameservers, error) &&
	       field_array(data, "host_routes", element_route, subnet->host_routes, error) &&
	       field_optional_uuid(data, "address_scope_id", &subnet->address_scope_id, error);
}

static bool decode_member(const json_t *data, struct record *ret, GError **error)
{
	ret->member.dhcp = true;
	ret->member.connected = true;
	return field_uuid(data, "network_id", &ret->member.network_id, error) &&
	       field_uuid(data, "host_id", &ret->member.host_id, error) &&
	       field_optional_bool(data, "routed", &ret->member.routed, error) &&
	       field_optional_bool(data, "dhcp", &ret->member.dhcp, error) &&
	       field_optional_bool(data, "connected", &ret->member.connected, error) &&
	       field_tunnel(data, &ret->member.tunnel, error);
}

static bool decode_endpoint(const json_t *data, struct record *ret, GError **error)
{
	struct record_endpoint *endpoint = &ret->endpoint;

	endpoint->ips = g_array_new(FALSE, TRUE, sizeof(struct ip));
	endpoint->pairs = g_array_new(FALSE, TRUE, sizeof(struct record_pair));
	endpoint->standby = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	endpoint->held = g_array_new(FALSE, TRUE, sizeof(struct ip));
	return field_uuid(data, "network_id", &endpoint->network_id, error) &&
	       field_uuid(data, "host_id", &endpoint->host_id, error) &&
	       field_mac(data, "mac_address", &endpoint->mac, error) &&
	       field_array(data, "ips", element_ip, endpoint->ips, error) &&
	       field_array(data, "allowed_address_pairs", element_pair, endpoint->pairs, error) &&
	       field_array(data, "standby_hosts", element_uuid, endpoint->standby, error) &&
	       field_array(data, "held_addresses", element_ip, endpoint->held, error) &&
	       field_optional_string(data, "dns_name", &endpoint->dns_name, error);
}

static void clear_option(gpointer data)
{
	struct record_option *option = data;

	g_free(option->name);
	g_free(option->value);
}

static bool decode_optional_uuid(
	const json_t *data, const char *member, struct uuid *ret, GError **error)
{
	const json_t *value = json_object_get(data, member);

	return !value || json_is_null(value) || field_uuid(data, member, ret, error);
}

static bool decode_subport(const json_t *data, struct record_port *port, GError **error)
{
	u32 vlan = 0;

	if (!decode_optional_uuid(data, "parent_id", &port->parent_id, error))
		return false;
	if (!uuid_is_zero(&port->parent_id) &&
		!field_uint(data, "segmentation_id", 1, 4094, &vlan, error))
		return false;
	port->vlan = (u16)vlan;
	return true;
}

static bool decode_port(const json_t *data, struct record *ret, GError **error)
{
	struct record_port *port = &ret->port;

	port->fixed_ips = g_array_new(FALSE, TRUE, sizeof(struct record_fixed_ip));
	port->pairs = g_array_new(FALSE, TRUE, sizeof(struct record_pair));
	port->options = g_array_new(FALSE, TRUE, sizeof(struct record_option));
	port->groups = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	port->project_id = g_intern_string(json_string_value(json_object_get(data, "project_id")));
	port->filtered = json_is_array(json_object_get(data, "security_groups"));
	if (json_is_object(json_object_get(data, "metadata")))
		port->metadata = json_dumps(json_object_get(data, "metadata"), JSON_COMPACT);
	g_array_set_clear_func(port->options, clear_option);
	port->port_security = port->admin_state_up = port->active = true;
	if (!decode_subport(data, port, error))
		return false;
	return field_uuid(data, "network_id", &port->network_id, error) &&
	       field_mac(data, "mac_address", &port->mac, error) &&
	       field_array(data, "fixed_ips", element_fixed_ip, port->fixed_ips, error) &&
	       field_array(data, "allowed_address_pairs", element_pair, port->pairs, error) &&
	       field_array(data, "extra_dhcp_opts", element_option, port->options, error) &&
	       field_array(data, "security_groups", element_uuid, port->groups, error) &&
	       field_optional_bool(data, "port_security_enabled", &port->port_security, error) &&
	       field_optional_bool(data, "admin_state_up", &port->admin_state_up, error) &&
	       field_optional_bool(data, "active", &port->active, error) &&
	       field_optional_qos(data, &port->qos, error) &&
	       field_optional_string(data, "name", &port->name, error) &&
	       field_optional_string(data, "device_id", &port->device_id, error) &&
	       field_optional_strings(data, "tags", &port->tags, error) &&
	       field_optional_string(data, "dns_name", &port->dns_name, error);
}

static bool decode_interface(const json_t *data, struct record *ret, GError **error)
{
	struct record_interface *interface = &ret->interface;

	interface->fixed_ips = g_array_new(FALSE, TRUE, sizeof(struct record_fixed_ip));
	interface->routes = g_array_new(FALSE, TRUE, sizeof(struct record_route));
	interface->admin_state_up = true;
	return field_uuid(data, "network_id", &interface->network_id, error) &&
	       field_uuid(data, "router_id", &interface->router_id, error) &&
	       field_mac(data, "mac_address", &interface->mac, error) &&
	       field_array(data, "fixed_ips", element_fixed_ip, interface->fixed_ips, error) &&
	       field_array(data, "routes", element_route, interface->routes, error) &&
	       field_optional_bool(data, "admin_state_up", &interface->admin_state_up, error);
}

static bool decode_security_group(const json_t *data, struct record *ret, GError **error)
{
	ret->security_group.stateful = true;
	return field_optional_string(data, "name", &ret->security_group.name, error) &&
	       field_optional_bool(data, "stateful", &ret->security_group.stateful, error);
}

static bool decode_security_group_rule(const json_t *data, struct record *ret, GError **error)
{
	struct record_security_group_rule *rule = &ret->security_group_rule;

	return field_uuid(data, "security_group_id", &rule->group_id, error) &&
	       field_match(data, rule, error);
}

static bool decode_group_member(const json_t *data, struct record *ret, GError **error)
{
	struct record_group_member *member = &ret->group_member;

	member->addresses = g_array_new(FALSE, TRUE, sizeof(struct prefix));
	return field_uuid(data, "network_id", &member->network_id, error) &&
	       field_array(data, "addresses", element_prefix, member->addresses, error);
}

static bool decode_address_group(const json_t *data, struct record *ret, GError **error)
{
	struct record_address_group *group = &ret->address_group;

	group->addresses = g_array_new(FALSE, TRUE, sizeof(struct prefix));
	return field_optional_string(data, "name", &group->name, error) &&
	       field_optional_string(data, "project_id", &group->project_id, error) &&
	       field_array(data, "addresses", element_prefix, group->addresses, error);
}

static bool decode_log(const json_t *data, struct record *ret, GError **error)
{
	static const char *const events[] = { "ACCEPT", "DROP", "ALL", NULL };
	struct record_log *log = &ret->log;
	const char *event = events[2];

	if (!field_optional_choice(data, "event", events, &event, error))
		return false;
	log->accepts = event != events[1];
	log->drops = event != events[0];
	log->resource_type =
		g_intern_string(json_string_value(json_object_get(data, "resource_type")));
	return field_optional_string(data, "name", &log->name, error) &&
	       field_optional_string(data, "project_id", &log->project_id, error) &&
	       decode_optional_uuid(data, "resource_id", &log->resource_id, error) &&
	       decode_optional_uuid(data, "target_id", &log->target_id, error);
}

static bool decode_connection_quota(const json_t *data, struct record *ret, GError **error)
{
	struct record_connection_quota *quota = &ret->connection_quota;

	if (!field_optional_string(data, "project_id", &quota->project_id, error) ||
		!field_uint(data, "limit", 0, INT32_MAX, &quota->limit, error))
		return false;
	return quota->project_id ||
	       weft_fail(error, BAD_REQUEST, "project_id must say whose quota it is");
}

static void clear_connection_quota(struct record *record)
{
	g_free(record->connection_quota.project_id);
}

static void clear_host(struct record *record)
{
	g_free(record->host.name);
}

static void clear_network(struct record *record)
{
	g_free(record->network.name);
	g_free(record->network.dns_domain);
	g_free(record->network.wire.physical_network);
}

static void clear_subnet(struct record *record)
{
	g_clear_pointer(&record->subnet.dns_nameservers, g_array_unref);
	g_clear_pointer(&record->subnet.host_routes, g_array_unref);
}

static void clear_nothing(struct record *record)
{
	(void)record;
}

static void clear_security_group(struct record *record)
{
	g_free(record->security_group.name);
}

static void clear_group_member(struct record *record)
{
	g_clear_pointer(&record->group_member.addresses, g_array_unref);
}

static void clear_address_group(struct record *record)
{
	g_free(record->address_group.name);
	g_free(record->address_group.project_id);
	g_clear_pointer(&record->address_group.addresses, g_array_unref);
}

static void clear_endpoint(struct record *record)
{
	g_clear_pointer(&record->endpoint.ips, g_array_unref);
	g_clear_pointer(&record->endpoint.pairs, g_array_unref);
	g_clear_pointer(&record->endpoint.standby, g_array_unref);
	g_clear_pointer(&record->endpoint.held, g_array_unref);
	g_free(record->endpoint.dns_name);
}

static void clear_port(struct record *record)
{
	struct record_port *port = &record->port;

	g_clear_pointer(&port->fixed_ips, g_array_unref);
	g_clear_pointer(&port->pairs, g_array_unref);
	g_clear_pointer(&port->options, g_array_unref);
	g_clear_pointer(&port->groups, g_array_unref);
	g_clear_pointer(&port->tags, g_ptr_array_unref);
	g_free(port->name);
	g_free(port->dns_name);
	g_free(port->device_id);
	free(port->metadata);
}

static void clear_interface(struct record *record)
{
	g_clear_pointer(&record->interface.fixed_ips, g_array_unref);
	g_clear_pointer(&record->interface.routes, g_array_unref);
}

static void clear_gateway(struct record *record)
{
	g_clear_pointer(&record->gateway.fixed_ips, g_array_unref);
	g_clear_pointer(&record->gateway.subnets, g_array_unref);
	g_clear_pointer(&record->gateway.hosts, g_array_unref);
	g_clear_pointer(&record->gateway.snat_ranges, g_array_unref);
	g_clear_pointer(&record->gateway.nptv6_prefixes, g_array_unref);
	g_free(record->gateway.wire.physical_network);
}

static void clear_floating_ip(struct record *record)
{
	g_free(record->floating_ip.wire.physical_network);
}

static void clear_log(struct record *record)
{
	g_free(record->log.name);
	g_free(record->log.project_id);
}

static const struct {
	bool (*decode)(const json_t *data, struct record *ret, GError **error);
	void (*clear)(struct record *record);
} kinds[] = {
	[RECORD_HOST] = { decode_host, clear_host },
	[RECORD_NETWORK] = { decode_network, clear_network },
	[RECORD_SUBNET] = { decode_subnet, clear_subnet },
	[RECORD_MEMBER] = { decode_member, clear_nothing },
	[RECORD_ENDPOINT] = { decode_endpoint, clear_endpoint },
	[RECORD_INTERFACE] = { decode_interface, clear_interface },
	[RECORD_PORT] = { decode_port, clear_port },
	[RECORD_SECURITY_GROUP] = { decode_security_group, clear_security_group },
	[RECORD_SECURITY_GROUP_RULE] = { decode_security_group_rule, clear_nothing },
	[RECORD_GROUP_MEMBER] = { decode_group_member, clear_group_member },
	[RECORD_ADDRESS_GROUP] = { decode_address_group, clear_address_group },
	[RECORD_SECURITY_TIER] = { decode_security_tier, clear_security_tier },
	[RECORD_SECURITY_POLICY] = { decode_security_policy, clear_security_policy },
	[RECORD_SECURITY_POLICY_RULE] = { decode_security_policy_rule, clear_security_policy_rule },
	[RECORD_GATEWAY] = { decode_gateway, clear_gateway },
	[RECORD_FLOATING_IP] = { decode_floating_ip, clear_floating_ip },
	[RECORD_LOAD_BALANCER] = { decode_load_balancer, clear_load_balancer },
	[RECORD_ROUTER_FIREWALL] = { decode_router_firewall, clear_router_firewall },
	[RECORD_LOG] = { decode_log, clear_log },
	[RECORD_CONNECTION_QUOTA] = { decode_connection_quota, clear_connection_quota },
	[RECORD_APPLIANCE] = { decode_appliance, clear_appliance },
	[RECORD_BGP_SPEAKER] = { decode_bgp_speaker, clear_bgp_speaker },
	[RECORD_PORT_FORWARDING] = { decode_port_forwarding, clear_nothing },
	[RECORD_CONNTRACK_HELPER] = { decode_conntrack_helper, clear_conntrack_helper },
};

static void share_empties(struct record *record)
{
	if (record->kind == RECORD_PORT) {
		share_empty(&record->port.fixed_ips);
		share_empty(&record->port.pairs);
		share_empty(&record->port.options);
		share_empty(&record->port.groups);
	} else if (record->kind == RECORD_SUBNET) {
		share_empty(&record->subnet.dns_nameservers);
		share_empty(&record->subnet.host_routes);
	}
}

bool record_decode(enum record_kind kind, const json_t *data, struct record *ret, GError **error)
{
	struct record record = { .kind = kind };

	if (!kinds[kind].decode(data, &record, error)) {
		record_clear(&record);
		g_prefix_error(error, "%s record: ", kind_names[kind]);
		return false;
	}
	share_empties(&record);
	*ret = record;
	return true;
}

void record_clear(struct record *record)
{
	kinds[record->kind].clear(record);
	*record = (struct record){ .kind = record->kind };
}
