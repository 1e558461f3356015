/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_writer.h"

#include <string.h>

static void separate(struct json_writer *w)
{
	if (w->comma)
		g_string_append_c(w->text, ',');
	w->comma = true;
}

static void begin(struct json_writer *w, char bracket)
{
	separate(w);
	g_string_append_c(w->text, bracket);
	w->comma = false;
}

static void end(struct json_writer *w, char bracket)
{
	g_string_append_c(w->text, bracket);
	w->comma = true;
}

void jw_begin_object(struct json_writer *w)
{
	begin(w, '{');
}

void jw_end_object(struct json_writer *w)
{
	end(w, '}');
}

void jw_begin_array(struct json_writer *w)
{
	begin(w, '[');
}

void jw_end_array(struct json_writer *w)
{
	end(w, ']');
}

static bool is_plain(u8 c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void append_escape(GString *text, u8 c)
{
	static const char letters[] = { ['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
		['"'] = '"',
		['\\'] = '\\' };

	if (c < sizeof(letters) && letters[c]) {
		g_string_append_c(text, '\\');
		g_string_append_c(text, letters[c]);
	} else {
		g_string_append_printf(text, "\\u%04x", c);
	}
}

/* The quoted, escaped form of @value: runs of plain characters are copied whole. */
static void append_quoted(GString *text, const char *value)
{
	g_string_append_c(text, '"');
	while (*value) {
		const char *run = value;

		while (is_plain((u8)*value))
			value++;
		g_string_append_len(text, run, value - run);
		if ((u8)*value >= 0x80) {
			gunichar c = g_utf8_get_char_validated(value, -1);

			if (c == (gunichar)-1 || c == (gunichar)-2) {
				g_string_append(text, "\xef\xbf\xbd");
				value++;
			} else {
				g_string_append_unichar(text, c);
				value = g_utf8_next_char(value);
			}
		} else if (*value) {
			append_escape(text, (u8)*value++);
		}
	}
	g_string_append_c(text, '"');
}

void jw_key(struct json_writer *w, const char *key)
{
	separate(w);
	append_quoted(w->text, key);
	g_string_append_c(w->text, ':');
	w->comma = false;
}

void jw_raw_key(struct json_writer *w, const char *json, size_t len)
{
	separate(w);
	g_string_append_len(w->text, json, (gssize)len);
	w->comma = false;
}

void jw_string(struct json_writer *w, const char *value)
{
	if (!value) {
		jw_null(w);
		return;
	}
	separate(w);
	append_quoted(w->text, value);
}

void jw_int(struct json_writer *w, s64 value)
{
	char digits[24];
	char *at = &digits[sizeof(digits)];
	u64 rest = value < 0 ? -(u64)value : (u64)value;

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	jw_raw(w, at, (size_t)(&digits[sizeof(digits)] - at));
}

void jw_bool(struct json_writer *w, bool value)
{
	if (value)
		jw_raw(w, "true", 4);
	else
		jw_raw(w, "false", 5);
}

void jw_null(struct json_writer *w)
{
	jw_raw(w, "null", 4);
}

void jw_raw(struct json_writer *w, const char *json, size_t len)
{
	separate(w);
	g_string_append_len(w->text, json, (gssize)len);
}

void jw_member_string(struct json_writer *w, const char *key, const char *value)
{
	jw_key(w, key);
	jw_string(w, value);
}

void jw_member_int(struct json_writer *w, const char *key, s64 value)
{
	jw_key(w, key);
	jw_int(w, value);
}

void jw_member_bool(struct json_writer *w, const char *key, bool value)
{
	jw_key(w, key);
	jw_bool(w, value);
}

void jw_member_raw(struct json_writer *w, const char *key, const char *json)
{
	jw_key(w, key);
	jw_raw(w, json, strlen(json));
}
