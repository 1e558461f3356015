/* SPDX-License-Identifier: Apache-2.0 */
/* `weft trust …`: roles that a user lends to another one. */
#include <string.h>

#include "cli/commands.h"
#include "cli/delegation.h"
#include "cli/resolve.h"

#define TRUSTS "/v3/OS-TRUST/trusts"

static char *named(struct cli *cli, enum kind_id kind, const char *option, GError **error)
{
	const char *text = cli_option(cli, option);

	if (text)
		return resolve_id(cli->client, kind_by_id(kind), text, NULL, error);
	cli_usage(error, "--%s is missing", option);
	return NULL;
}

static bool take_number(
	const struct cli *cli, const char *option, const char *member, json_t *body, GError **error)
{
	u64 number = 0;

	if (!cli_option(cli, option))
		return true;
	if (!cli_number(cli, option, 1, INT32_MAX, &number, error))
		return false;
	json_object_set_new(body, member, json_integer((json_int_t)number));
	return true;
}

static json_t *body_of(struct cli *cli, GError **error)
{
	g_autofree char *trustor = delegation_user(cli, cli->client, "trustor", error);
	g_autofree char *trustee = trustor ? named(cli, KIND_USER, "trustee", error) : NULL;
	g_autofree char *project = trustee ? named(cli, KIND_PROJECT, "project", error) : NULL;

	if (!project)
		return NULL;
	return json_pack("{s:s,s:s,s:s,s:b}", "trustor_user_id", trustor, "trustee_user_id",
		trustee, "project_id", project, "impersonation", (int)cli_flag(cli, "impersonate"));
}

static bool create(struct cli *cli, GError **error)
{
	json_t *body = cli_client(cli, error) ? body_of(cli, error) : NULL;

	if (!body)
		return false;
	delegation_fill(cli, body);
	if (take_number(cli, "remaining-uses", "remaining_uses", body, error) &&
		take_number(cli, "redelegation-count", "redelegation_count", body, error)) {
		if (cli_option(cli, "redelegation-count"))
			json_object_set_new(body, "allow_redelegation", json_true());
		return delegation_post(cli, TRUSTS, "trust", body, error);
	}
	json_decref(body);
	return false;
}

/* "?trustor_user_id=…", as the options say. */
static char *query_of(struct cli *cli, GError **error)
{
	static const struct {
		const char *option, *parameter;
	} filters[] = { { "trustor", "trustor_user_id" }, { "trustee", "trustee_user_id" } };
	g_autoptr(GString) path = g_string_new(TRUSTS);

	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
		g_autofree char *id = NULL;

		if (!cli_option(cli, filters[i].option))
			continue;
		id = named(cli, KIND_USER, filters[i].option, error);
		if (!id)
			return NULL;
		g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') ? '&' : '?',
			filters[i].parameter, id);
	}
	return g_string_free(g_steal_pointer(&path), FALSE);
}

static bool list(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "id", "trustor_user_id", "trustee_user_id",
		"project_id", "impersonation", "expires_at", NULL };
	g_autofree char *path = cli_client(cli, error) ? query_of(cli, error) : NULL;

	return path && delegation_list(cli, path, "trusts", columns, error);
}

static char *path_of(struct cli *cli, GError **error)
{
	g_autofree char *id = g_uri_escape_string(cli_argument(cli, 0), NULL, FALSE);

	return cli_client(cli, error) ? g_strconcat(TRUSTS "/", id, NULL) : NULL;
}

static bool show(struct cli *cli, GError **error)
{
	g_autofree char *path = path_of(cli, error);

	return path && delegation_get(cli, path, "trust", error);
}

static bool delete (struct cli *cli, GError **error)
{
	g_autofree char *path = path_of(cli, error);

	return path && delegation_delete(cli, path, error);
}

static const struct option create_options[] = {
	{ "trustor", "USER", "Who lends (default: the token's user; it can be no other)" },
	{ "trustee", "USER", "Who gets them" },
	{ "project", "PROJECT", "Where" },
	{ "impersonate", NULL, "The trustee's tokens are the trustor's" },
	{ "remaining-uses", "NUMBER", "For how many tokens it is good (default: any number)" },
	{ "redelegation-count", "NUMBER", "How often it may be lent on (default: not at all)" },
	{ NULL },
};

static const struct option list_options[] = {
	{ "trustor", "USER", "Lent by this user" },
	{ "trustee", "USER", "Lent to this user" },
	{ NULL },
};

const struct command trust_commands[] = {
	{ .words = "trust create",
		.summary = "Lend roles in a project to another user",
		.examples = "weft trust create --trustee ann --project red --role member",
		.options = { create_options, delegation_options, output_options, api_options },
		.run = create },
	{ .words = "trust list",
		.summary = "List trusts",
		.details =
			"Without --trustor or --trustee it is for administrators; these may name only the token's user otherwise.",
		.examples = "weft trust list\nweft trust list --trustor ann",
		.options = { list_options, output_options, api_options },
		.run = list },
	{ .words = "trust show",
		.summary = "Show a trust",
		.arguments = "ID",
		.examples = "weft trust show 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001 -f json",
		.options = { output_options, api_options },
		.run = show },
	{ .words = "trust delete",
		.summary = "Delete a trust; tokens by it are good for nothing then",
		.arguments = "ID",
		.examples = "weft trust delete 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001",
		.options = { api_options },
		.run = delete },
	{ 0 },
};
