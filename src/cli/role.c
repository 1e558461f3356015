/* SPDX-License-Identifier: Apache-2.0 */
/* `weft role add|remove`, `weft role assignment list`: who has which role where. */
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/resolve.h"

/* Exactly one of the kinds' options must be given; *@ret_path is "projects/ID". */
static bool take_one(struct cli *cli, struct client *client, const enum kind_id *kinds,
	const char * or, char **ret_path, GError **error)
{
	const struct kind *chosen = NULL;

	for (; *kinds; kinds++) {
		const struct kind *kind = kind_by_id(*kinds);

		if (!cli_option(cli, kind->singular))
			continue;
		if (chosen)
			return cli_usage(error, "--%s and --%s exclude each other",
				chosen->singular, kind->singular);
		chosen = kind;
	}
	if (!chosen) {
		*ret_path = NULL;
		return or ? cli_usage(error, "%s", or) : true;
	}
	g_autofree char *id =
		resolve_id(client, chosen, cli_option(cli, chosen->singular), NULL, error);

	*ret_path = id ? g_strdup_printf("%s/%s", chosen->collection, id) : NULL;
	return id;
}

/* "/v3/projects/P/users/U/roles/R" */
static char *assignment_path(struct cli *cli, struct client *client, GError **error)
{
	static const enum kind_id actors[] = { KIND_USER, KIND_GROUP, KIND_NONE };
	static const enum kind_id places[] = { KIND_PROJECT, KIND_DOMAIN, KIND_NONE };
	bool system = cli_flag(cli, "system"), inherited = cli_flag(cli, "inherited");
	g_autofree char *role = NULL, *actor = NULL, *place = NULL;

	if (!take_one(cli, client, actors, "whose? give --user or --group", &actor, error) ||
		!take_one(cli, client, places,
			system ? NULL : "where? give --project, --domain or --system", &place,
			error))
		return NULL;
	if (system && (place || inherited)) {
		cli_usage(error, "--system is a place by itself, and nothing inherits from it");
		return NULL;
	}
	role = resolve_id(client, kind_by_id(KIND_ROLE), cli_argument(cli, 0), NULL, error);
	if (!role)
		return NULL;
	return g_strdup_printf("/v3/%s%s/%s/roles/%s%s", inherited ? "OS-INHERIT/" : "",
		place ? place : "system", actor, role, inherited ? "/inherited_to_projects" : "");
}

static bool change(struct cli *cli, const char *method, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *path = client ? assignment_path(cli, client, error) : NULL;
	json_t *answer = path ? client_call(client, method, path, NULL, error) : NULL;
	bool done = answer;

	json_decref(answer);
	return done;
}

static bool role_add(struct cli *cli, GError **error)
{
	return change(cli, "PUT", error);
}

static bool role_remove(struct cli *cli, GError **error)
{
	return change(cli, "DELETE", error);
}

/* The filters, as a query string. NULL with @error. */
static char *query_of(struct cli *cli, struct client *client, GError **error)
{
	static const struct {
		enum kind_id kind;
		const char *parameter;
	} filters[] = { { KIND_USER, "user.id" }, { KIND_GROUP, "group.id" },
		{ KIND_ROLE, "role.id" }, { KIND_PROJECT, "scope.project.id" },
		{ KIND_DOMAIN, "scope.domain.id" } };
	g_autoptr(GString) query = g_string_new("?include_names=true");

	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
		const struct kind *kind = kind_by_id(filters[i].kind);
		const char *text = cli_option(cli, kind->singular);
		g_autofree char *id = text ? resolve_id(client, kind, text, NULL, error) : NULL;

		if (text && !id)
			return NULL;
		if (id)
			g_string_append_printf(query, "&%s=%s", filters[i].parameter, id);
	}
	if (cli_flag(cli, "system"))
		g_string_append(query, "&scope.system=all");
	if (cli_flag(cli, "inherited"))
		g_string_append(query, "&scope.OS-INHERIT:inherited_to=projects");
	if (cli_flag(cli, "effective"))
		g_string_append(query, "&effective=true");
	return g_string_free(g_steal_pointer(&query), FALSE);
}

/* "name@domain", or the name alone. */
static json_t *name_of(const json_t *thing)
{
	const char *name = NULL, *domain = NULL;

	if (!thing)
		return json_null();
	json_unpack((json_t *)thing, "{s?s,s?{s?s}}", "name", &name, "domain", "name", &domain);
	return domain ? json_sprintf("%s@%s", name ? name : "", domain)
		      : json_string(name ? name : "");
}

static json_t *row_of(const json_t *assignment)
{
	json_t *scope = json_object_get(assignment, "scope");
	json_t *system = json_object_get(scope, "system");

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:s,s:b}", "role",
		name_of(json_object_get(assignment, "role")), "user",
		name_of(json_object_get(assignment, "user")), "group",
		name_of(json_object_get(assignment, "group")), "project",
		name_of(json_object_get(scope, "project")), "domain",
		name_of(json_object_get(scope, "domain")), "system", system ? "all" : "",
		"inherited", json_object_get(scope, "OS-INHERIT:inherited_to") != NULL);
}

static bool assignment_list(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "role", "user", "group", "project", "domain",
		"system", "inherited", NULL };
	struct client *client = cli_client(cli, error);
	g_autofree char *query = client ? query_of(cli, client, error) : NULL;
	g_autofree char *path = query ? g_strconcat("/v3/role_assignments", query, NULL) : NULL;
	json_t *answer = path ? client_call(client, "GET", path, NULL, error) : NULL;
	json_t *rows = json_array(), *assignment;
	size_t i;

	json_array_foreach(json_object_get(answer, "role_assignments"), i, assignment)
		json_array_append_new(rows, row_of(assignment));
	bool listed = answer && output_list(cli, columns, rows, error);

	json_decref(rows);
	json_decref(answer);
	return listed;
}

static const struct option place_options[] = {
	{ "user", "USER", "Whose: this user's" },
	{ "group", "GROUP", "Whose: that of whoever is in this group" },
	{ "project", "PROJECT", "Where: on this project" },
	{ "domain", "DOMAIN", "Where: on this domain" },
	{ "system", NULL, "Where: on the system" },
	{ "inherited", NULL, "On all projects below, and not there" },
	{ NULL },
};

static const struct option list_options[] = {
	{ "role", "ROLE", "Only this role" },
	{ "effective", NULL,
		"What comes of them: members of groups, projects below, implied roles" },
	{ NULL },
};

#define SCOPES \
	"A user has a role on a project, on a domain or on the system, by itself or by a group."

const struct command role_add_command = {
	.words = "role add",
	.summary = "Give a role to a user or a group",
	.arguments = "ROLE",
	.details = SCOPES,
	.examples = "weft role add member --user ann --project red\n"
		    "weft role add admin --group operators --system",
	.options = { place_options, api_options },
	.run = role_add,
};

const struct command role_remove_command = {
	.words = "role remove",
	.summary = "Take a role from a user or a group",
	.arguments = "ROLE",
	.details = SCOPES,
	.examples = "weft role remove member --user ann --project red",
	.options = { place_options, api_options },
	.run = role_remove,
};

const struct command role_assignment_list_command = {
	.words = "role assignment list",
	.summary = "List who has which role where",
	.details = SCOPES,
	.examples = "weft role assignment list --project red\n"
		    "weft role assignment list --user ann --effective",
	.options = { place_options, list_options, output_options, api_options },
	.run = assignment_list,
};
