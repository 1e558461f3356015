/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds and what is computed from their tables. A new kind is one line here. */
#include <string.h>

#include "model/firewall/address_group.h"
#include "model/network/address_scope.h"
#include "model/provider/appliance.h"
#include "model/network/auto_allocated_topology.h"
#include "model/bgp/bgp_peer.h"
#include "model/bgp/bgp_speaker.h"
#include "model/firewall/default_security_group_rule.h"
#include "model/router/conntrack_helper.h"
#include "model/port/dhcp_binding.h"
#include "model/firewall/firewall_group.h"
#include "model/firewall/firewall_policy.h"
#include "model/firewall/firewall_rule.h"
#include "model/router/floating_ip.h"
#include "model/router/floatingip_pool.h"
#include "model/provider/flavor.h"
#include "model/host/agent.h"
#include "model/host/availability_zone.h"
#include "model/access/caller.h"
#include "model/host/host.h"
#include "model/identity/catalog.h"
#include "model/identity/identity.h"
#include "model/vpn/ike_policy.h"
#include "model/router/metering_label.h"
#include "model/router/metering_label_rule.h"
#include "model/network/ip_availability.h"
#include "model/balancer/lb_certificate.h"
#include "model/vpn/ipsec_policy.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_l7policy.h"
#include "model/balancer/lb_l7rule.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/load_balancer.h"
#include "model/port/local_ip.h"
#include "model/router/ndp_proxy.h"
#include "model/host/notification.h"
#include "model/network/network.h"
#include "model/firewall/network_log.h"
#include "model/network/network_segment_range.h"
#include "model/object_impl.h"
#include "model/port/port.h"
#include "model/port/port_binding.h"
#include "model/router/port_forwarding.h"
#include "model/qos/qos_policy.h"
#include "model/qos/qos_rule.h"
#include "model/access/quota.h"
#include "model/access/rbac.h"
#include "model/router/router.h"
#include "model/firewall/security_group.h"
#include "model/firewall/security_group_rule.h"
#include "model/firewall/security_policy.h"
#include "model/firewall/security_policy_rule.h"
#include "model/firewall/security_tier.h"
#include "model/network/segment.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_provider.h"
#include "model/port/trunk.h"
#include "model/vpn/vpn_endpoint_group.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"
#include "model/vpn/wireguard_peer.h"
#include "model/vpn/gre_tunnel.h"

