/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of `weft network|subnet|port|host` made from the attributes of a kind, with the spellings
 * that the openstack command has where the attribute's own name differs. Pure but for asking names'
 * ids, which is a callback.
 */
#pragma once

#include "cli/command.h"
#include "model/kind.h"

/* What the options are for, which decides which attributes have one. */
enum attribute_use { ATTRIBUTE_CREATE, ATTRIBUTE_SET, ATTRIBUTE_FILTER };

/* Is there an attribute that has an option? */
bool attribute_any(const struct kind *kind, enum attribute_use use);

/* The table of options, ended by a nameless one; the caller's, to free with g_free. */
struct option *attribute_options(const struct kind *kind, enum attribute_use use);

/* Id of the object of @kind that has the name @text, to be freed; NULL with @error. */
typedef char *(*attribute_resolve)(
	void *data, const struct kind *kind, const char *text, GError **error);

/* Puts what was given as options of @use into @body (attribute → value). */
bool attribute_body(const struct cli *cli, const struct kind *kind, enum attribute_use use,
	attribute_resolve resolve, void *data, json_t *body, GError **error);

/* What was given as filters, as a query string that begins with '?' (or is empty); to be freed. */
char *attribute_query(const struct cli *cli, const struct kind *kind, attribute_resolve resolve,
	void *data, GError **error);
