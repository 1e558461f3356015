/* SPDX-License-Identifier: Apache-2.0 */
/* `weft application credential …`, `weft access rule …`: what a user lets a program do for him. */
#include <string.h>

#include "cli/commands.h"
#include "cli/delegation.h"

#define CREDENTIALS "application_credentials"
#define CREDENTIAL "application_credential"

/* "/v3/users/U/@collection", with "/@id" if there is one. */
static char *path_of(struct cli *cli, const char *collection, const char *id, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *user = client ? delegation_user(cli, client, "user", error) : NULL;
	g_autofree char *escaped = id ? g_uri_escape_string(id, NULL, FALSE) : NULL;

	if (!user)
		return NULL;
	return g_strconcat("/v3/users/", user, "/", collection, id ? "/" : NULL, escaped, NULL);
}

/* The path of the one that the first argument names, by its id or its name. */
static char *credential_path(struct cli *cli, GError **error)
{
	const char *text = cli_argument(cli, 0);
	g_autofree char *base = path_of(cli, CREDENTIALS, NULL, error);
	g_autofree char *name = g_uri_escape_string(text, NULL, FALSE);
	json_t *answer, *found;
	char *path = NULL;

	if (!base)
		return NULL;
	if (g_uuid_string_is_valid(text))
		return g_strconcat(base, "/", text, NULL);
	g_autofree char *query = g_strconcat(base, "?name=", name, NULL);

	answer = client_call(cli->client, "GET", query, NULL, error);
	found = json_array_get(json_object_get(answer, CREDENTIALS), 0);
	if (found)
		path = g_strconcat(
			base, "/", json_string_value(json_object_get(found, "id")), NULL);
	else if (answer)
		weft_fail(error, NOT_FOUND,
			"there is no application credential '%s'; 'weft application credential list' shows what there is",
			text);
	json_decref(answer);
	return path;
}

/* "service=network,method=GET,path=/v2.0/networks", or the id of a rule. */
static json_t *rule_of(const char *text, GError **error)
{
	static const char *const keys[] = { "service", "method", "path", NULL };
	g_auto(GStrv) pairs = g_strsplit(text, ",", G_N_ELEMENTS(keys) - 1);
	json_t *rule = json_object();

	if (g_uuid_string_is_valid(text)) {
		json_object_set_new(rule, "id", json_string(text));
		return rule;
	}
	for (char **pair = pairs; *pair; pair++) {
		char *equal = strchr(*pair, '=');

		if (equal)
			*equal++ = '\0';
		if (!equal || !g_strv_contains(keys, *pair)) {
			cli_usage(error,
				"--access-rule %s: wanted is service=…,method=…,path=… or the id of a rule",
				text);
			json_decref(rule);
			return NULL;
		}
		json_object_set_new(rule, *pair, json_string(equal));
	}
	return rule;
}

static bool take_rules(const struct cli *cli, json_t *body, GError **error)
{
	GPtrArray *given = cli_options(cli, "access-rule");
	json_t *rules = json_array(), *rule;

	for (unsigned i = 0; given && i < given->len; i++) {
		rule = rule_of(given->pdata[i], error);
		if (!rule) {
			json_decref(rules);
			return false;
		}
		json_array_append_new(rules, rule);
	}
	if (given)
		json_object_set(body, "access_rules", rules);
	json_decref(rules);
	return true;
}

static bool create(struct cli *cli, GError **error)
{
	static const char *const texts[] = { "secret", "description" };
	json_t *body = json_pack("{s:s}", "name", cli_argument(cli, 0));
	g_autofree char *path = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (cli_option(cli, texts[i]))
			json_object_set_new(body, texts[i], json_string(cli_option(cli, texts[i])));
	if (cli_flag(cli, "unrestricted"))
		json_object_set_new(body, "unrestricted", json_true());
	delegation_fill(cli, body);
	if (take_rules(cli, body, error))
		path = path_of(cli, CREDENTIALS, NULL, error);
	if (path)
		return delegation_post(cli, path, CREDENTIAL, body, error);
	json_decref(body);
	return false;
}

