/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab status` and `weft lab logs`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/lab/commands.h"
#include "cli/lab/node.h"
#include "cli/lab/process.h"
#include "cli/output.h"

static json_t *node_row(
	const struct lab *lab, const char *node, const char *kind, const char *address)
{
	int pid = node_pid(lab, node);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "lab", lab->name, "name", node, "kind", kind,
		"state", pid ? "running" : "stopped", "address", address, "pid",
		pid ? json_integer(pid) : json_null());
}

static json_t *guest_row(const struct lab *lab, const char *name)
{
	g_autoptr(guest) guest = guest_load(lab, name, NULL);

	if (!guest)
		return json_pack("{s:s,s:s,s:s,s:s}", "lab", lab->name, "name", name, "kind",
			"guest", "state", "half made");
	g_autofree char *record = lab_path(lab, "guest-%s/qemu.pid", name),
			*host = g_strdup_printf("h%u", guest->host);
	int pid = guest->vm ? process_pid(record) : 0;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "lab", lab->name, "name", name,
		"kind", guest->vm ? "vm" : "guest", "state",
		guest->vm && !pid ? "stopped" : "running", "host", host, "port", guest->port_id,
		"device", guest->device, "pid", pid ? json_integer(pid) : json_null());
}

static void add_lab(json_t *rows, const struct lab *lab)
{
	g_autofree char *url = lab_url(lab);
	g_auto(GStrv) guests = guest_names(lab);

	json_array_append_new(rows, node_row(lab, NODE_WEFTD, "controller", url));
	for (unsigned host = 1; host <= lab->n_hosts; host++) {
		g_autofree char *node = g_strdup_printf("h%u", host),
				*tunnel = lab_tunnel_address(lab, host);

		json_array_append_new(rows, node_row(lab, node, "host", tunnel));
	}
	for (char **guest = guests; *guest; guest++)
		json_array_append_new(rows, guest_row(lab, *guest));
}

static bool lab_status(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "lab", "name", "kind", "state", "host", "address",
		"port", NULL };
	bool all = !cli_option(cli, "lab") && !g_getenv("WEFT_LAB");
	g_auto(GStrv) names = all ? lab_names() : g_strsplit(lab_wanted(cli), "/", 1);
	json_t *rows = json_array();
	bool shown = lab_check_root(error);

	for (char **name = names; shown && *name; name++) {
		g_autoptr(lab) lab = lab_open(*name, error);

		shown = lab != NULL;
		if (lab)
			add_lab(rows, lab);
	}
	shown = shown && output_list(cli, columns, rows, error);
	json_decref(rows);
	return shown;
}

static bool print_log(const struct lab *lab, const char *node, u64 lines, GError **error)
{
	g_autofree char *path = lab_path(lab, "%s/log", node), *tail = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return weft_fail(error, NOT_FOUND,
			"%s of lab '%s' has no log; it was never started", node, lab->name);
	tail = process_log_tail(path, (unsigned)lines);
	g_auto(GStrv) text = g_strsplit(tail, "\n", 0);

	for (char **line = text; *line; line++)
		printf("%s: %s\n", node, *line);
	return true;
}

static bool lab_logs(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	const char *wanted = cli_argument(cli, 0);
	u64 lines = 100;

	if (!lab || !cli_number(cli, "lines", 1, 1000000, &lines, error))
		return false;
	if (wanted) {
		g_autofree char *node = node_name(lab, wanted, error);

		return node && print_log(lab, node, lines, error);
	}
	if (!print_log(lab, NODE_WEFTD, lines, error))
		return false;
	for (unsigned host = 1; host <= lab->n_hosts; host++) {
		g_autofree char *node = g_strdup_printf("h%u", host);

		if (!print_log(lab, node, lines, error))
			return false;
	}
	return true;
}

const struct command lab_status_command = {
	.words = "lab status",
	.summary = "List the labs of this machine, their daemons and guests",
	.examples = "weft lab status\nweft lab status -f json",
	.options = { lab_options, output_options },
	.run = lab_status,
};

static const struct option log_options[] = {
	{ "lines", "N", "How many of the last lines of each (default: 100)" },
	{ NULL },
};

const struct command lab_logs_command = {
	.words = "lab logs",
	.summary = "Print the logs of the controller and the agents",
	.arguments = "[NODE]",
	.examples = "weft lab logs\nweft lab logs h1",
	.options = { log_options, lab_options },
	.run = lab_logs,
};
