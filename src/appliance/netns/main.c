/* SPDX-License-Identifier: Apache-2.0 */
/* weft-appliance-netns: runs one appliance in namespaces of this machine. */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/netns/machine.h"
#include "base/log.h"

struct options {
	char *folder, *inside, *cgroup;
	gboolean check, version;
};

struct run {
	GMainLoop *loop;
	struct machine *machine;
	const char *path;
};

static bool parse_options(int *argc, char ***argv, struct options *options, GError **error)
{
	const GOptionEntry entries[] = {
		{ "folder", 'f', 0, G_OPTION_ARG_FILENAME, &options->folder,
			"Where its socket and credential are (/run/weft/appliance/NAME, for NAME.json)",
			"FOLDER" },
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
			"Read the description, say what is wrong, do nothing", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Say the version", NULL },
		{ "inside", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->inside,
			"The first process of a machine", "PROGRAM" },
		{ "cgroup", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->cgroup,
			"Of --inside", "FOLDER" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("DESCRIPTION.json - run a weft appliance in namespaces");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (options->version || options->inside)
		return true;
	return *argc == 2 ||
	       weft_fail(error, INVALID_INPUT,
		       "one argument is expected, the file that describes the appliance; see --help");
}

static char *folder_of(const struct options *options, const char *path)
{
	g_autofree char *name = g_path_get_basename(path);

	if (options->folder)
		return g_canonicalize_filename(options->folder, NULL);
	if (g_str_has_suffix(name, ".json"))
		name[strlen(name) - strlen(".json")] = '\0';
	return g_build_filename("/run/weft/appliance", name, NULL);
}

/* It stands beside us. */
static char *find_program(GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", error);
	g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;

	return folder ? g_build_filename(folder, "weft-appliance", NULL) : NULL;
}

static gboolean quit(gpointer data)
{
	g_main_loop_quit(((struct run *)data)->loop);
	return G_SOURCE_CONTINUE;
}

/* SIGHUP: the description is read again. */
static gboolean reload(gpointer data)
{
	struct run *run = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(description) description = description_load(run->path, &error);

	if (description && machine_change(run->machine, description, &error))
		description = NULL;
	if (error)
		log_warning("the appliance goes on as it was: %s", error->message);
	return G_SOURCE_CONTINUE;
}

static bool serve(const struct options *options, const char *path, GError **error)
{
	g_autoptr(description) description = description_load(path, error);
	g_autofree char *folder = folder_of(options, path);
	g_autofree char *program = find_program(error);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct run run = { loop, NULL, path };

	if (!description || !program || options->check)
		return description && program;
	if (!machine_new(g_steal_pointer(&description), folder, program, &run.machine, error))
		return false;
	g_unix_signal_add(SIGTERM, quit, &run);
	g_unix_signal_add(SIGINT, quit, &run);
	g_unix_signal_add(SIGHUP, reload, &run);
	log_info("the appliance of %s runs; its API is at %s/api.sock", path, folder);
	g_main_loop_run(loop);
	machine_free(run.machine);
	log_info("stopped");
	return true;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options = { 0 };
	int status = 1;

	log_init("weft-appliance-netns");
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "weft-appliance-netns: %s\n", error->message);
		return 2;
	}
	if (options.version)
		return puts("weft-appliance-netns " WEFT_VERSION) < 0;
	if (options.inside)
		status = machine_inside(options.folder, options.inside, options.cgroup, &error);
	else
		status = !serve(&options, argv[1], &error);
	if (error)
		log_warning("%s", error->message);
	return error ? 1 : status;
}
