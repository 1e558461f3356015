/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab guest` and `weft lab remove`. */
#include <stdio.h>

#include "cli/lab/commands.h"
#include "cli/lab/guest.h"
#include "cli/output.h"

static bool lab_guest(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	struct guest_wish wish = {
		.name = cli_argument(cli, 0),
		.network = cli_option(cli, "network"),
		.project = cli_option(cli, "project"),
		.subnet_range = cli_option(cli, "subnet-range"),
		.fixed_ip = cli_option(cli, "fixed-ip"),
		.port = cli_option(cli, "port"),
		.kind = cli_flag(cli, "vm") ? GUEST_VM : GUEST_NETNS,
		.addresses = cli_flag(cli, "bare") ? GUEST_BARE : GUEST_CONFIGURE,
	};
	u64 timeout = 30;
	json_t *port;

	if (!lab || !cli_number(cli, "timeout", 1, 3600, &timeout, error) ||
		!(wish.host = lab_host(lab, cli_option_or(cli, "host", "1"), error)))
		return false;
	if (!wish.network == !wish.port)
		return cli_usage(error,
			"say where the guest is to be: --network NET, or --port PORT that exists already");
	wish.timeout_ms = (unsigned)timeout * 1000;
	if (!guest_make(lab, &wish, &port, error)) {
		g_prefix_error(error, "guest '%s': ", wish.name);
		return false;
	}
	bool shown = output_object(cli, port, error);

	json_decref(port);
	return shown;
}

static bool lab_remove(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	g_autoptr(guest) guest = lab ? guest_load(lab, cli_argument(cli, 0), error) : NULL;

	return guest && guest_remove(lab, guest, error);
}

static const struct option guest_options[] = {
	{ "host", "HOST", "The hypervisor: 1 or h1 (default: 1)" },
	{ "network", "NETWORK", "The network, by name or id" },
	{ "subnet-range", "CIDR",
		"Make the network, with this subnet, if there is none of that name" },
	{ "project", "PROJECT", "The tenant whose network and port it is" },
	{ "fixed-ip", "ADDRESS", "The address (default: the next free one)" },
	{ "port", "PORT", "Use this port instead of a new one" },
	{ "vm", NULL, "A virtual machine (QEMU) instead of a namespace" },
	{ "bare", NULL, "Do not configure addresses in the guest" },
	{ "timeout", "SECONDS", "How long to wait for the port and the addresses (default: 30)" },
	{ NULL },
};

const struct command lab_guest_command = {
	.words = "lab guest",
	.summary = "Make a guest on a hypervisor of the lab and wait until it works",
	.arguments = "NAME",
	.details =
		"Creates a port bound to the host, a namespace (or a virtual machine) behind it, and lets it take its "
		"address by DHCP or from router advertisements. Prints the port.",
	.examples = "weft lab guest a --host 1 --network net1 --subnet-range 10.0.0.0/24\n"
		    "weft lab guest v --host 2 --network net1 --vm",
	.options = { guest_options, lab_options, output_options },
	.run = lab_guest,
};

const struct command lab_remove_command = {
	.words = "lab remove",
	.summary = "Remove a guest, and the port that was made with it",
	.arguments = "NAME",
	.examples = "weft lab remove a",
	.options = { lab_options },
	.run = lab_remove,
};
