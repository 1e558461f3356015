/* SPDX-License-Identifier: Apache-2.0 */
/* `weft port binding VERB PORT HOST`: the hosts that a port is or may soon be bound to. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "model/port/port.h"

static const char *const columns[] = { "host", "status", "vif_type", "vnic_type", NULL };

static const struct option create_options[] = {
	{ "vnic-type", "TYPE", "What the guest sees" },
	{ NULL },
};

/* "/v2.0/ports/ID/bindings[/HOST[/activate]]"; NULL with @error. */
static char *binding_path(struct cli *cli, const char *host, const char *verb, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *id =
		client ? resolve_id(client, &port_kind, cli_argument(cli, 0), NULL, error) : NULL;
	g_autofree char *escaped = host ? g_uri_escape_string(host, NULL, FALSE) : NULL;

	if (!id)
		return NULL;
	g_autofree char *port = resolve_path(&port_kind, NULL, id);

	return g_strjoin("/", port, "bindings", escaped, verb, NULL);
}

/* Calls and prints the binding that is answered, if one is: @key's value, or the whole of it. */
static bool call(struct cli *cli, const char *method, const char *path, const char *key,
	json_t *body, GError **error)
{
	json_t *answer = path ? client_call(cli->client, method, path, body, error) : NULL;
	json_t *binding = key ? json_object_get(answer, key) : answer;
	bool done = answer && (!json_is_object(binding) || output_object(cli, binding, error));

	json_decref(answer);
	return done;
}

static bool list(struct cli *cli, GError **error)
{
	g_autofree char *path = binding_path(cli, NULL, NULL, error);
	json_t *answer = path ? client_call(cli->client, "GET", path, NULL, error) : NULL;
	bool done = answer && output_list(cli, columns, json_object_get(answer, "bindings"), error);

	json_decref(answer);
	return done;
}

static bool create(struct cli *cli, GError **error)
{
	g_autofree char *path = binding_path(cli, NULL, NULL, error);
	const char *vnic_type = cli_option(cli, "vnic-type");
	json_t *body = json_pack(
		"{s:{s:s, s:s*}}", "binding", "host", cli_argument(cli, 1), "vnic_type", vnic_type);
	bool done = call(cli, "POST", path, "binding", body, error);

	json_decref(body);
	return done;
}

static bool show(struct cli *cli, GError **error)
{
	g_autofree char *path = binding_path(cli, cli_argument(cli, 1), NULL, error);

	return call(cli, "GET", path, "binding", NULL, error);
}

static bool activate(struct cli *cli, GError **error)
{
	g_autofree char *path = binding_path(cli, cli_argument(cli, 1), "activate", error);

	return call(cli, "PUT", path, NULL, NULL, error);
}

static bool delete (struct cli *cli, GError **error)
{
	g_autofree char *path = binding_path(cli, cli_argument(cli, 1), NULL, error);

	return call(cli, "DELETE", path, NULL, NULL, error);
}

const struct command binding_commands[] = {
	{ .words = "port binding create",
		.summary = "Let a port move to a host: make an inactive binding",
		.arguments = "PORT HOST",
		.examples = "weft port binding create vm1 hv2",
		.options = { create_options, output_options, api_options },
		.run = create },
	{ .words = "port binding list",
		.summary = "List the hosts that a port is, or may be, bound to",
		.arguments = "PORT",
		.examples = "weft port binding list vm1",
		.options = { output_options, api_options },
		.run = list },
	{ .words = "port binding show",
		.summary = "Show the binding of a port to a host",
		.arguments = "PORT HOST",
		.examples = "weft port binding show vm1 hv2 -f json",
		.options = { output_options, api_options },
		.run = show },
	{ .words = "port binding activate",
		.summary = "Move a port to a host that it has an inactive binding to",
		.arguments = "PORT HOST",
		.examples = "weft port binding activate vm1 hv2",
		.options = { output_options, api_options },
		.run = activate },
	{ .words = "port binding delete",
		.summary = "Delete the binding of a port to a host",
		.arguments = "PORT HOST",
		.examples = "weft port binding delete vm1 hv2",
		.options = { api_options },
		.run = delete },
	{ 0 },
};
