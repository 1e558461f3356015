/* SPDX-License-Identifier: Apache-2.0 */
/* Routers' gateways and floating IPs. */
#include "sync/fields.h"

static bool element_prefix_pair(const json_t *element, void *ret, GError **error)
{
	struct record_prefix_pair *pair = ret;

	if (!field_prefix(element, "internal_prefix", &pair->internal, error) ||
		!field_prefix(element, "external_prefix", &pair->external, error))
		return false;
	return (pair->internal.ip.family == 6 && pair->external.ip.family == 6 &&
		       pair->internal.len == pair->external.len && pair->internal.len <= 64) ||
	       weft_fail(error, BAD_REQUEST,
		       "internal_prefix and external_prefix must be of IPv6 and of one length up to 64");
}

bool decode_gateway(const json_t *data, struct record *ret, GError **error)
{
	struct record_gateway *gateway = &ret->gateway;

	gateway->fixed_ips = g_array_new(FALSE, TRUE, sizeof(struct record_fixed_ip));
	gateway->subnets = g_array_new(FALSE, TRUE, sizeof(struct record_outer_subnet));
	gateway->hosts = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	gateway->snat_ranges = g_array_new(FALSE, TRUE, sizeof(struct record_snat_range));
	gateway->nptv6_prefixes = g_array_new(FALSE, TRUE, sizeof(struct record_prefix_pair));
	gateway->enable_snat = gateway->admin_state_up = true;
	gateway->project_id =
		g_intern_string(json_string_value(json_object_get(data, "project_id")));
	return field_uuid(data, "router_id", &gateway->router_id, error) &&
	       field_uuid(data, "network_id", &gateway->network_id, error) &&
	       field_wire(data, &gateway->wire, error) &&
	       field_uint(data, "mtu", 68, 65535, &gateway->mtu_bytes, error) &&
	       field_mac(data, "mac_address", &gateway->mac, error) &&
	       field_array(data, "fixed_ips", element_fixed_ip, gateway->fixed_ips, error) &&
	       field_array(data, "subnets", element_outer_subnet, gateway->subnets, error) &&
	       field_array(data, "hosts", element_uuid, gateway->hosts, error) &&
	       field_array(data, "snat_ranges", element_snat_range, gateway->snat_ranges, error) &&
	       field_array(data, "nptv6_prefixes", element_prefix_pair, gateway->nptv6_prefixes,
		       error) &&
	       field_optional_bool(data, "enable_snat", &gateway->enable_snat, error) &&
	       field_optional_bool(data, "admin_state_up", &gateway->admin_state_up, error) &&
	       field_optional_qos(data, &gateway->qos, error);
}

bool decode_floating_ip(const json_t *data, struct record *ret, GError **error)
{
	struct record_floating_ip *floating_ip = &ret->floating_ip;

	return field_uuid(data, "router_id", &floating_ip->router_id, error) &&
	       field_uuid(data, "network_id", &floating_ip->network_id, error) &&
	       field_uuid(data, "port_id", &floating_ip->port_id, error) &&
	       field_wire(data, &floating_ip->wire, error) &&
	       field_ip(data, "floating_ip_address", &floating_ip->floating, error) &&
	       field_ip(data, "fixed_ip_address", &floating_ip->fixed, error) &&
	       (floating_ip->floating.family == floating_ip->fixed.family ||
		       weft_fail(error, BAD_REQUEST,
			       "fixed_ip_address must be of the family of floating_ip_address")) &&
	       field_mac(data, "mac_address", &floating_ip->mac, error) &&
	       field_optional_bool(data, "by_gateway", &floating_ip->by_gateway, error) &&
	       field_optional_qos(data, &floating_ip->qos, error);
}
