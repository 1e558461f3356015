/* SPDX-License-Identifier: Apache-2.0 */
/* What a user gives away of his roles, by an application credential or a trust: what the commands
 * of both have in common. */
#pragma once

#include "cli/client.h"
#include "cli/command.h"

extern const struct option delegation_options[]; /* --role --expiration */

/* The user's id of the option, or the token's own user; g_free(). NULL with @error. */
char *delegation_user(struct cli *cli, struct client *client, const char *option, GError **error);

/* Writes --role and --expiration into a request. */
void delegation_fill(const struct cli *cli, json_t *body);

/* POST of {@member: @body}, which is taken over; prints the answer's @member. */
bool delegation_post(
	struct cli *cli, const char *path, const char *member, json_t *body, GError **error);
/* GET or DELETE of @path; prints what is in @member of the answer, if there is one. */
bool delegation_get(struct cli *cli, const char *path, const char *member, GError **error);
bool delegation_list(struct cli *cli, const char *path, const char *member,
	const char *const *columns, GError **error);
bool delegation_delete(struct cli *cli, const char *path, GError **error);