static const struct kind *const kinds[N_KINDS] = {
	[KIND_HOST] = &host_kind,
	[KIND_AGENT] = &agent_kind,
	[KIND_AVAILABILITY_ZONE] = &availability_zone_kind,
	[KIND_SERVICE_PROVIDER] = &service_provider_kind,
	[KIND_ADDRESS_SCOPE] = &address_scope_kind,
	[KIND_SUBNETPOOL] = &subnetpool_kind,
	[KIND_ADDRESS_GROUP] = &address_group_kind,
	[KIND_SECURITY_GROUP] = &security_group_kind,
	[KIND_SECURITY_GROUP_RULE] = &security_group_rule_kind,
	[KIND_DEFAULT_SECURITY_GROUP_RULE] = &default_security_group_rule_kind,
	[KIND_SECURITY_TIER] = &security_tier_kind,
	[KIND_SECURITY_POLICY] = &security_policy_kind,
	[KIND_SECURITY_POLICY_RULE] = &security_policy_rule_kind,
	[KIND_QOS_POLICY] = &qos_policy_kind,
	[KIND_QOS_BANDWIDTH_LIMIT_RULE] = &qos_bandwidth_limit_rule_kind,
	[KIND_QOS_DSCP_MARKING_RULE] = &qos_dscp_marking_rule_kind,
	[KIND_QOS_MINIMUM_BANDWIDTH_RULE] = &qos_minimum_bandwidth_rule_kind,
	[KIND_QOS_PACKET_RATE_LIMIT_RULE] = &qos_packet_rate_limit_rule_kind,
	[KIND_QOS_MINIMUM_PACKET_RATE_RULE] = &qos_minimum_packet_rate_rule_kind,
	[KIND_NETWORK_SEGMENT_RANGE] = &network_segment_range_kind,
	[KIND_NETWORK] = &network_kind,
	[KIND_SEGMENT] = &segment_kind,
	[KIND_SUBNET] = &subnet_kind,
	[KIND_DHCP_BINDING] = &dhcp_binding_kind,
	[KIND_PORT] = &port_kind,
	[KIND_PORT_BINDING] = &port_binding_kind,
	[KIND_TRUNK] = &trunk_kind,
	[KIND_SUBPORT] = &subport_kind,
	[KIND_RBAC_POLICY] = &rbac_policy_kind,
	[KIND_QUOTA] = &quota_kind,
	[KIND_SERVICE_PROFILE] = &service_profile_kind,
	[KIND_FLAVOR] = &flavor_kind,
	[KIND_ROUTER] = &router_kind,
	[KIND_AUTO_ALLOCATED_TOPOLOGY] = &auto_allocated_topology_kind,
	[KIND_FLOATING_IP] = &floating_ip_kind,
	[KIND_PORT_FORWARDING] = &port_forwarding_kind,
	[KIND_SERVICE_ATTACHMENT] = &service_attachment_kind,
	[KIND_APPLIANCE] = &appliance_kind,
	[KIND_CONNTRACK_HELPER] = &conntrack_helper_kind,
	[KIND_METERING_LABEL] = &metering_label_kind,
	[KIND_METERING_LABEL_RULE] = &metering_label_rule_kind,
	[KIND_NETWORK_LOG] = &network_log_kind,
	[KIND_LOGGABLE_RESOURCE] = &loggable_resource_kind,
	[KIND_FLOATINGIP_POOL] = &floatingip_pool_kind,
	[KIND_BGP_PEER] = &bgp_peer_kind,
	[KIND_BGP_SPEAKER] = &bgp_speaker_kind,
	[KIND_LOCAL_IP] = &local_ip_kind,
	[KIND_LOCAL_IP_ASSOCIATION] = &local_ip_association_kind,
	[KIND_IP_AVAILABILITY] = &ip_availability_kind,
	[KIND_NDP_PROXY] = &ndp_proxy_kind,
	[KIND_LOAD_BALANCER] = &load_balancer_kind,
	[KIND_LB_CERTIFICATE] = &lb_certificate_kind,
	[KIND_LB_POOL] = &lb_pool_kind,
	[KIND_LB_LISTENER] = &lb_listener_kind,
	[KIND_LB_L7POLICY] = &lb_l7policy_kind,
	[KIND_LB_L7RULE] = &lb_l7rule_kind,
	[KIND_LB_MEMBER] = &lb_member_kind,
	[KIND_LB_HEALTH_MONITOR] = &lb_health_monitor_kind,
	[KIND_FIREWALL_RULE] = &firewall_rule_kind,
	[KIND_FIREWALL_POLICY] = &firewall_policy_kind,
	[KIND_FIREWALL_GROUP] = &firewall_group_kind,
	[KIND_IKE_POLICY] = &ike_policy_kind,
	[KIND_IPSEC_POLICY] = &ipsec_policy_kind,
	[KIND_VPN_ENDPOINT_GROUP] = &vpn_endpoint_group_kind,
	[KIND_VPNSERVICE] = &vpnservice_kind,
	[KIND_IPSEC_SITE_CONNECTION] = &ipsec_site_connection_kind,
	[KIND_GRE_TUNNEL] = &gre_tunnel_kind,
	[KIND_WIREGUARD_INTERFACE] = &wireguard_interface_kind,
	[KIND_WIREGUARD_PEER] = &wireguard_peer_kind,
	[KIND_DOMAIN] = &domain_kind,
	[KIND_PROJECT] = &project_kind,
	[KIND_USER] = &user_kind,
	[KIND_GROUP] = &group_kind,
	[KIND_GROUP_MEMBER] = &group_member_kind,
	[KIND_ROLE] = &role_kind,
	[KIND_IMPLIED_ROLE] = &implied_role_kind,
	[KIND_ASSIGNMENT] = &assignment_kind,
	[KIND_TRUST] = &trust_kind,
	[KIND_ACCESS_RULE] = &access_rule_kind,
	[KIND_APP_CREDENTIAL] = &app_credential_kind,
	[KIND_CREDENTIAL] = &credential_kind,
	[KIND_REGION] = &region_kind,
	[KIND_SERVICE] = &service_kind,
	[KIND_ENDPOINT] = &endpoint_kind,
	[KIND_REGISTERED_LIMIT] = &registered_limit_kind,
	[KIND_LIMIT] = &limit_kind,
	[KIND_TOKEN_KEY] = &token_key_kind,
	[KIND_TOKEN_REVOCATION] = &token_revocation_kind,
	[KIND_NOTIFICATION] = &notification_kind,
};