static bool list(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "id", "name", "project_id", "roles.name",
		"expires_at", NULL };
	g_autofree char *path = path_of(cli, CREDENTIALS, NULL, error);

	return path && delegation_list(cli, path, CREDENTIALS, columns, error);
}

static bool show(struct cli *cli, GError **error)
{
	g_autofree char *path = credential_path(cli, error);

	return path && delegation_get(cli, path, CREDENTIAL, error);
}

static bool delete (struct cli *cli, GError **error)
{
	g_autofree char *path = credential_path(cli, error);

	return path && delegation_delete(cli, path, error);
}

static bool list_rules(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "id", "service", "method", "path", NULL };
	g_autofree char *path = path_of(cli, "access_rules", NULL, error);

	return path && delegation_list(cli, path, "access_rules", columns, error);
}

static bool show_rule(struct cli *cli, GError **error)
{
	g_autofree char *path = path_of(cli, "access_rules", cli_argument(cli, 0), error);

	return path && delegation_get(cli, path, "access_rule", error);
}

static bool delete_rule(struct cli *cli, GError **error)
{
	g_autofree char *path = path_of(cli, "access_rules", cli_argument(cli, 0), error);

	return path && delegation_delete(cli, path, error);
}

static const struct option user_options[] = {
	{ "user", "USER", "Whose (default: the token's)" },
	{ NULL },
};

static const struct option create_options[] = {
	{ "description", "TEXT", "For people" },
	{ "secret", "TEXT", "What the program logs in by (default: one is made, and shown once)" },
	{ "unrestricted", NULL, "It may make other credentials and trusts" },
	{ "access-rule", "RULE",
		"What alone it is good for: service=…,method=…,path=…, or the id of a rule",
		.flags = OPTION_REPEAT },
	{ NULL },
};

#define WHOSE                                                                                                         \
	"They are the user's own affair: the token must be the user's, of the project that the program works in. An " \
	"administrator may list, show and delete those of others."

#define COMMAND(what) .topic = what, .details = WHOSE

const struct command app_credential_commands[] = {
	{ .words = "application credential create",
		.summary = "Make a secret by which a program works for a user in a project",
		.arguments = "NAME",
		.examples =
			"weft application credential create backup --role reader\n"
			"weft application credential create metrics --access-rule service=network,method=GET,path=/v2.0/ports",
		.options = { create_options, delegation_options, output_options, api_options },
		.run = create,
		COMMAND("application-credential") },
	{ .words = "application credential list",
		.summary = "List the application credentials of a user",
		.examples = "weft application credential list",
		.options = { user_options, output_options, api_options },
		.run = list,
		COMMAND("application-credential") },
	{ .words = "application credential show",
		.summary = "Show an application credential, without its secret",
		.arguments = "NAME",
		.examples = "weft application credential show backup -f json",
		.options = { user_options, output_options, api_options },
		.run = show,
		COMMAND("application-credential") },
	{ .words = "application credential delete",
		.summary = "Delete an application credential; what has its tokens has none then",
		.arguments = "NAME",
		.examples = "weft application credential delete backup",
		.options = { user_options, api_options },
		.run = delete,
		COMMAND("application-credential") },
	{ .words = "access rule list",
		.summary = "List the rules of a user's application credentials",
		.examples = "weft access rule list",
		.options = { user_options, output_options, api_options },
		.run = list_rules,
		COMMAND("access-rule") },
	{ .words = "access rule show",
		.summary = "Show an access rule",
		.arguments = "ID",
		.examples = "weft access rule show 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001",
		.options = { user_options, output_options, api_options },
		.run = show_rule,
		COMMAND("access-rule") },
	{ .words = "access rule delete",
		.summary = "Delete an access rule that no application credential has",
		.arguments = "ID",
		.examples = "weft access rule delete 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001",
		.options = { user_options, api_options },
		.run = delete_rule,
		COMMAND("access-rule") },
	{ 0 },
};
