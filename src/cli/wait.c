/* SPDX-License-Identifier: Apache-2.0 */
/* `weft wait port`, `weft wait revision`. */
#include "cli/wait.h"

#include <stdio.h>

#include "cli/commands.h"
#include "cli/resolve.h"
#include "model/port/port.h"

#define TIMEOUT_DEFAULT_S 60
#define TIMEOUT_MAX_S 600 /* the controller's limit */
#define ANSWER_MARGIN_S 10

static json_t *wait_call(
	struct client *client, const char *condition, u64 timeout_s, GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"/weft/v1/wait?timeout=%" G_GUINT64_FORMAT "%s", (guint64)timeout_s, condition);

	client_set_timeout(client, (unsigned)timeout_s + ANSWER_MARGIN_S);
	return client_call(client, "GET", path, NULL, error);
}

bool wait_for_port(
	struct client *client, const char *id, const char *status, u64 timeout_s, GError **error)
{
	g_autofree char *condition = g_strdup_printf("&port=%s&status=%s", id, status);
	json_t *answer = wait_call(client, condition, timeout_s, error);

	json_decref(answer);
	return answer != NULL;
}

static bool wait_port(struct cli *cli, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *id =
		client ? resolve_id(client, &port_kind, cli_argument(cli, 0), NULL, error) : NULL;
	u64 timeout_s = TIMEOUT_DEFAULT_S;

	return id && cli_number(cli, "timeout", 0, TIMEOUT_MAX_S, &timeout_s, error) &&
	       wait_for_port(client, id, cli_option_or(cli, "status", "ACTIVE"), timeout_s, error);
}

static bool wait_revision(struct cli *cli, GError **error)
{
	struct client *client = cli_client(cli, error);
	const char *wanted = cli_argument(cli, 0);
	guint64 revision = 0;
	u64 timeout_s = TIMEOUT_DEFAULT_S;

	if (!client || !cli_number(cli, "timeout", 0, TIMEOUT_MAX_S, &timeout_s, error))
		return false;
	if (wanted && !g_ascii_string_to_unsigned(wanted, 10, 0, G_MAXINT64, &revision, NULL))
		return cli_usage(error,
			"'%s' is no revision; wanted is a number, or nothing for the newest",
			wanted);
	g_autofree char *condition =
		wanted ? g_strdup_printf("&revision=%s", wanted) : g_strdup("");
	json_t *answer = wait_call(client, condition, timeout_s, error);

	if (!answer)
		return false;
	printf("%lld\n", (long long)json_integer_value(json_object_get(answer, "revision")));
	json_decref(answer);
	return true;
}

static const char *const statuses[] = { "ACTIVE", "DOWN", "BUILD", "ERROR", NULL };

static const struct option wait_options[] = {
	{ "status", "STATUS", "Which (default: ACTIVE)", 0, 0, statuses },
	{ "timeout", "SECONDS", "How long (default: 60, at most 600); then the exit code is 5" },
	{ NULL },
};

const struct command wait_port_command = {
	.words = "wait port",
	.summary = "Wait until a port has a status",
	.arguments = "PORT",
	.examples = "weft wait port vm1 --status ACTIVE --timeout 10",
	.options = { wait_options, api_options },
	.run = wait_port,
};

const struct command wait_revision_command = {
	.words = "wait revision",
	.summary = "Wait until every connected host has applied a revision",
	.arguments = "[REVISION]",
	.details =
		"Without a number: the newest, so that everything that was changed before is in effect afterwards. Each "
		"answer of the API carries its revision as X-Weft-Revision.",
	.examples = "weft wait revision",
	.options = { wait_options + 1, api_options },
	.run = wait_revision,
};
