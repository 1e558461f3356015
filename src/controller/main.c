/* SPDX-License-Identifier: Apache-2.0 */
/* weftd, the controller. */
#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "controller/policy/policy_file.h"
#include "controller/provider/host.h"
#include "controller/weftd.h"

#define DEFAULT_CONFIG "/etc/weft/weftd.conf"

#define MMAP_THRESHOLD (256 * 1024)

enum exit_code { EXIT_CODE_OK, EXIT_CODE_FAILED, EXIT_CODE_USAGE };

struct options {
	char *config, *provider;
	gboolean check, print_policy, version;
};

static bool parse_options(int *argc, char ***argv, struct options *options, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
			"Configuration file (" DEFAULT_CONFIG ")", "FILE" },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
			"Read the configuration, say what is wrong, do nothing", NULL },
		{ "print-policy", 0, 0, G_OPTION_ARG_NONE, &options->print_policy,
			"Print all rules of the policy with their defaults", NULL },
		{ "provider-host", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME,
			&options->provider, "What weftd starts for each plug-in", "FILE" },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_summary(context, "The controller of weft.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc > 1)
		return weft_fail(
			error, INVALID_INPUT, "'%s' is not understood; see --help", (*argv)[1]);
	return true;
}

/* A connection is a descriptor; the default limit of 1024 is none of an operator's choosing. */
static void raise_descriptor_limit(unsigned connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = MIN(limit.rlim_max, MAX(limit.rlim_cur, connections + 256ul));
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < connections + 256ul)
		log_warning("only %lu files may be open, so fewer than %u connections",
			(unsigned long)limit.rlim_cur, connections);
}

static gboolean stop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* A signal that comes while the state is loaded waits for the loop, and ends it cleanly then. */
static bool serve(const struct options *options, GError **error)
{
	g_autoptr(config) config = config_load(options->config ?: DEFAULT_CONFIG, error);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(weftd) weftd = NULL;
	guint term, interrupt;

	if (!config || options->check)
		return config != NULL;
	term = g_unix_signal_add(SIGTERM, stop, loop);
	interrupt = g_unix_signal_add(SIGINT, stop, loop);
	raise_descriptor_limit(config->connections_max);
	weftd = weftd_new(config, error);
	if (weftd) {
		g_main_loop_run(loop);
		log_info("stopping");
	}
	g_source_remove(term);
	g_source_remove(interrupt);
	return weftd != NULL;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	g_autoptr(GError) error = NULL;
	bool served;

	/* Snapshots and long lists are large and short-lived: given back to the kernel at once,
	 * instead of raising this threshold and staying in the heap. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	setlocale(LC_ALL, "");
	log_init("weftd");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may grow no more is an error of its write */
	if (sodium_init() < 0)
		return EXIT_CODE_FAILED;
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "weftd: %s\n", error->message);
		return EXIT_CODE_USAGE;
	}
	if (options.version) {
		puts("weftd " WEFT_VERSION);
		return EXIT_CODE_OK;
	}
	if (options.print_policy) {
		g_autofree char *text = policy_file_print();

		fputs(text, stdout);
		return EXIT_CODE_OK;
	}
	if (options.provider)
		return provider_host_run(options.provider);
	served = serve(&options, &error);
	g_free(options.config);
	if (served)
		return EXIT_CODE_OK;
	fprintf(stderr, "weftd: %s\n", error->message);
	return EXIT_CODE_FAILED;
}
