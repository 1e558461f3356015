/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request's JSON to a value. A message says what was asked (the attribute's path and the
 * value), what is wrong, and what would be right.
 */
#include "model/value.h"

#include <string.h>

#include "base/addr.h"
#include "base/uuid.h"

#define SHOWN_MAX 64 /* bytes of a bad value that a message repeats */

/* The value as a message shows it: compact JSON, cut. */
static char *shown(json_t *json)
{
	g_autofree char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text || strlen(text) <= SHOWN_MAX)
		return g_strdup(text ? text : "?");

	const char *cut = g_utf8_find_prev_char(text, text + SHOWN_MAX);
	g_autofree char *begin = g_strndup(text, (size_t)(cut - text));

	return g_strconcat(begin, "…", NULL);
}

static bool fail_as(
	enum weft_error code, GError **error, const char *path, json_t *json, const char *right)
{
	g_autofree char *text = shown(json);

	return weft_fail_code(
		error, code, "Invalid input for %s: %s is not %s.", path, text, right);
}

static bool fail(GError **error, const char *path, json_t *json, const char *right)
{
	return fail_as(WEFT_ERROR_INVALID_INPUT, error, path, json, right);
}

/* The same of a value that the attribute's limits or choices refuse. */
static bool fail_limits(
	const struct attr *attr, GError **error, const char *path, json_t *json, const char *right)
{
	return fail_as(attr->wrong ?: WEFT_ERROR_INVALID_INPUT, error, path, json, right);
}

bool value_bool_word(const char *text, bool *ret)
{
	static const char *const words[] = { "true", "1", "t", "on", "y", "yes", "false", "0", "f",
		"off", "n", "no" };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (!g_ascii_strcasecmp(words[i], text)) {
			*ret = i < G_N_ELEMENTS(words) / 2;
			return true;
		}
	return false;
}

static bool parse_bool(json_t *json, const char *path, union value *ret, GError **error)
{
	const char *text = json_string_value(json);
	bool flag;

	if (json_is_boolean(json))
		ret->number = json_is_true(json);
	else if (json_is_integer(json) && (u64)json_integer_value(json) <= 1)
		ret->number = json_integer_value(json);
	else if (text && value_bool_word(text, &flag))
		ret->number = flag;
	else
		return fail(error, path, json, "true or false");
	return true;
}

static bool parse_int(
	const struct attr *attr, json_t *json, const char *path, union value *ret, GError **error)
{
	const char *text = json_string_value(json);
	gint64 number = 0;
	bool ok = json_is_integer(json);

	if (ok)
		number = json_integer_value(json);
	else if (text)
		ok = g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, &number, NULL);
	if (!ok || number < attr->min || number > attr->max) {
		g_autofree char *right = g_strdup_printf("a whole number from %" G_GINT64_FORMAT
							 " to %" G_GINT64_FORMAT,
			attr->min, attr->max);

		return fail_limits(attr, error, path, json, right);
	}
	ret->number = number;
	return true;
}

static bool parse_enum(
	const struct attr *attr, json_t *json, const char *path, union value *ret, GError **error)
{
	const char *text = json_string_value(json);
	char number[40];

	if (!text && attr->flags & ATTR_DECIMALS)
		text = value_decimal(json, number);
	for (int i = 0; text && attr->choices[i]; i++)
		if (!strcmp(attr->choices[i], text) ||
			(attr->flags & ATTR_ANY_CASE &&
				!g_ascii_strcasecmp(attr->choices[i], text))) {
			ret->number = i;
			return true;
		}

	g_autofree char *list = g_strjoinv("\", \"", (char **)attr->choices);
	g_autofree char *right = g_strdup_printf("one of \"%s\"", list);

	return fail_limits(attr, error, path, json, right);
}

static bool parse_mac(json_t *json, const char *path, union value *ret, GError **error)
{
	const char *text = json_string_value(json);
	struct mac mac;

	if (!text || !mac_parse(text, &mac) || mac_is_multicast(&mac) || mac_is_zero(&mac))
		return fail(error, path, json, "a unicast MAC address like \"fa:16:3e:00:00:01\"");
	ret->number = 0;
	for (int i = 0; i < 6; i++)
		ret->number = ret->number << 8 | mac.b[i];
	return true;
}