const struct kind *kind_by_id(enum kind_id id)
{
	return id < N_KINDS ? kinds[id] : NULL;
}

const char *kind_name(const struct kind *kind)
{
	return kind->name ?: kind->singular;
}

const char *kind_words(const struct kind *kind)
{
	static const char *words[N_KINDS];

	if (!words[kind->id])
		words[kind->id] = g_strdelimit(g_strdup(kind_name(kind)), "_", ' ');
	return words[kind->id];
}

const struct kind *kind_by_name(const char *name)
{
	for (int i = KIND_NONE + 1; i < N_KINDS; i++)
		if (!strcmp(kind_name(kinds[i]), name))
			return kinds[i];
	return NULL;
}

bool kind_is_nested(const struct kind *kind)
{
	return strstr(kind->path, "{parent}");
}

const struct kind_action *kind_action(const struct kind *kind, const char *name)
{
	for (const struct kind_action *action = kind->actions; action && action->name; action++)
		if (!strcmp(action->name, name))
			return action;
	return NULL;
}

static union value fallback_value(const struct attr *attr)
{
	union value value = value_null(attr);

	if (!attr->fallback)
		return value;

	json_t *json = json_loads(attr->fallback, JSON_DECODE_ANY, NULL);

	if (!json || !value_load(attr, json, &value))
		g_error("the default of %s, %s, is not of its type", attr->name, attr->fallback);
	json_decref(json);
	return value;
}

static void add_slot(struct kind_tables *tables, const struct attr *attr, unsigned slot)
{
	u64 bit = SLOT_BIT(slot);

	tables->slots |= bit;
	if (type_is_text(attr->type) && slot != SLOT_ID)
		tables->texts |= bit;
	if (!(attr->flags & (ATTR_COMPUTED | ATTR_REQUEST)) && slot != SLOT_ID)
		tables->stored |= bit;
	if (!(attr->flags & (ATTR_SECRET | ATTR_REQUEST)))
		tables->shown |= bit;
	if (attr->flags & ATTR_REVISES)
		tables->revises |= bit;
	tables->fallback[slot] = fallback_value(attr);
	tables->keys[slot] = g_strdup_printf("\"%s\":", attr->name);
	tables->key_len[slot] = strlen(tables->keys[slot]);
	g_hash_table_insert(tables->slot_by_name, (char *)attr->name, GUINT_TO_POINTER(slot + 1));
	if (!attr->alias)
		return;
	tables->aliases[slot] = g_strdup_printf("\"%s\":", attr->alias);
	g_hash_table_insert(tables->slot_by_name, (char *)attr->alias, GUINT_TO_POINTER(slot + 1));
}

static int find_project_index(const struct kind *kind)
{
	for (unsigned i = 0; i < kind->n_indexes; i++)
		if (kind->indexes[i].slots[0] == SLOT_PROJECT_ID && !kind->indexes[i].slots[1])
			return (int)i;
	return -1;
}

const struct kind_tables *kind_tables(const struct kind *kind)
{
	static struct kind_tables *known[N_KINDS];

	if (known[kind->id])
		return known[kind->id];

	struct kind_tables *tables = g_new0(struct kind_tables, 1);

	g_assert(kind->n_slots <= MAX_SLOTS);
	tables->slot_by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (kind->attrs[slot].name)
			add_slot(tables, &kind->attrs[slot], slot);
	tables->project_index = find_project_index(kind);
	g_assert(!kind->quota.name || tables->project_index >= 0);
	known[kind->id] = tables;
	return tables;
}

int kind_slot(const struct kind *kind, const char *name)
{
	gpointer found = g_hash_table_lookup(kind_tables(kind)->slot_by_name, name);

	return (int)GPOINTER_TO_UINT(found) - 1;
}

bool kind_fail_not_found(enum kind_id id, const char *text, GError **error)
{
	const struct kind *kind = kinds[id];
	const char *words = kind_words(kind);

	g_set_error(error, WEFT_ERROR, kind->not_found, "%c%s %.64s could not be found.",
		g_ascii_toupper(words[0]), words + 1, text ? text : "null");
	return false;
}
