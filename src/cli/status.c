/* SPDX-License-Identifier: Apache-2.0 */
/* `weft status`: the controller and its hosts; on a hypervisor, the agent. */
#include <stdio.h>
#include <string.h>

#include "cli/agent_client.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"

static json_t *count_ports(struct client *client, GError **error)
{
	json_t *answer = client_call(client, "GET", "/v2.0/ports?fields=status", NULL, error),
	       *port;
	json_t *counts = json_object();
	size_t i;

	json_array_foreach(json_object_get(answer, "ports"), i, port) {
		const char *status = json_string_value(json_object_get(port, "status"));
		json_int_t n = json_integer_value(json_object_get(counts, status));

		json_object_set_new(counts, status, json_integer(n + 1));
	}
	json_decref(answer);
	return counts;
}

/* What a person wants of a host: one row. */
static json_t *host_row(const json_t *host, json_int_t revision)
{
	bool managed = json_is_true(json_object_get(host, "managed")),
	     alive = json_is_true(json_object_get(host, "alive"));
	json_int_t has = json_integer_value(json_object_get(host, "acknowledged_revision"));
	json_int_t told = json_integer_value(json_object_get(host, "told_revision"));
	const char *state = !managed			   ? "unmanaged"
			    : !alive			   ? "down"
			    : has < told && has < revision ? "behind"
							   : "up to date";

	return json_pack("{s:O,s:s,s:O,s:O,s:O}", "host", json_object_get(host, "name"), "state",
		state, "revision", json_object_get(host, "acknowledged_revision"), "ports",
		json_object_get(host, "ports"), "last_seen", json_object_get(host, "last_seen"));
}

static bool print_controller(
	struct cli *cli, const json_t *status, const json_t *ports, GError **error)
{
	static const char *const columns[] = { "host", "state", "revision", "ports", "last_seen",
		NULL };
	json_int_t revision = json_integer_value(json_object_get(status, "revision"));
	json_t *rows = json_array(), *host;
	g_autofree char *by_state = output_cell(ports);
	size_t i;

	printf("controller  %s, version %s, revision %lld\n", client_url(cli->client),
		json_string_value(json_object_get(status, "version")), (long long)revision);
	printf("ports       %s\n", *by_state ? by_state : "none");
	json_array_foreach(json_object_get(status, "hosts"), i, host)
		json_array_append_new(rows, host_row(host, revision));
	bool printed = !json_array_size(rows) || (puts(""), output_list(cli, columns, rows, error));

	json_decref(rows);
	return printed;
}

static bool is_table(const struct cli *cli)
{
	return !strcmp(cli_option_or(cli, "format", "table"), "table") &&
	       !cli_option(cli, "column");
}

static bool controller_status(struct cli *cli, GError **error)
{
	struct client *client = cli_client(cli, error);
	json_t *status = client ? client_call(client, "GET", "/weft/v1/status", NULL, error) : NULL;

	if (!status)
		return false;
	json_t *ports = count_ports(client, NULL);

	json_object_set(status, "ports_by_status", ports);
	bool printed = is_table(cli) ? print_controller(cli, status, ports, error)
				     : output_object(cli, status, error);

	json_decref(ports);
	json_decref(status);
	return printed;
}

static bool agent_status(struct cli *cli, const char *socket, GError **error)
{
	json_t *status = agent_call(socket, json_pack("{s:s}", "op", "status"), error);
	bool printed = status && output_object(cli, status, error);

	json_decref(status);
	return printed;
}

static bool status(struct cli *cli, GError **error)
{
	const char *host = cli_option(cli, "host"), *named = cli_option(cli, "socket");
	bool here = g_file_test(AGENT_SOCKET_DEFAULT, G_FILE_TEST_EXISTS);
	struct hypervisor there = { 0 };

	if (!host && !named && cli_has_controller(cli))
		return controller_status(cli, error);
	if (!host && !named && !here)
		return cli_usage(error, "of what? no agent runs here (" AGENT_SOCKET_DEFAULT
					"), and neither WEFT_URL nor --url names a controller");
	if (!hypervisor_find(cli, NULL, host, &there, error))
		return false;
	bool shown = agent_status(cli, there.socket, error);

	hypervisor_clear(&there);
	return shown;
}

static const struct option status_options[] = {
	{ "host", "HOST", "The agent of this host, by the socket's path with %h" },
	{ NULL },
};

const struct command status_command = {
	.words = "status",
	.summary = "Show whether everything is up and up to date",
	.details =
		"The controller and all hosts, if a controller is named; else, or with --host or --socket, one host's agent.",
	.examples = "weft status\nweft status --socket /run/weft/agent.sock -f json",
	.options = { status_options, agent_options, output_options, api_options },
	.run = status,
};
