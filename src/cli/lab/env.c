/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab env`: what a shell needs to talk to the lab with `weft` and `openstack`. */
#include <stdio.h>

#include "cli/lab/commands.h"
#include "cli/lab/node.h"

/* As the user admin of the lab's Identity. */
static bool print_login(const struct lab *lab, const char *url, GError **error)
{
	g_autofree char *password = lab_admin_password(lab, error);

	if (!password)
		return false;
	printf("unset OS_CLOUD OS_AUTH_TYPE OS_ENDPOINT OS_TOKEN OS_REGION_NAME\n");
	printf("export OS_AUTH_URL=%s OS_IDENTITY_API_VERSION=3\n", url);
	printf("export OS_USERNAME=admin OS_PASSWORD=%s OS_PROJECT_NAME=admin\n", password);
	printf("export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default\n");
	return true;
}

static void print_token(const char *url, const char *token)
{
	printf("unset OS_CLOUD OS_AUTH_URL OS_USERNAME OS_PASSWORD OS_PROJECT_NAME OS_REGION_NAME\n");
	printf("unset OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_NAME\n");
	printf("export OS_AUTH_TYPE=admin_token OS_ENDPOINT=%s OS_TOKEN=%s\n", url, token);
}

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

	if (!token || (made && !node_reload_weftd(lab, error)) ||
		(!project && !print_login(lab, url, error)))
		return false;
	if (project)
		print_token(url, token);
	printf("export WEFT_LAB=%s\n", lab->name);
	printf("export WEFT_URL=%s WEFT_TOKEN=%s\n", url, token);
	printf("export WEFT_AGENT_SOCKET=%s\n", socket);
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
