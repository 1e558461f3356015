/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_vips.h"

#include <string.h>

#include "model/balancer/load_balancer.h"
#include "model/port/port.h"

json_t *lb_vips_asked(const struct object *draft)
{
	json_auto_t *asked = object_json(draft, LOAD_BALANCER_ADDITIONAL_VIPS);
	json_t *all = json_array(), *vip, *fixed;
	size_t i;

	json_array_foreach(asked, i, vip) {
		json_t *address = json_object_get(vip, "ip_address");

		fixed = json_object();
		json_object_set(fixed, "subnet_id", json_object_get(vip, "subnet_id"));
		if (json_is_string(address))
			json_object_set(fixed, "ip_address", address);
		json_array_append_new(all, fixed);
	}
	return all;
}

static const char *text_of(const json_t *vip, const char *member)
{
	return json_string_value(json_object_get(vip, member));
}

/* Is the address given to one of the additional VIPs? */
static bool is_taken(const json_t *vips, const char *address)
{
	json_t *vip;
	size_t i;

	json_array_foreach((json_t *)vips, i, vip)
		if (!g_strcmp0(text_of(vip, "ip_address"), address))
			return true;
	return false;
}

static bool choose_first(
	struct object *draft, const struct object *port, const json_t *others, GError **error)
{
	const char *asked = object_str(draft, LOAD_BALANCER_VIP_ADDRESS);
	const char *subnet = object_str(draft, LOAD_BALANCER_VIP_SUBNET_ID);
	struct port_ips ips = port_ips_of(port);
	char id[UUID_STRLEN];

	while (port_ips_next(&ips)) {
		if ((asked && strcmp(asked, ips.ip_text)) ||
			(subnet && strcmp(subnet, ips.subnet_id)) || is_taken(others, ips.ip_text))
			continue;
		object_set_str(draft, LOAD_BALANCER_VIP_ADDRESS, ips.ip_text);
		object_set_str(draft, LOAD_BALANCER_VIP_SUBNET_ID, ips.subnet_id);
		object_set_str(
			draft, LOAD_BALANCER_VIP_NETWORK_ID, object_str(port, PORT_NETWORK_ID));
		return true;
	}
	return weft_fail(error, BAD_REQUEST,
		"VIP port %s has no address %s%s%s: its fixed_ips are %s.",
		uuid_format(object_id(port), id), asked ? asked : "", subnet ? " on subnet " : "",
		subnet ? subnet : "", object_str(port, PORT_FIXED_IPS));
}

/* Fills in an additional VIP. */
static bool choose_other(const struct object *draft, const struct object *port, const json_t *vips,
	json_t *vip, GError **error)
{
	const char *asked = text_of(vip, "ip_address"), *subnet = text_of(vip, "subnet_id");
	struct port_ips ips = port_ips_of(port);
	char id[UUID_STRLEN];

	while (port_ips_next(&ips)) {
		if (strcmp(subnet, ips.subnet_id) || (asked && strcmp(asked, ips.ip_text)) ||
			!strcmp(ips.ip_text, object_str(draft, LOAD_BALANCER_VIP_ADDRESS)) ||
			(!asked && is_taken(vips, ips.ip_text)))
			continue;
		json_object_set_new(vip, "ip_address", json_string(ips.ip_text));
		json_object_set_new(
			vip, "network_id", json_string(object_str(port, PORT_NETWORK_ID)));
		json_object_set_new(vip, "port_id", json_string(uuid_format(object_id(port), id)));
		return true;
	}
	return weft_fail(error, BAD_REQUEST,
		"VIP port %s has no other address %s on subnet %s for an additional VIP: its fixed_ips are %s.",
		uuid_format(object_id(port), id), asked ? asked : "", subnet,
		object_str(port, PORT_FIXED_IPS));
}

bool lb_vips_choose(struct object *draft, const struct object *port, GError **error)
{
	json_auto_t *vips = object_json(draft, LOAD_BALANCER_ADDITIONAL_VIPS);
	g_autofree char *text = NULL;
	json_t *vip;
	size_t i;

	if (!choose_first(draft, port, vips, error))
		return false;
	json_array_foreach(vips, i, vip)
		if (!choose_other(draft, port, vips, vip, error))
			return false;
	text = json_dumps(vips, JSON_COMPACT);
	object_set_str(draft, LOAD_BALANCER_ADDITIONAL_VIPS, text);
	return true;
}

bool lb_vips_next(struct lb_vips *vips)
{
	json_auto_t *more = NULL;
	const char *address;

	if (!vips->n++) {
		vips->ip = object_ip(vips->balancer, LOAD_BALANCER_VIP_ADDRESS);
		return true;
	}
	more = object_json(vips->balancer, LOAD_BALANCER_ADDITIONAL_VIPS);
	address = text_of(json_array_get(more, vips->n - 2), "ip_address");
	return address && ip_parse(address, &vips->ip);
}

bool lb_vips_have(const struct object *balancer, unsigned family)
{
	struct lb_vips vips = { .balancer = balancer };

	while (lb_vips_next(&vips))
		if (vips.ip.family == family)
			return true;
	return false;
}
