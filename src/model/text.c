/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text.h"

#include <string.h>

struct text {
	u32 refs;
	u32 len : 30;
	u32 interned : 1;
	u32 plain : 1; /* the same in JSON, but for the quotes */
	char value[];
};

static GHashTable *interned; /* set of value pointers */

static struct text *head(const char *value)
{
	return (struct text *)(value - offsetof(struct text, value));
}

static bool is_plain(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((u8)value[i] < 0x20 || (u8)value[i] >= 0x7f || value[i] == '"' ||
			value[i] == '\\')
			return false;
	return true;
}

char *text_new(const char *value, size_t len)
{
	struct text *text = g_malloc(sizeof(*text) + len + 1);

	text->refs = 1;
	text->len = (u32)len & 0x3fffffff;
	text->interned = 0;
	text->plain = is_plain(value, len);
	memcpy(text->value, value, len);
	text->value[len] = '\0';
	return text->value;
}

char *text_intern(const char *value)
{
	if (!interned)
		interned = g_hash_table_new(g_str_hash, g_str_equal);

	char *known = g_hash_table_lookup(interned, value);

	if (known)
		return text_ref(known);
	known = text_new(value, strlen(value));
	head(known)->interned = 1;
	g_hash_table_add(interned, known);
	return known;
}

char *text_ref(char *value)
{
	if (value)
		head(value)->refs++;
	return value;
}

void text_unref(char *value)
{
	if (!value || --head(value)->refs)
		return;
	if (head(value)->interned)
		g_hash_table_remove(interned, value);
	g_free(head(value));
}

size_t text_len(const char *value)
{
	return head(value)->len;
}

void text_write_json(const char *value, struct json_writer *w)
{
	if (!head(value)->plain) {
		jw_string(w, value);
		return;
	}

	size_t len = head(value)->len;
	GString *out = w->text;

	if (w->comma)
		g_string_append_c(out, ',');
	w->comma = true;
	g_string_append_c(out, '"');
	g_string_append_len(out, value, (gssize)len);
	g_string_append_c(out, '"');
}
