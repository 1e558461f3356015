/* SPDX-License-Identifier: Apache-2.0 */
/* weft-virtual-router: a provider of network services, by appliances on this hypervisor. */
#include <glib-unix.h>
#include <stdio.h>

#include "appliance/router/webhook.h"
#include "base/log.h"

struct options {
	char *config;
	gboolean check, version;
};

static bool parse_options(int *argc, char ***argv, struct options *options, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
			"Configuration file (" ROUTER_SETTINGS_PATH ")", "FILE" },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
			"Read the configuration, say what is wrong, do nothing", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Say the version", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- virtual routers of weft on this hypervisor");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	return *argc == 1 || weft_fail(error, INVALID_INPUT,
				     "\"%s\": no arguments are expected; see --help", (*argv)[1]);
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static bool serve(const struct router_settings *settings, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(rest) weftd = rest_new(settings->controller, NULL, settings->ca_file,
		"X-Auth-Token", settings->token, 8, error);
	struct service service = { settings, weftd };
	g_autoptr(http_server) server = weftd ? webhook_serve(&service, error) : NULL;

	if (!server)
		return false;
	g_unix_signal_add(SIGTERM, quit, loop);
	g_unix_signal_add(SIGINT, quit, loop);
	log_info("weft-virtual-router " WEFT_VERSION " listens on %s", settings->listen);
	g_main_loop_run(loop);
	log_info("stopped; the routers go on");
	return true;
}

static bool run(const struct options *options, GError **error)
{
	g_autoptr(router_settings) settings =
		router_settings_load(options->config ?: ROUTER_SETTINGS_PATH, error);

	return settings && (options->check || serve(settings, error));
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options = { 0 };
	bool ok;

	log_init("weft-virtual-router");
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "weft-virtual-router: %s\n", error->message);
		return 2;
	}
	if (options.version) {
		puts("weft-virtual-router " WEFT_VERSION);
		return 0;
	}
	ok = run(&options, &error);
	if (!ok)
		log_warning("%s", error->message);
	g_free(options.config);
	return ok ? 0 : 1;
}
