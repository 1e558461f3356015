/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/delegation.h"

#include "cli/output.h"
#include "cli/resolve.h"

const struct option delegation_options[] = {
	{ "role", "ROLE", "One that the user has in the project", .flags = OPTION_REPEAT },
	{ "expiration", "TIME", "Until when, like 2030-01-31T12:00:00Z (default: for good)" },
	{ NULL },
};

static char *own_user(struct client *client, GError **error)
{
	g_autoptr(GError) problem = NULL;
	json_t *token = client_own_token(client, &problem);
	char *id =
		g_strdup(json_string_value(json_object_get(json_object_get(token, "user"), "id")));

	json_decref(token);
	/* One of weftd's configuration is nobody's in particular, and Identity does not know it. */
	if (!id && (!problem || g_error_matches(problem, WEFT_ERROR, WEFT_ERROR_NOT_FOUND)))
		weft_fail(error, INVALID_INPUT,
			"the token is no user's; take one of Identity, like that of 'openstack token issue', or name the user");
	else if (!id)
		g_propagate_error(error, g_steal_pointer(&problem));
	return id;
}

char *delegation_user(struct cli *cli, struct client *client, const char *option, GError **error)
{
	const char *given = cli_option(cli, option);

	return given ? resolve_id(client, kind_by_id(KIND_USER), given, NULL, error)
		     : own_user(client, error);
}

void delegation_fill(const struct cli *cli, json_t *body)
{
	GPtrArray *given = cli_options(cli, "role");
	const char *expiration = cli_option(cli, "expiration");
	json_t *roles = given ? json_array() : NULL;

	for (unsigned i = 0; given && i < given->len; i++)
		json_array_append_new(roles,
			json_pack("{s:s}", g_uuid_string_is_valid(given->pdata[i]) ? "id" : "name",
				given->pdata[i]));
	if (roles)
		json_object_set_new(body, "roles", roles);
	if (expiration)
		json_object_set_new(body, "expires_at", json_string(expiration));
}

static bool print(struct cli *cli, json_t *answer, const char *member, GError **error)
{
	bool printed = answer && output_object(cli, json_object_get(answer, member), error);

	json_decref(answer);
	return printed;
}

bool delegation_post(
	struct cli *cli, const char *path, const char *member, json_t *body, GError **error)
{
	json_t *wrapped = json_pack("{s:o}", member, body);
	json_t *answer = client_call(cli->client, "POST", path, wrapped, error);

	json_decref(wrapped);
	return print(cli, answer, member, error);
}

bool delegation_get(struct cli *cli, const char *path, const char *member, GError **error)
{
	return print(cli, client_call(cli->client, "GET", path, NULL, error), member, error);
}

bool delegation_list(struct cli *cli, const char *path, const char *member,
	const char *const *columns, GError **error)
{
	json_t *answer = client_call(cli->client, "GET", path, NULL, error);
	bool listed = answer && output_list(cli, columns, json_object_get(answer, member), error);

	json_decref(answer);
	return listed;
}

bool delegation_delete(struct cli *cli, const char *path, GError **error)
{
	json_t *answer = client_call(cli->client, "DELETE", path, NULL, error);
	bool done = answer;

	json_decref(answer);
	return done;
}
