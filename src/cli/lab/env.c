/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab env`: what a shell needs to talk to the lab with `weft` and `openstack`. */
#include <stdio.h>

#include "cli/lab/commands.h"
#include "cli/lab/node.h"

static bool lab_env(struct cli *cli, GError **error)
{
	g_autoptr(lab) lab = lab_of(cli, error);
	const char *project = cli_option(cli, "project");

	if (!lab)
		return false;
	bool made = false;
	g_autofree char *url = lab_url(lab), *address = lab_management_address(lab, 0);
	g_autofree char *socket = lab_path(lab, "%%h/run/agent.sock");
	g_autofree char *token =
		project ? lab_project_token(lab, project, &made, error) : g_strdup(lab->token);

	if (!token || (made && !node_reload_weftd(lab, error)))
		return false;
	printf("export WEFT_LAB=%s\n", lab->name);
	printf("export WEFT_URL=%s WEFT_TOKEN=%s\n", url, token);
	printf("export WEFT_AGENT_SOCKET=%s\n", socket);
	printf("unset OS_CLOUD OS_AUTH_URL OS_USERNAME OS_PASSWORD OS_PROJECT_NAME OS_REGION_NAME\n");
	printf("export OS_AUTH_TYPE=admin_token OS_ENDPOINT=%s OS_TOKEN=%s\n", url, token);
	printf("export no_proxy=%s${no_proxy:+,$no_proxy}\n", address);
	return true;
}

static const struct option env_options[] = {
	{ "project", "PROJECT", "Be a member of this project instead of the administrator" },
	{ NULL },
};

const struct command lab_env_command = {
	.words = "lab env",
	.summary = "Print the variables that make 'weft' and 'openstack' talk to the lab",
	.details =
		"A project that is named for the first time gets a token, for which the controller is started again.",
	.examples = "eval \"$(weft lab env)\"\neval \"$(weft lab env --project red)\"",
	.options = { env_options, lab_options },
	.run = lab_env,
};
