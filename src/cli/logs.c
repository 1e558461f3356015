/* SPDX-License-Identifier: Apache-2.0 */
/* `weft logs`: what the firewall of this hypervisor has written down. */
#include <stdio.h>

#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"

static bool print_event(const json_t *event, const struct hypervisor *there)
{
	const char *port = json_string_value(json_object_get(event, "port_id"));

	if (there->port_id && g_strcmp0(port, there->port_id))
		return true;
	return !json_dumpf(event, stdout, JSON_COMPACT) && putchar('\n') == '\n' && !fflush(stdout);
}

/* One event, or those that have been. */
static bool print_events(const json_t *item, void *there)
{
	const json_t *events = json_object_get(item, "events");
	json_t *event;
	size_t i;

	if (!events)
		return print_event(item, there);
	json_array_foreach(events, i, event)
		if (!print_event(event, there))
			return false;
	return true;
}

static bool logs(struct cli *cli, GError **error)
{
	bool follow = cli_flag(cli, "follow"), done;
	struct hypervisor there = { 0 };
	json_t *request, *result = NULL;
	u64 lines = follow ? 0 : 1000;

	if (!cli_number(cli, "lines", 0, 1000, &lines, error) ||
		!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	request = json_pack(
		"{s:s,s:I,s:b}", "op", "logs", "lines", (json_int_t)lines, "follow", (int)follow);
	if (follow) {
		done = agent_stream(there.socket, request, print_events, &there, error);
	} else {
		result = agent_call(there.socket, request, error);
		done = result && print_events(result, &there);
	}
	json_decref(result);
	hypervisor_clear(&there);
	return done;
}

static const struct option logs_options[] = {
	{ "follow", NULL, "Go on with what comes, until this is interrupted" },
	{ "lines", "NUMBER", "At most so many that have been (default: 1000; with --follow: 0)" },
	{ "host", "HOST", "The host that %h in the socket's path stands for" },
	{ NULL },
};

const struct command logs_command = {
	.words = "logs",
	.summary = "Show what the firewall of this hypervisor, or of a port, has written down",
	.arguments = "[PORT]",
	.details =
		"One JSON object a line for each connection that was accepted and each packet that was dropped, of the ports "
		"that network logs are about (weft network log create). The agent keeps the last 1000.",
	.examples = "weft logs --follow\nweft logs vm1 --follow --lines 10\nweft logs --lines 100",
	.options = { logs_options, agent_options, api_options },
	.run = logs,
};
