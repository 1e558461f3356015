/* SPDX-License-Identifier: Apache-2.0 */
/* Names are accepted wherever ids are: this turns one into the other by asking the controller. */
#pragma once

#include "cli/client.h"
#include "model/kind.h"

/* "/v2.0/ports", or "/v2.0/ports/ID" with @id (NULL: none); @parent_id is that of what it is part
 * of, where the path has one. To be freed. */
char *resolve_path(const struct kind *kind, const char *parent_id, const char *id);

/*
 * The one object of @kind that @text names by id or name; the whole object, a
 * new reference. NULL: NOT_FOUND, or CONFLICT when several have the name (the message lists them).
 * @project, if not NULL, narrows names.
 */
json_t *resolve_object(struct client *client, const struct kind *kind, const char *text,
	const char *project, GError **error);

/* Only its id, to be freed. A text that is an id is believed without asking. */
char *resolve_id(struct client *client, const struct kind *kind, const char *text,
	const char *project, GError **error);

/* The same of what may be part of another object, @parent_id (NULL: it is not); there ids are the
 * only names. */
json_t *resolve_below(struct client *client, const struct kind *kind, const char *parent_id,
	const char *text, GError **error);
char *resolve_id_below(struct client *client, const struct kind *kind, const char *parent_id,
	const char *text, GError **error);
