/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/fields.h"

#include <string.h>

#define ARRAY_MAX 16384 /* elements of one array; more is no record that a controller makes */

static const char *text_of(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_string(value) ? json_string_value(value) : NULL;
}

static bool absent(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return !value || json_is_null(value);
}

bool field_uuid(const json_t *object, const char *member, struct uuid *ret, GError **error)
{
	const char *text = text_of(object, member);

	return (text && uuid_parse(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "%s must be a UUID", member);
}

bool field_optional_uuid(const json_t *object, const char *member, struct uuid *ret, GError **error)
{
	return absent(object, member) || field_uuid(object, member, ret, error);
}

bool field_mac(const json_t *object, const char *member, struct mac *ret, GError **error)
{
	const char *text = text_of(object, member);

	return (text && mac_parse(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "%s must be a MAC address", member);
}

bool field_uint(
	const json_t *object, const char *member, u32 min, u32 max, u32 *ret, GError **error)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_integer(value) || json_integer_value(value) < min ||
		json_integer_value(value) > max)
		return weft_fail(error, BAD_REQUEST, "%s must be an integer from %u to %u", member,
			min, max);
	*ret = (u32)json_integer_value(value);
	return true;
}

bool field_prefix(const json_t *object, const char *member, struct prefix *ret, GError **error)
{
	const char *text = text_of(object, member);

	return (text && prefix_parse(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "%s must be a prefix, such as 10.0.0.0/24", member);
}

bool field_ip(const json_t *object, const char *member, struct ip *ret, GError **error)
{
	const char *text = text_of(object, member);

	return (text && ip_parse(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "%s must be an IP address", member);
}

bool field_optional_uint(
	const json_t *object, const char *member, u32 min, u32 max, s32 *ret, GError **error)
{
	u32 value;

	if (absent(object, member))
		return true;
	if (!field_uint(object, member, min, max, &value, error))
		return false;
	*ret = (s32)value;
	return true;
}

bool field_optional_ip(const json_t *object, const char *member, struct ip *ret, GError **error)
{
	return absent(object, member) || field_ip(object, member, ret, error);
}

bool field_optional_bool(const json_t *object, const char *member, bool *ret, GError **error)
{
	const json_t *value = json_object_get(object, member);

	if (absent(object, member))
		return true;
	if (!json_is_boolean(value))
		return weft_fail(error, BAD_REQUEST, "%s must be true or false", member);
	*ret = json_is_true(value);
	return true;
}

bool field_optional_string(const json_t *object, const char *member, char **ret, GError **error)
{
	if (absent(object, member))
		return true;
	const char *text = text_of(object, member);
	if (!text)
		return weft_fail(error, BAD_REQUEST, "%s must be a string", member);
	if (*text)
		*ret = g_strdup(text);
	return true;
}

bool field_optional_choice(const json_t *object, const char *member, const char *const *allowed,
	const char **ret, GError **error)
{
	const char *text = text_of(object, member);

	if (absent(object, member))
		return true;
	for (; text && *allowed; allowed++)
		if (strcmp(text, *allowed) == 0) {
			*ret = *allowed;
			return true;
		}
	return weft_fail(error, BAD_REQUEST, "%s has a value that is not known", member);
}

bool field_array(const json_t *object, const char *member, field_element_fn decode, GArray *ret,
	GError **error)
{
	const json_t *array = json_object_get(object, member), *element;
	size_t i;

	if (absent(object, member))
		return true;
	if (!json_is_array(array) || json_array_size(array) > ARRAY_MAX)
		return weft_fail(error, BAD_REQUEST, "%s must be an array of at most %d elements",
			member, ARRAY_MAX);
	json_array_foreach(array, i, element) {
		g_array_set_size(ret, ret->len + 1);
		if (!decode(element, ret->data + (ret->len - 1) * g_array_get_element_size(ret),
			    error)) {
			g_prefix_error(error, "%s[%zu]: ", member, i);
			return false;
		}
	}
	return true;
}

bool element_uuid(const json_t *element, void *ret, GError **error)
{
	const char *text = json_string_value(element);

	return (text && uuid_parse(text, ret)) || weft_fail(error, BAD_REQUEST, "must be a UUID");
}

static bool parse_prefix(const char *text, struct prefix *ret)
{
	struct prefix prefix = { 0 };

	if (prefix_parse(text, ret))
		return true;
	if (!ip_parse(text, &prefix.ip))
		return false;
	prefix.len = (u8)ip_bits(&prefix.ip);
	*ret = prefix;
	return true;
}

bool element_prefix(const json_t *element, void *ret, GError **error)
{
	const char *text = json_string_value(element);

	return (text && parse_prefix(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "must be an address or a prefix");
}

bool element_outer_subnet(const json_t *element, void *ret, GError **error)
{
	struct record_outer_subnet *subnet = ret;

	return field_prefix(element, "cidr", &subnet->cidr, error) &&
	       field_optional_ip(element, "gateway_ip", &subnet->gateway, error) &&
	       field_optional_uuid(element, "address_scope_id", &subnet->address_scope_id, error);
}

bool element_snat_range(const json_t *element, void *ret, GError **error)
{
	struct record_snat_range *range = ret;

	if (!field_uuid(element, "host_id", &range->host_id, error) ||
		!field_uint(element, "port_range_min", 1024, 65535, &range->port_min, error) ||
		!field_uint(
			element, "port_range_max", range->port_min, 65535, &range->port_max, error))
		return false;
	return (range->port_min % 1024 == 0 && range->port_max % 1024 == 1023) ||
	       weft_fail(error, BAD_REQUEST,
		       "port_range_min and port_range_max must be whole blocks of 1024 ports");
}

bool element_ip(const json_t *element, void *ret, GError **error)
{
	const char *text = json_string_value(element);

	return (text && ip_parse(text, ret)) ||
	       weft_fail(error, BAD_REQUEST, "must be an IP address");
}

bool element_fixed_ip(const json_t *element, void *ret, GError **error)
{
	struct record_fixed_ip *fixed = ret;

	return field_ip(element, "ip_address", &fixed->ip, error) &&
	       field_uuid(element, "subnet_id", &fixed->subnet_id, error);
}

bool element_pair(const json_t *element, void *ret, GError **error)
{
	struct record_pair *pair = ret;
	const char *text = text_of(element, "ip_address");

	if (!text)
		return weft_fail(error, BAD_REQUEST, "ip_address must be a string");
	if (!parse_prefix(text, &pair->prefix))
		return weft_fail(error, BAD_REQUEST, "ip_address must be an address or a prefix");
	return field_mac(element, "mac_address", &pair->mac, error);
}

bool element_route(const json_t *element, void *ret, GError **error)
{
	struct record_route *route = ret;

	return field_prefix(element, "destination", &route->destination, error) &&
	       field_ip(element, "nexthop", &route->nexthop, error);
}

bool element_option(const json_t *element, void *ret, GError **error)
{
	struct record_option *option = ret;
	u32 version = 4;

	if (!field_optional_string(element, "opt_name", &option->name, error) ||
		!field_optional_string(element, "opt_value", &option->value, error))
		return false;
	if (!absent(element, "ip_version") &&
		json_is_string(json_object_get(element, "ip_version")))
		version = strcmp(text_of(element, "ip_version"), "6") == 0 ? 6 : 4;
	else if (!absent(element, "ip_version") &&
		 !field_uint(element, "ip_version", 4, 6, &version, error))
		return false;
	option->ip_version = (u8)version;
	return option->name || weft_fail(error, BAD_REQUEST, "opt_name must not be empty");
}

static bool element_encap(const json_t *element, void *ret, GError **error)
{
	static const char *const names[] = { [RECORD_VXLAN] = "vxlan", [RECORD_GENEVE] = "geneve" };
	const char *text = json_string_value(element);
	u8 *encap = ret;

	if (!text)
		return weft_fail(error, BAD_REQUEST, "must be a string");
	*encap = UINT8_MAX;
	for (u8 i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(text, names[i]) == 0)
			*encap = i;
	return true;
}

static void add_encap(struct record_tunnel *tunnel, u8 encap)
{
	for (u8 i = 0; i < tunnel->n_encaps; i++)
		if (tunnel->encaps[i] == encap)
			return;
	if (encap != UINT8_MAX)
		tunnel->encaps[tunnel->n_encaps++] = encap;
}

bool field_tunnel(const json_t *object, struct record_tunnel *ret, GError **error)
{
	g_autoptr(GArray) ips = g_array_new(FALSE, TRUE, sizeof(struct ip));
	g_autoptr(GArray) encaps = g_array_new(FALSE, TRUE, sizeof(u8));
	struct record_tunnel tunnel = { 0 };

	if (!field_array(object, "tunnel_ips", element_ip, ips, error) ||
		!field_array(object, "encapsulations", element_encap, encaps, error))
		return false;
	for (guint i = 0; i < ips->len; i++) {
		const struct ip *ip = &g_array_index(ips, struct ip, i);
		struct ip *slot = ip->family == 4 ? &tunnel.ip4 : &tunnel.ip6;

		if (!slot->family)
			*slot = *ip;
	}
	for (guint i = 0; i < encaps->len; i++)
		add_encap(&tunnel, g_array_index(encaps, u8, i));
	*ret = tunnel;
	return true;
}

bool field_wire(const json_t *object, struct record_wire *ret, GError **error)
{
	static const char *const types[] = { "flat", "vlan", NULL };
	const char *type = NULL;
	u32 vlan = 0;

	if (!field_optional_choice(object, "network_type", types, &type, error))
		return false;
	if (!type)
		return weft_fail(error, BAD_REQUEST, "network_type must be flat or vlan");
	if (type == types[1] && !field_uint(object, "segmentation_id", 1, 4094, &vlan, error))
		return false;
	if (!field_optional_string(object, "physical_network", &ret->physical_network, error))
		return false;
	ret->vlan = (u16)vlan;
	return ret->physical_network ||
	       weft_fail(error, BAD_REQUEST, "physical_network must be its name");
}

bool field_optional_wire(const json_t *object, struct record_wire *ret, GError **error)
{
	return absent(object, "network_type") || field_wire(object, ret, error);
}

bool field_optional_strings(
	const json_t *object, const char *member, GPtrArray **ret, GError **error)
{
	const json_t *list = json_object_get(object, member), *item;
	size_t i;

	if (!list || json_is_null(list) || (json_is_array(list) && !json_array_size(list)))
		return true;
	if (!json_is_array(list))
		return weft_fail(error, BAD_REQUEST, "%s must be a list of strings", member);
	*ret = g_ptr_array_new_with_free_func(g_free);
	json_array_foreach(list, i, item) {
		if (!json_is_string(item))
			return weft_fail(error, BAD_REQUEST, "%s[%zu] must be a string", member, i);
		g_ptr_array_add(*ret, g_strdup(json_string_value(item)));
	}
	return true;
}
