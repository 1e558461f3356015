/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab stop` and `weft lab start`: to see what goes on without a daemon, and that it comes
 * back. */
#include <signal.h>

#include "cli/lab/commands.h"
#include "cli/lab/node.h"

static bool lab_stop(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	g_autofree char *node = lab ? node_name(lab, cli_argument(cli, 0), error) : NULL;

	if (!node)
		return false;
	if (!node_pid(lab, node))
		return weft_fail(error, CONFLICT, "%s of lab '%s' does not run", node, lab->name);
	return node_stop(lab, node, cli_flag(cli, "kill") ? SIGKILL : SIGTERM, error);
}

static bool lab_start(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	g_autofree char *node = lab ? node_name(lab, cli_argument(cli, 0), error) : NULL;

	return node && node_start(lab, node, error);
}

static const struct option stop_options[] = {
	{ "kill", NULL, "By SIGKILL, as a crash would" },
	{ NULL },
};

const struct command lab_stop_command = {
	.words = "lab stop",
	.summary = "Stop the controller (weftd) or a hypervisor's agent (h1, h2 …)",
	.arguments = "NODE",
	.details = "Traffic goes on: what forwards is in the kernel.",
	.examples = "weft lab stop h1 --kill\nweft lab stop weftd",
	.options = { stop_options, lab_options },
	.run = lab_stop,
};

const struct command lab_start_command = {
	.words = "lab start",
	.summary = "Start a stopped daemon and wait until it works",
	.arguments = "NODE",
	.examples = "weft lab start h1",
	.options = { lab_options },
	.run = lab_start,
};
