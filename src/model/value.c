/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"

union value value_null(const struct attr *attr)
{
	if (type_is_text(attr->type))
		return (union value){ .text = NULL };
	return (union value){ .number = VALUE_NULL };
}

bool value_is_null(const struct attr *attr, union value value)
{
	return type_is_text(attr->type) ? !value.text : value.number == VALUE_NULL;
}

void value_clear(const struct attr *attr, union value value)
{
	if (type_is_text(attr->type))
		text_unref(value.text);
}

bool value_equal(const struct attr *attr, union value a, union value b)
{
	if (!type_is_text(attr->type) || a.text == b.text)
		return a.number == b.number;
	return a.text && b.text && !strcmp(a.text, b.text);
}

/* Days since the epoch to a date: the civil calendar by 400-year eras. */
const char *time_format(s64 seconds, char buf[static TIME_STRLEN])
{
	s64 days = seconds / 86400, rest = seconds % 86400;

	if (rest < 0)
		rest += 86400, days--;
	s64 z = days + 719468;
	s64 era = (z >= 0 ? z : z - 146096) / 146097;
	s64 doe = z - era * 146097;
	s64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	s64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	s64 mp = (5 * doy + 2) / 153;
	s64 month = mp < 10 ? mp + 3 : mp - 9;
	s64 fields[] = { (yoe + era * 400 + (month <= 2)) % 10000, month,
		doy - (153 * mp + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60 };
	char *at = buf;

	for (int i = 0; i < 6; i++) {
		if (i == 0) {
			*at++ = (char)('0' + fields[0] / 1000);
			*at++ = (char)('0' + fields[0] / 100 % 10);
		}
		*at++ = (char)('0' + fields[i] / 10 % 10);
		*at++ = (char)('0' + fields[i] % 10);
		*at++ = "--T::Z"[i];
	}
	*at = '\0';
	return buf;
}

bool time_parse(const char *text, s64 *ret)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

	if (!time)
		return false;
	*ret = g_date_time_to_unix(time);
	return true;
}

static u64 mac_number(const struct mac *mac)
{
	u64 number = 0;

	for (int i = 0; i < 6; i++)
		number = number << 8 | mac->b[i];
	return number;
}

static struct mac number_mac(u64 number)
{
	struct mac mac;

	for (int i = 5; i >= 0; i--, number >>= 8)
		mac.b[i] = (u8)number;
	return mac;
}

static s64 number_from_text(const struct attr *attr, const char *text)
{
	struct mac mac;
	s64 number;

	switch (attr->type) {
	case TYPE_BOOL:
		return !g_ascii_strcasecmp(text, "true") || !strcmp(text, "1");
	case TYPE_TIME:
		return time_parse(text, &number) ? number : VALUE_NULL;
	case TYPE_MAC:
		return mac_parse(text, &mac) ? (s64)mac_number(&mac) : VALUE_NULL;
	case TYPE_ENUM:
		for (int i = 0; attr->choices[i]; i++)
			if (!strcmp(attr->choices[i], text))
				return i;
		return VALUE_NULL;
	default:
		if (!g_ascii_string_to_signed(text, 10, INT64_MIN + 1, INT64_MAX, &number, NULL))
			return VALUE_NULL;
		return number;
	}
}

union value value_from_text(const struct attr *attr, const char *text)
{
	if (!text)
		return value_null(attr);
	if (!type_is_text(attr->type))
		return (union value){ .number = number_from_text(attr, text) };
	if (attr->type == TYPE_UUID || attr->flags & ATTR_INTERN)
		return (union value){ .text = text_intern(text) };
	return (union value){ .text = text_new(text, strlen(text)) };
}

const char *value_json_text(const json_t *json, char buf[static 40])
{
	if (json_is_integer(json))
		g_snprintf(buf, 40, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	return json_is_string(json) ? json_string_value(json) : json_is_integer(json) ? buf : "";
}

const char *value_text(const struct attr *attr, union value value, char buf[static 40])
{
	struct mac mac;

	if (value_is_null(attr, value))
		return NULL;
	switch (attr->type) {
	case TYPE_BOOL:
		return value.number ? "true" : "false";
	case TYPE_ENUM:
		return attr->choices[value.number];
	case TYPE_TIME:
		return time_format(value.number, buf);
	case TYPE_MAC:
		mac = number_mac((u64)value.number);
		return mac_format(&mac, buf);
	case TYPE_INT:
		snprintf(buf, 40, "%" G_GINT64_FORMAT, value.number);
		return buf;
	default:
		return value.text;
	}
}

static void write_mac(u64 number, struct json_writer *w)
{
	static const char digits[] = "0123456789abcdef";
	char text[19];

	for (int i = 0; i < 6; i++, number <<= 8) {
		text[i * 3] = i ? ':' : '"';
		text[i * 3 + 1] = digits[number >> 44 & 15];
		text[i * 3 + 2] = digits[number >> 40 & 15];
	}
	text[18] = '"';
	jw_raw(w, text, sizeof(text));
}

void value_write_json(const struct attr *attr, union value value, struct json_writer *w)
{
	char text[TIME_STRLEN];

	if (value_is_null(attr, value)) {
		jw_null(w);
		return;
	}
	switch (attr->type) {
	case TYPE_BOOL:
		jw_bool(w, value.number);
		break;
	case TYPE_INT:
		jw_int(w, value.number);
		break;
	case TYPE_ENUM:
		if (attr->flags & ATTR_DECIMALS)
			jw_raw(w, attr->choices[value.number], strlen(attr->choices[value.number]));
		else
			jw_string(w, attr->choices[value.number]);
		break;
	case TYPE_TIME:
		jw_string(w, time_format(value.number, text));
		break;
	case TYPE_MAC:
		write_mac((u64)value.number, w);
		break;
	case TYPE_LIST:
	case TYPE_OBJECT:
		jw_raw(w, value.text, text_len(value.text));
		break;
	default:
		text_write_json(value.text, w);
	}
}

const char *value_decimal(const json_t *json, char buf[static 40])
{
	g_ascii_formatd(buf, 40, "%.1f", json_number_value(json));
	return json_is_number(json) && g_ascii_strtod(buf, NULL) == json_number_value(json) ? buf
											    : NULL;
}

bool value_load(const struct attr *attr, json_t *json, union value *ret)
{
	g_autofree char *nested = NULL;
	char number[40];
	union value value = value_null(attr);

	if (json_is_null(json)) {
		*ret = value;
		return true;
	}
	if (attr->type == TYPE_LIST || attr->type == TYPE_OBJECT) {
		if (attr->type == TYPE_LIST ? !json_is_array(json) : !json_is_object(json))
			return false;
		nested = json_dumps(json, JSON_COMPACT);
		value = value_from_text(attr, nested);
	} else if (attr->type == TYPE_BOOL && json_is_boolean(json)) {
		value.number = json_is_true(json);
	} else if (attr->flags & ATTR_DECIMALS) {
		value = value_from_text(attr, value_decimal(json, number));
	} else if (attr->type == TYPE_INT && json_is_integer(json)) {
		value.number = json_integer_value(json);
	} else if (json_is_string(json) && attr->type != TYPE_BOOL && attr->type != TYPE_INT) {
		value = value_from_text(attr, json_string_value(json));
	}
	if (value_is_null(attr, value))
		return false;
	*ret = value;
	return true;
}
