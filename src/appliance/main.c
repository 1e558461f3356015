/* SPDX-License-Identifier: Apache-2.0 */
/* weft-appliance: what runs inside of an appliance, and does what the controller says. */
#include <glib-unix.h>
#include <stdio.h>

#include "appliance/api.h"
#include "appliance/channel.h"
#include "appliance/daemon/gre.h"
#include "appliance/daemon/metadata.h"
#include "appliance/oom.h"
#include "base/log.h"
#include "http/listen.h"

struct options {
	char *config, *gre, *metadata;
	gboolean check, version;
};

static bool parse_options(int *argc, char ***argv, struct options *options, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
			"Configuration file (" SETTINGS_DEFAULT_PATH ")", "FILE" },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
			"Read the configuration, say what is wrong, do nothing", NULL },
		{ "gre", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->gre,
			"Be the GRE tunnels of FILE", "FILE" },
		{ "metadata", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->metadata,
			"Be the metadata service of FILE", "FILE" },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Say the version", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- inside of a weft appliance");

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

/* That the management network reaches: nothing is open for one that only this machine does. */
static u16 open_port(const struct settings *settings)
{
	return http_listen_is_local(settings->listen) ? 0 : api_port(settings->listen);
}

static void run_until_told(GMainLoop *loop, const struct settings *settings)
{
	g_unix_signal_add(SIGTERM, quit, loop);
	g_unix_signal_add(SIGINT, quit, loop);
	log_info("weft-appliance " WEFT_VERSION " listens on %s", settings->listen);
	g_main_loop_run(loop);
	log_info("stopped");
}

static bool serve(const struct settings *settings, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(appliance) appliance = appliance_new(settings->folder, open_port(settings));
	struct api api = { .appliance = appliance, .credential = settings->credential };
	struct http_server *server = api_serve(&api, settings, error);
	g_autoptr(channel) channel = NULL;
	bool ok;

	oom_set_source(settings->memory_events);
	if (server && settings->channel)
		channel = channel_new(settings->channel, api_port(settings->listen), error);
	ok = server && !channel == !settings->channel;
	if (ok)
		run_until_told(loop, settings);
	if (server)
		http_server_free(server);
	api_clear(&api);
	return ok;
}

static bool run(const struct options *options, GError **error)
{
	if (options->gre)
		return gre_serve(options->gre, error);
	if (options->metadata)
		return metadata_run(options->metadata, error);

	g_autoptr(settings) settings =
		settings_load(options->config ?: SETTINGS_DEFAULT_PATH, error);

	return settings && (options->check || serve(settings, error));
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options = { 0 };
	bool ok;

	log_init("weft-appliance");
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "weft-appliance: %s\n", error->message);
		return 2;
	}
	if (options.version) {
		puts("weft-appliance " WEFT_VERSION);
		return 0;
	}
	ok = run(&options, &error);
	if (!ok)
		log_warning("%s", error->message);
	g_free(options.config);
	g_free(options.gre);
	g_free(options.metadata);
	return ok ? 0 : 1;
}
