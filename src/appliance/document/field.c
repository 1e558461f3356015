/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/field.h"

#include <string.h>

bool field_check(const json_t *object, const char *const *known, GError **error)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return weft_fail(error, INVALID_INPUT, "must be an object");
	json_object_foreach((json_t *)object, key, value)
		if (!g_strv_contains(known, key)) {
			g_autofree char *all = g_strjoinv(", ", (char **)known);
			g_autofree char *shown = g_strescape(key, NULL);

			return weft_fail(error, INVALID_INPUT,
				"\"%.64s\" is not known here; known are: %s", shown, all);
		}
	return true;
}

bool field_need(const json_t *object, const char *key, GError **error)
{
	return json_object_get(object, key) ||
	       weft_fail(error, INVALID_INPUT, "%s: must be given", key);
}

/* The text of a member in *ret, NULL if it is not there. */
static bool get_text(
	const json_t *object, const char *key, const char *form, const char **ret, GError **error)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_string_value(value);
	return !value || *ret || weft_fail(error, INVALID_INPUT, "%s: must be %s", key, form);
}

static bool refuse(const char *key, const char *text, const char *form, GError **error)
{
	g_autofree char *shown = g_strescape(text, NULL);

	return weft_fail(error, INVALID_INPUT, "%s: \"%.64s\" must be %s", key, shown, form);
}

bool field_number(
	const json_t *object, const char *key, u64 low, u64 high, u64 *ret, GError **error)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (!value)
		return true;
	if (!json_is_integer(value) || number < 0 || (u64)number < low || (u64)number > high)
		return weft_fail(error, INVALID_INPUT,
			"%s: must be a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
			key, (guint64)low, (guint64)high);
	*ret = (u64)number;
	return true;
}

bool field_bool(const json_t *object, const char *key, bool *ret, GError **error)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return true;
	if (!json_is_boolean(value))
		return weft_fail(error, INVALID_INPUT, "%s: must be true or false", key);
	*ret = json_is_true(value);
	return true;
}

