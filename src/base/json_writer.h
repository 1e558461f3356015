/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Append-only JSON writer: it places the commas and escapes the strings (RFC 8259), the caller
 * balances what it begins. Compact form, no allocation but the growing text. Strings must be valid
 * UTF-8; a byte that is not is written as U+FFFD, so that the output always is.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

struct json_writer {
	GString *text; /* borrowed: owned by the caller */
	bool comma;    /* the next value or key has one before it */
};

static inline struct json_writer json_writer_on(GString *text)
{
	return (struct json_writer){ .text = text };
}

void jw_begin_object(struct json_writer *w);
void jw_end_object(struct json_writer *w);
void jw_begin_array(struct json_writer *w);
void jw_end_array(struct json_writer *w);
void jw_key(struct json_writer *w, const char *key);

void jw_string(struct json_writer *w, const char *value); /* NULL writes null */
void jw_int(struct json_writer *w, s64 value);
void jw_bool(struct json_writer *w, bool value);
void jw_null(struct json_writer *w);

/* One value that is JSON text already. */
void jw_raw(struct json_writer *w, const char *json, size_t len);

/* `"key":` that is JSON text already, quotes and colon included: for keys written very often. */
void jw_raw_key(struct json_writer *w, const char *json, size_t len);

/* key and value in one call. */
void jw_member_string(struct json_writer *w, const char *key, const char *value);
void jw_member_int(struct json_writer *w, const char *key, s64 value);
void jw_member_bool(struct json_writer *w, const char *key, bool value);
void jw_member_raw(struct json_writer *w, const char *key, const char *json);
