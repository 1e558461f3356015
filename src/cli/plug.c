/* SPDX-License-Identifier: Apache-2.0 */
/* `weft plug`, `weft unplug`: which device of this hypervisor is behind which port. */
#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"

static bool call_and_print(struct cli *cli, const char *socket, json_t *request, GError **error)
{
	json_t *result = agent_call(socket, request, error);
	bool printed = result && output_object(cli, result, error);

	json_decref(result);
	return printed;
}

static bool plug(struct cli *cli, GError **error)
{
	struct hypervisor there = { 0 };
	u64 timeout = 10;

	if (!cli_number(cli, "timeout", 0, 60, &timeout, error) ||
		!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	bool plugged = call_and_print(cli, there.socket,
		json_pack("{s:s,s:s,s:s,s:I}", "op", "plug", "port", there.port_id, "device",
			cli_argument(cli, 1), "timeout_ms", (json_int_t)timeout * 1000),
		error);

	hypervisor_clear(&there);
	return plugged;
}

static bool unplug(struct cli *cli, GError **error)
{
	struct hypervisor there = { 0 };

	if (!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	bool unplugged = call_and_print(cli, there.socket,
		json_pack("{s:s,s:s}", "op", "unplug", "port", there.port_id), error);

	hypervisor_clear(&there);
	return unplugged;
}

static const struct option plug_options[] = {
	{ "timeout", "SECONDS",
		"How long to wait for the port to be known on this host (default: 10)" },
	{ "host", "HOST", "The host that %h in the socket's path stands for" },
	{ NULL },
};

const struct command plug_command = {
	.words = "plug",
	.summary = "Attach a device of this hypervisor to a port",
	.arguments = "PORT DEVICE",
	.details =
		"The device is a tap, or the host's end of a veth pair. The port must be bound to this host. The attachment is "
		"remembered: when a device of that name comes back, it is attached again.",
	.examples = "weft plug vm1 tap0",
	.options = { plug_options, agent_options, output_options, api_options },
	.run = plug,
};

const struct command unplug_command = {
	.words = "unplug",
	.summary = "Detach the device of a port",
	.arguments = "PORT",
	.examples = "weft unplug vm1",
	.options = { plug_options + 1, agent_options, output_options, api_options },
	.run = unplug,
};
