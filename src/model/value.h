/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value in a slot: what a type is in memory, as text, as JSON. Inside of src/model.
 *
 * BOOL, INT, TIME, ENUM (place in `choices`) and MAC (48 bits) are `number`, with VALUE_NULL for
 * null; all else is `text` (text.h), with NULL for null: LIST and OBJECT as canonical JSON.
 */
#pragma once

#include "model/kind.h"
#include "model/text.h"

union value {
	s64 number;
	char *text;
};

#define VALUE_NULL INT64_MIN

static inline bool type_is_text(enum attr_type type)
{
	return type >= TYPE_UUID;
}

union value value_null(const struct attr *attr);
bool value_is_null(const struct attr *attr, union value value);
void value_clear(const struct attr *attr, union value value); /* drops the reference */
bool value_equal(const struct attr *attr, union value a, union value b);

/*
 * Checks and converts a request's JSON. @path names the attribute in messages
 * ("allocation_pools[0].start"). *ret is the caller's (value_clear).
 */
bool value_parse(
	const struct attr *attr, json_t *json, const char *path, union value *ret, GError **error);

/* The words that clients write for true and false, in any case. */
bool value_bool_word(const char *text, bool *ret);

/* For LIST and OBJECT: checks @json and writes its canonical form (value_nested.c). */
bool value_parse_nested(const struct attr *attr, json_t *json, const char *path,
	struct json_writer *w, GError **error);

/* From text as in a query string or a setter; interns where the attribute says so. */
union value value_from_text(const struct attr *attr, const char *text);

void value_write_json(const struct attr *attr, union value value, struct json_writer *w);

/* See object_text(). */
const char *value_text(const struct attr *attr, union value value, char buf[static 40]);

/* The text of a string or number in a parsed list or object; "" of anything else. */
const char *value_json_text(const json_t *json, char buf[static 40]);
/* A number as ATTR_DECIMALS has it: "1.1", in @buf; NULL: it is none, or has more decimals. */
const char *value_decimal(const json_t *json, char buf[static 40]);

/* From JSON that value_write_json() wrote. */
bool value_load(const struct attr *attr, json_t *json, union value *ret);

#define TIME_STRLEN 24
const char *time_format(s64 seconds, char buf[static TIME_STRLEN]); /* RFC 3339, UTC */
bool time_parse(const char *text, s64 *ret);
