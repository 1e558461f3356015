/* SPDX-License-Identifier: Apache-2.0 */
#include <glib-unix.h>
#include <malloc.h>
#include <stdio.h>

#include "agent/agent.h"
#include "base/log.h"

struct options {
	char *config;
	gboolean cleanup, check, version;
};

static bool parse_options(int *argc, char ***argv, struct options *ret, GError **error)
{
	struct options options = { 0 };
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options.config,
			"Configuration file (" CONFIG_DEFAULT_PATH ")", "FILE" },
		{ "cleanup", 0, 0, G_OPTION_ARG_NONE, &options.cleanup,
			"Detach everything, remove every pin, and end", NULL },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options.check,
			"Read the configuration, and end", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options.version, "Say the version", NULL },
		{ NULL },
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- the agent of a weft hypervisor");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc > 1)
		return weft_fail(error, INVALID_INPUT,
			"\"%s\": no arguments are expected; see --help", (*argv)[1]);
	if (!options.config)
		options.config = g_strdup(CONFIG_DEFAULT_PATH);
	*ret = options;
	return true;
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean reopen(gpointer agent)
{
	logs_reopen(((struct agent *)agent)->logs);
	return G_SOURCE_CONTINUE;
}

static bool run(const struct config *config, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct agent *agent;
	bool cleanup;

	if (!agent_new(config, loop, &agent, error))
		return false;
	g_unix_signal_add(SIGTERM, quit, loop);
	g_unix_signal_add(SIGINT, quit, loop);
	g_unix_signal_add(SIGHUP, reopen, agent);
	log_info("weft-agent " WEFT_VERSION " runs for host %s", config->host);
	g_main_loop_run(loop);
	cleanup = agent->cleanup_at_end;
	agent_free(agent);
	if (cleanup)
		return agent_cleanup(config, error);
	log_info("stopped; the edge switch goes on forwarding");
	return true;
}

/* Large blocks (a snapshot's text, a list of devices) go back to the kernel when they are freed:
 * the thresholds that glibc adapts to them (mallopt(3)) would keep them for ever. One arena: one
 * thread does the work. */
static void tune_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	mallopt(M_ARENA_MAX, 1);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct config *config = NULL;
	struct options options = { 0 };
	bool done;

	tune_memory();
	log_init("weft-agent");
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "weft-agent: %s\n", error->message);
		return 2;
	}
	if (options.version) {
		puts("weft-agent " WEFT_VERSION);
		return 0;
	}
	done = config_load(options.config, &config, &error);
	if (done && options.cleanup)
		done = agent_cleanup(config, &error);
	else if (done && !options.check)
		done = run(config, &error);
	if (!done)
		log_warning("%s", error->message);
	config_free(config);
	g_free(options.config);
	return done ? 0 : 1;
}
