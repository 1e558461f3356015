/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands print, in four forms of the same data: `table` for people, `json` for programs,
 * `value` for shells (bare values, a blank between columns), `csv` (RFC 4180).
 */
#pragma once

#include <jansson.h>

#include "cli/command.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_VALUE, OUTPUT_CSV };

/*
 * A list: @rows is an array of objects, borrowed. @columns, ended by NULL, are what is shown when
 * the user asks for none; the user may ask for any member of the objects. In
 * ours, "list.member" is the member of each item. False: an unknown column
 * (a usage error).
 */
bool output_list(
	const struct cli *cli, const char *const *columns, const json_t *rows, GError **error);

/* One object: a line for each member, in the object's order. */
bool output_object(const struct cli *cli, const json_t *object, GError **error);

/* The same as text, to be freed. @columns: see above; @wanted: the user's, or NULL. */
char *output_list_text(enum output_format format, const char *const *columns, GPtrArray *wanted,
	const json_t *rows, GError **error);
char *output_object_text(
	enum output_format format, GPtrArray *wanted, const json_t *object, GError **error);

/* A value in a cell: lists are joined by ", ", members are key=value; null is empty. To be freed.
 */
char *output_cell(const json_t *value);