static bool check_string(
	const struct attr *attr, json_t *json, const char *text, const char *path, GError **error)
{
	if (attr->max && g_utf8_strlen(text, -1) > attr->max) {
		g_autofree char *right =
			g_strdup_printf("at most %" G_GINT64_FORMAT " characters long", attr->max);

		return fail(error, path, json, right);
	}
	for (const char *at = text; *at; at++)
		if (((u8)*at < 0x20 && !strchr("\t\n\r", *at)) || *at == 0x7f)
			return fail(error, path, json, "free of control characters");
	return true;
}

/* Canonical form of the types that are kept as text; NULL with @error set. */
static char *parse_text(const struct attr *attr, json_t *json, const char *path, GError **error)
{
	const char *text = json_string_value(json);
	char buf[PREFIX_STRLEN];
	struct prefix prefix;
	struct uuid uuid;
	struct ip ip;

	switch (text ? attr->type : TYPE_STRING) {
	case TYPE_UUID:
		if (uuid_parse(text, &uuid))
			return g_strdup(uuid_format(&uuid, buf));
		fail(error, path, json, "a UUID like \"01234567-89ab-cdef-0123-456789abcdef\"");
		return NULL;
	case TYPE_ADDRESS:
	case TYPE_IP:
		if (ip_parse(text, &ip))
			return g_strdup(ip_format(&ip, buf));
		if (attr->type == TYPE_IP) {
			fail(error, path, json, "an IPv4 or IPv6 address");
			return NULL;
		}
		/* fall through */
	case TYPE_CIDR:
		if (prefix_parse(text, &prefix)) {
			prefix.ip = prefix_network(&prefix);
			return g_strdup(prefix_format(&prefix, buf));
		}
		fail(error, path, json,
			attr->type == TYPE_CIDR ? "a CIDR like \"10.0.0.0/24\" or \"fd00::/64\""
						: "an IP address or a CIDR");
		return NULL;
	default:
		if (!text)
			fail(error, path, json, "a string");
		else if (check_string(attr, json, text, path, error))
			return g_strdup(text);
		return NULL;
	}
}

static bool parse_nested(
	const struct attr *attr, json_t *json, const char *path, union value *ret, GError **error)
{
	bool wrap = attr->flags & ATTR_ONE_IS_LIST && !json_is_array(json);
	json_t *value = wrap ? json_pack("[O]", json) : json_incref(json);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	bool ok = value_parse_nested(attr, value, path, &w, error);

	json_decref(value);
	if (!ok)
		return false;
	*ret = value_from_text(attr, text->str);
	return true;
}

static bool parse_null(const struct attr *attr, const char *path, union value *ret, GError **error)
{
	json_t *fallback;

	if (!(attr->flags & (ATTR_NULLABLE | ATTR_NULL_IS_DEFAULT)))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: null is not allowed here; leave it out or give a value.",
			path);
	*ret = value_null(attr);
	if (!(attr->flags & ATTR_NULL_IS_DEFAULT))
		return true;
	fallback = json_loads(attr->fallback, JSON_DECODE_ANY, NULL);
	value_load(attr, fallback, ret);
	json_decref(fallback);
	return true;
}

bool value_parse(
	const struct attr *attr, json_t *json, const char *path, union value *ret, GError **error)
{
	g_autofree char *text = NULL;

	if (json_is_null(json))
		return parse_null(attr, path, ret, error);
	switch (attr->type) {
	case TYPE_BOOL:
		return parse_bool(json, path, ret, error);
	case TYPE_INT:
		return parse_int(attr, json, path, ret, error);
	case TYPE_ENUM:
		return parse_enum(attr, json, path, ret, error);
	case TYPE_MAC:
		return parse_mac(json, path, ret, error);
	case TYPE_LIST:
	case TYPE_OBJECT:
		return parse_nested(attr, json, path, ret, error);
	case TYPE_TIME:
		return fail(error, path, json, "for you to give");
	default:
		if (attr->convert ? !attr->convert(attr, json, path, &text, error)
				  : !(text = parse_text(attr, json, path, error)))
			return false;
		if (text && attr->check && !attr->check(attr, text, error))
			return false;
		*ret = value_from_text(attr, text);
		return true;
	}
}
