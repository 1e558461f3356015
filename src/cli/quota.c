/* SPDX-License-Identifier: Apache-2.0 */
/* `weft quota …`: how many objects a project may have. The options are made from the kinds that
 * have a quota. */
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "cli/spelling.h"
#include "model/access/quota.h"

#define CONNECTION_OPTION "tracked-connection"

/* The project of the first argument: by its name where there is an Identity service that knows it,
 * else the text is the id. */
static char *project_of(struct cli *cli, struct client *client, GError **error)
{
	const struct kind *kind = kind_by_id(KIND_PROJECT);
	const char *text = cli_argument(cli, 0);
	g_autoptr(GError) problem = NULL;
	json_t *versions;

	if (g_uuid_string_is_valid(text))
		return g_strdup(text);
	versions = client_call(client, "GET", "/v3", NULL, &problem);
	json_decref(versions);
	if (versions)
		return resolve_id(client, kind, text, NULL, error);
	if (g_error_matches(problem, WEFT_ERROR, WEFT_ERROR_NOT_FOUND))
		return g_strdup(text);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

static char *path_of(struct cli *cli, const char *part, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *project = client ? project_of(cli, client, error) : NULL;
	g_autofree char *escaped = project ? g_uri_escape_string(project, NULL, FALSE) : NULL;

	return escaped ? g_strconcat("/v2.0/quotas/", escaped, part, NULL) : NULL;
}

static bool print_usage(struct cli *cli, const json_t *quota, GError **error)
{
	static const char *const columns[] = { "resource", "limit", "used", NULL };
	json_t *rows = json_array(), *usage;
	const char *resource;

	json_object_foreach((json_t *)quota, resource, usage)
		json_array_append_new(rows, json_pack("{s:s,s:O,s:O}", "resource", resource,
						    "limit", json_object_get(usage, "limit"),
						    "used", json_object_get(usage, "used")));
	bool printed = output_list(cli, columns, rows, error);

	json_decref(rows);
	return printed;
}

static json_t *get_quota(struct cli *cli, const char *part, GError **error)
{
	g_autofree char *path = path_of(cli, part, error);
	json_t *answer = path ? client_call(cli->client, "GET", path, NULL, error) : NULL;
	json_t *quota = json_incref(json_object_get(answer, "quota"));

	json_decref(answer);
	return quota;
}

/* What is counted on the hosts is a limit alone. */
static bool quota_show(struct cli *cli, GError **error)
{
	json_t *usage = get_quota(cli, "/details", error);
	json_t *limits = usage ? get_quota(cli, "", error) : NULL, *limit;
	const char *resource;

	json_object_foreach(limits, resource, limit)
		if (json_is_integer(limit) && !json_object_get(usage, resource))
			json_object_set_new(
				usage, resource, json_pack("{s:O,s:n}", "limit", limit, "used"));
	bool shown = limits && print_usage(cli, usage, error);

	json_decref(usage);
	json_decref(limits);
	return shown;
}

static char *option_of(const struct kind *kind)
{
	return g_strdelimit(g_strdup(kind->quota.name), "_", '-');
}

static bool take_limit(const struct cli *cli, const char *option, const char *resource,
	json_t *limits, GError **error)
{
	const char *text = cli_option(cli, option);
	gint64 limit;

	if (!text)
		return true;
	if (!g_ascii_string_to_signed(text, 10, QUOTA_UNLIMITED, G_MAXINT32, &limit, NULL))
		return cli_usage(error, "--%s %s: give a number, or -1 for no limit", option, text);
	json_object_set_new(limits, resource, json_integer(limit));
	return true;
}

static bool take_limits(const struct cli *cli, json_t *limits, GError **error)
{
	for (enum kind_id id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id(id);
		g_autofree char *name = kind->quota.name ? option_of(kind) : NULL;

		if (name && !take_limit(cli, name, kind->quota.name, limits, error))
			return false;
	}
	if (!take_limit(cli, CONNECTION_OPTION, QUOTA_CONNECTION, limits, error))
		return false;
	return json_object_size(limits) ||
	       cli_usage(error,
		       "nothing to set; say what by an option, 'weft help quota set' lists them");
}

static bool set_quota(struct cli *cli, GError **error)
{
	json_t *limits = json_object(), *body = NULL, *answer = NULL;
	g_autofree char *path = NULL;

	if (take_limits(cli, limits, error))
		path = path_of(cli, "", error);
	if (path) {
		body = json_pack("{s:O}", "quota", limits);
		answer = client_call(cli->client, "PUT", path, body, error);
	}
	bool done = answer && output_object(cli, json_object_get(answer, "quota"), error);

	json_decref(answer);
	json_decref(body);
	json_decref(limits);
	return done;
}

static bool quota_delete(struct cli *cli, GError **error)
{
	g_autofree char *path = path_of(cli, "", error);
	json_t *answer = path ? client_call(cli->client, "DELETE", path, NULL, error) : NULL;
	bool done = answer;

	json_decref(answer);
	return done;
}

static const struct option *limit_options(void)
{
	GArray *options = g_array_new(TRUE, TRUE, sizeof(struct option));
	const struct option connections = { .name = CONNECTION_OPTION,
		.metavar = "NUMBER",
		.doc = "How many tracked connections on each host; -1: no limit" };

	for (enum kind_id id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id(id);

		if (!kind->quota.name)
			continue;
		g_autofree char *name = option_of(kind),
				*doc = g_strdup_printf(
					"How many %s; -1: no limit", spelling_of_kinds(kind));
		struct option option = { .name = g_intern_string(name),
			.metavar = "NUMBER",
			.doc = g_intern_string(doc) };

		g_array_append_val(options, option);
	}
	g_array_append_val(options, connections);
	return (const struct option *)(void *)g_array_free(options, FALSE);
}

static const struct command show_command = {
	.words = "quota show",
	.summary = "Show how many objects a project may have, and how many it has",
	.arguments = "PROJECT",
	.examples = "weft quota show red\nweft quota show red -f csv",
	.options = { output_options, api_options },
	.run = quota_show,
};

static const struct command delete_command = {
	.words = "quota delete",
	.summary = "Give a project the default limits again",
	.arguments = "PROJECT",
	.examples = "weft quota delete red",
	.options = { api_options },
	.run = quota_delete,
};

void quota_commands(GPtrArray *commands)
{
	struct command *set = g_new0(struct command, 1);

	*set = (struct command){ .words = "quota set",
		.summary = "Change how many objects a project may have",
		.arguments = "PROJECT",
		.examples = "weft quota set red --network 5 --port -1",
		.options = { limit_options(), output_options, api_options },
		.run = set_quota };
	g_ptr_array_add(commands, (gpointer)&show_command);
	g_ptr_array_add(commands, set);
	g_ptr_array_add(commands, (gpointer)&delete_command);
}
