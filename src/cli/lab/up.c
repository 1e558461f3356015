/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab up` and `weft lab down`. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/lab/commands.h"
#include "cli/lab/guest.h"
#include "cli/lab/node.h"
#include "cli/lab/process.h"
#include "cli/lab/run.h"
#include "cli/lab/topology.h"

#define LAB_DEFAULT "lab"

const struct option lab_options[] = {
	{ "lab", "LAB", "Which lab (default: $WEFT_LAB, then " LAB_DEFAULT ")" },
	{ "name", "LAB", "The same", 0, OPTION_SPELLING },
	{ NULL },
};

const char *lab_wanted(const struct cli *cli)
{
	const char *environment = g_getenv("WEFT_LAB");

	return cli_option_or(cli, "lab", environment && *environment ? environment : LAB_DEFAULT);
}

bool lab_check_root(GError **error)
{
	return geteuid() == 0 ||
	       weft_fail(error, FORBIDDEN,
		       "a lab is made of network namespaces, which only root can make: use sudo");
}

struct lab *lab_of(const struct cli *cli, GError **error)
{
	return lab_check_root(error) ? lab_open(lab_wanted(cli), error) : NULL;
}

static void keep_first(GError **first, GError *problem)
{
	if (problem && !*first)
		*first = problem;
	else
		g_clear_error(&problem);
}

/* Takes down whatever is there; goes on after a failure, and keeps the folder if there was one. */
static bool take_down(const struct lab *lab, GError **error)
{
	g_auto(GStrv) guests = guest_names(lab), namespaces = NULL;
	GError *first = NULL;

	for (char **name = guests; *name; name++) {
		GError *problem = NULL;
		g_autofree char *netns = lab_netns(lab, *name),
				*etc = g_build_filename("/etc/netns", netns, NULL);

		guest_stop(lab, *name, &problem);
		keep_first(&first, problem);
		run(NULL, "rm", "-rf", "--one-file-system", etc, NULL);
	}
	for (unsigned host = 1; host <= lab->n_hosts; host++) {
		g_autofree char *node = g_strdup_printf("h%u", host);
		GError *problem = NULL;

		if (node_stop(lab, node, SIGTERM, &problem))
			node_cleanup_host(lab, host, &problem);
		keep_first(&first, problem);
	}
	GError *problem = NULL;

	node_stop(lab, NODE_WEFTD, SIGTERM, &problem);
	keep_first(&first, problem);
	namespaces = topology_netns(lab);
	for (char **name = namespaces; *name; name++) {
		problem = NULL;
		process_stop_netns(*name, &problem);
		keep_first(&first, problem);
	}
	problem = NULL;
	topology_remove(lab, &problem);
	keep_first(&first, problem);
	if (!first)
		return lab_forget(lab, error);
	g_propagate_error(error, first);
	return false;
}

static bool bring_up(struct lab *lab, GError **error)
{
	if (!lab_save(lab, error) || !topology_claim(lab, error) || !topology_make(lab, error))
		return false;
	if (!node_prepare_weftd(lab, error) || !node_start(lab, NODE_WEFTD, error))
		return false;
	for (unsigned host = 1; host <= lab->n_hosts; host++)
		if (!node_prepare_host(lab, host, error))
			return false;
	return node_start_hosts(lab, error);
}

/* Tokens of projects that are known beforehand need no restart of the controller. */
static bool add_projects(const struct cli *cli, const struct lab *lab, GError **error)
{
	GPtrArray *projects = cli_options(cli, "project");

	for (unsigned i = 0; projects && i < projects->len; i++) {
		bool made;
		g_autofree char *token = lab_project_token(lab, projects->pdata[i], &made, error);

		if (!token)
			return false;
	}
	return true;
}

static bool lab_up(struct cli *cli, GError **error)
{
	const char *name = lab_wanted(cli);
	g_autoptr(GError) problem = NULL;
	u64 hosts = 2, mtu = 1500;

	if (!lab_check_root(error) || !cli_number(cli, "hosts", 1, LAB_HOSTS_MAX, &hosts, error) ||
		!cli_number(cli, "mtu", 1280, 65535, &mtu, error))
		return false;
	gint64 begin = g_get_monotonic_time();
	g_autoptr(lab) lab = lab_new(name, error);

	if (!lab)
		return false;
	lab->n_hosts = (unsigned)hosts;
	lab->mtu = (unsigned)mtu;
	lab->underlay = !strcmp(cli_option_or(cli, "underlay", "4"), "6") ? 6 : 4;
	lab->encapsulation = g_strdup(cli_option_or(cli, "encapsulation", "geneve"));
	if (!add_projects(cli, lab, &problem) || !bring_up(lab, &problem)) {
		if (!cli_flag(cli, "keep") && !take_down(lab, NULL))
			g_prefix_error(&problem,
				"(and it could not be removed again; try 'weft lab down') ");
		g_propagate_prefixed_error(
			error, g_steal_pointer(&problem), "lab '%s' can't be brought up: ", name);
		return false;
	}
	g_autofree char *url = lab_url(lab);

	printf("lab '%s' is up: %u hosts, controller at %s (%.1f s)\n", name, lab->n_hosts, url,
		(double)(g_get_monotonic_time() - begin) / 1e6);
	printf("next: eval \"$(weft lab env%s%s)\"; weft lab guest a --host 1 --network net1 --subnet-range 10.0.0.0/24\n",
		strcmp(name, LAB_DEFAULT) ? " --lab " : "", strcmp(name, LAB_DEFAULT) ? name : "");
	return true;
}

static bool lab_down(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);

	if (!lab)
		return false;
	if (!take_down(lab, error)) {
		g_prefix_error(error,
			"lab '%s' is not gone altogether ('weft lab down' may be repeated): ",
			lab->name);
		return false;
	}
	printf("lab '%s' is gone\n", lab->name);
	return true;
}

static const char *const underlays[] = { "4", "6", NULL };
static const char *const encapsulations[] = { "geneve", "vxlan", NULL };

static const struct option up_options[] = {
	{ "hosts", "N", "How many hypervisors (default: 2)" },
	{ "underlay", "FAMILY", "IP version of the hypervisors' tunnel addresses (default: 4)", 0,
		0, underlays },
	{ "mtu", "BYTES", "MTU of the underlay (default: 1500)" },
	{ "encapsulation", "NAME", "Tunnel format that the hosts prefer (default: geneve)", 0, 0,
		encapsulations },
	{ "project", "PROJECT", "Make a tenant's token, for 'weft lab env --project'", 0,
		OPTION_REPEAT },
	{ "keep", NULL, "Leave what is there when it can't be brought up" },
	{ NULL },
};

const struct command lab_up_command = {
	.words = "lab up",
	.summary = "Make hypervisors and a controller on this machine",
	.details =
		"Each hypervisor is a network namespace with a weft-agent of its own; the controller runs beside them. "
		"Several labs may be up at once. Needs root.",
	.examples = "weft lab up\nweft lab up --lab six --hosts 3 --underlay 6 --mtu 9000",
	.options = { up_options, lab_options },
	.run = lab_up,
};

const struct command lab_down_command = {
	.words = "lab down",
	.summary = "Remove a lab: processes, namespaces, devices, files",
	.examples = "weft lab down",
	.options = { lab_options },
	.run = lab_down,
};