/* RFC 1123: letters, digits, '-' within. */
static bool is_label(const char *text, size_t len)
{
	if (!len || len >= LABEL_STRLEN || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* A text of at most @size - 1 bytes that @is_one knows. @secret: an error does not show it. */
static bool copy_text(const json_t *object, const char *key, bool (*is_one)(const char *text),
	const char *form, bool secret, char *ret, size_t size, GError **error)
{
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (strlen(text) < size && is_one(text)) {
		g_strlcpy(ret, text, size);
		return true;
	}
	return secret ? weft_fail(error, INVALID_INPUT, "%s: must be %s", key, form)
		      : refuse(key, text, form, error);
}

static bool is_label_or_none(const char *text)
{
	return !*text || is_label(text, strlen(text));
}

bool field_label(const json_t *object, const char *key, char *ret, size_t size, GError **error)
{
	return copy_text(object, key, is_label_or_none,
		"a DNS label: letters, digits and '-' within, at most 63", false, ret, size, error);
}

bool field_like(const json_t *object, const char *key, bool (*is_one)(const char *text),
	const char *form, char *ret, size_t size, GError **error)
{
	return copy_text(object, key, is_one, form, false, ret, size, error);
}

bool field_secret(const json_t *object, const char *key, bool (*is_one)(const char *text),
	const char *form, char *ret, size_t size, GError **error)
{
	return copy_text(object, key, is_one, form, true, ret, size, error);
}

static bool is_domain(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ".");

		if (!is_label(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

bool field_domain(const json_t *object, const char *key, char *ret, size_t size, GError **error)
{
	const char *form = "a DNS name such as web.example.org, without a dot at the end";
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (*text && (strlen(text) >= size || !is_domain(text)))
		return refuse(key, text, form, error);
	g_strlcpy(ret, text, size);
	return true;
}

bool field_choice(const json_t *object, const char *key, const char *const *choices, unsigned *ret,
	GError **error)
{
	g_autofree char *all = g_strjoinv(", ", (char **)choices);
	g_autofree char *form = g_strconcat("one of ", all, NULL);
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	for (unsigned i = 0; choices[i]; i++)
		if (!strcmp(choices[i], text)) {
			*ret = i;
			return true;
		}
	return refuse(key, text, form, error);
}

static const char *ip_form(u8 family)
{
	return family == 4   ? "an IPv4 address such as 10.0.0.1"
	       : family == 6 ? "an IPv6 address such as 2001:db8::1"
			     : "an IP address";
}

bool field_ip(const json_t *object, const char *key, u8 family, struct ip *ret, GError **error)
{
	const char *text;
	struct ip ip;

	if (!get_text(object, key, ip_form(family), &text, error))
		return false;
	if (!text)
		return true;
	if (!ip_parse(text, &ip) || (family && ip.family != family) || ip_is_multicast(&ip))
		return refuse(key, text, ip_form(family), error);
	*ret = ip;
	return true;
}

bool field_prefix(
	const json_t *object, const char *key, u8 family, struct prefix *ret, GError **error)
{
	const char *form =
		family == 4
			? "an IPv4 prefix such as 10.0.0.0/24, without bits beyond its length"
			: "a prefix such as 10.0.0.0/24 or 2001:db8::/64, without bits beyond its length";
	struct prefix prefix;
	struct ip network;
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (!prefix_parse(text, &prefix) || (family && prefix.ip.family != family))
		return refuse(key, text, form, error);
	network = prefix_network(&prefix);
	if (ip_compare(&network, &prefix.ip))
		return refuse(key, text, form, error);
	*ret = prefix;
	return true;
}

bool field_mac(const json_t *object, const char *key, struct mac *ret, GError **error)
{
	const char *form = "the MAC address of one NIC, such as fa:16:3e:00:00:01";
	const char *text;
	struct mac mac;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (!mac_parse(text, &mac) || mac_is_multicast(&mac) || mac_is_zero(&mac))
		return refuse(key, text, form, error);
	*ret = mac;
	return true;
}

bool field_uuid(const json_t *object, const char *key, char *ret, GError **error)
{
	const char *form = "a UUID such as 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001";
	struct uuid id;
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (!uuid_parse(text, &id))
		return refuse(key, text, form, error);
	uuid_format(&id, ret);
	return true;
}

bool field_text(const json_t *object, const char *key, const char *form, bool (*allowed)(char),
	char *ret, size_t size, GError **error)
{
	const char *text;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	if (strlen(text) >= size)
		return weft_fail(error, INVALID_INPUT, "%s: must be of at most %zu characters", key,
			size - 1);
	for (const char *at = text; *at; at++)
		if (!allowed(*at))
			return refuse(key, text, form, error);
	g_strlcpy(ret, text, size);
	return true;
}

static bool parse_port(const char *text, u16 *ret)
{
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 1, UINT16_MAX, &port, NULL))
		return false;
	*ret = (u16)port;
	return true;
}

bool field_ports(
	const json_t *object, const char *key, u16 *ret_first, u16 *ret_last, GError **error)
{
	const char *form = "a port such as \"80\", or a range such as \"8000:8010\"";
	g_auto(GStrv) ends = NULL;
	const char *text;
	u16 first, last;

	if (!get_text(object, key, form, &text, error))
		return false;
	if (!text)
		return true;
	ends = g_strsplit(text, ":", 2);
	if (!ends[0] || !parse_port(ends[0], &first) || !parse_port(ends[1] ?: ends[0], &last) ||
		first > last)
		return refuse(key, text, form, error);
	*ret_first = first;
	*ret_last = last;
	return true;
}

bool field_list(const json_t *object, const char *key, size_t max, field_reader read, GArray *array,
	GError **error)
{
	const json_t *list = json_object_get(object, key), *value;
	size_t i;

	if (!list)
		return true;
	if (!json_is_array(list) || json_array_size(list) > max)
		return weft_fail(
			error, INVALID_INPUT, "%s: must be a list of at most %zu", key, max);
	json_array_foreach(list, i, value)
		if (!read(value, array, error)) {
			g_prefix_error(error, "%s[%zu].", key, i);
			return false;
		}
	return true;
}

bool field_read_ip(const json_t *value, GArray *array, GError **error)
{
	const char *text = json_string_value(value);
	struct ip ip;

	if (!text || !ip_parse(text, &ip) || ip_is_multicast(&ip))
		return refuse("address", text ?: "", ip_form(0), error);
	g_array_append_val(array, ip);
	return true;
}

bool field_read_network(const json_t *value, GArray *array, GError **error)
{
	const char *text = json_string_value(value);
	struct prefix prefix;
	struct ip network;

	if (!text || !prefix_parse(text, &prefix) || ip_is_multicast(&prefix.ip))
		return refuse("cidr", text ?: "", "a prefix such as 10.0.0.0/24", error);
	network = prefix_network(&prefix);
	if (ip_compare(&network, &prefix.ip))
		return refuse("cidr", text, "a prefix without bits beyond its length", error);
	g_array_append_val(array, prefix);
	return true;
}

bool field_read_prefix(const json_t *value, GArray *array, GError **error)
{
	const char *text = json_string_value(value);
	struct prefix prefix;

	if (!text || !prefix_parse(text, &prefix) || ip_is_multicast(&prefix.ip))
		return refuse("address", text ?: "",
			"an address with the length of its prefix, such as 10.0.0.1/24", error);
	g_array_append_val(array, prefix);
	return true;
}

bool field_object(const json_t *object, const char *key,
	bool (*read)(const json_t *, void *, GError **), void *data, bool *ret_there,
	GError **error)
{
	const json_t *value = json_object_get(object, key);

	*ret_there = value != NULL;
	if (!value || read(value, data, error))
		return true;
	g_prefix_error(error, "%s.", key);
	return false;
}
