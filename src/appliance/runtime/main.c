/* SPDX-License-Identifier: Apache-2.0 */
/* weft-appliance-netns, weft-appliance-qemu: runs one appliance in a machine of namespaces, or in a
 * virtual one. */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/netns/netns.h"
#include "appliance/runtime/machine.h"
#include "base/log.h"

#ifdef WITH_QEMU
static const struct runtime *const runtime = &qemu_runtime;
#else
static const struct runtime *const runtime = &netns_runtime;
#endif

struct options {
	char *folder, *inside, *cgroup, *qemu;
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
#ifdef WITH_QEMU
		{ "qemu", 0, 0, G_OPTION_ARG_FILENAME, &options->qemu,
			"The emulator (qemu-system-x86_64)", "PROGRAM" },
#endif
		{ "check", 0, 0, G_OPTION_ARG_NONE, &options->check,
			"Read the description, say what is wrong, do nothing", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Say the version", NULL },
		{ "inside", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->inside,
			"The first process of a machine", "PROGRAM" },
		{ "cgroup", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->cgroup,
			"Of --inside", "FOLDER" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(
		"DESCRIPTION.json - run a weft appliance in a machine of its own");

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

/* weft-appliance stands beside us; QEMU has one of its own inside. */
static char *find_program(const struct options *options, GError **error)
{
	g_autofree char *self = NULL, *folder = NULL;

	if (runtime == &qemu_runtime)
		return g_strdup(options->qemu ?: "qemu-system-x86_64");
	self = g_file_read_link("/proc/self/exe", error);
	folder = self ? g_path_get_dirname(self) : NULL;
	return folder ? g_build_filename(folder, "weft-appliance", NULL) : NULL;
}

/* One that this runtime can make. */
static struct description *load(const char *path, GError **error)
{
	g_autoptr(description) description = description_load(path, error);

	if (!description || runtime->check(description, error))
		return g_steal_pointer(&description);
	g_prefix_error(error, "%s: ", path);
	return NULL;
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
	g_autoptr(description) description = load(run->path, &error);

	if (description && machine_change(run->machine, description, &error))
		description = NULL;
	if (error)
		log_warning("the appliance goes on as it was: %s", error->message);
	return G_SOURCE_CONTINUE;
}

static bool serve(const struct options *options, const char *path, GError **error)
{
	g_autoptr(description) description = load(path, error);
	g_autofree char *folder = folder_of(options, path);
	g_autofree char *program = description ? find_program(options, error) : NULL;
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct run run = { loop, NULL, path };

	if (!description || !program || options->check)
		return description && program;
	/* First, so that one who is told to end while he makes the machine takes it away again. */
	g_unix_signal_add(SIGTERM, quit, &run);
	g_unix_signal_add(SIGINT, quit, &run);
	g_unix_signal_add(SIGHUP, reload, &run);
	if (!machine_new(
		    g_steal_pointer(&description), runtime, folder, program, &run.machine, error))
		return false;
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

	log_init(runtime->program);
	if (!parse_options(&argc, &argv, &options, &error)) {
		fprintf(stderr, "%s: %s\n", runtime->program, error->message);
		return 2;
	}
	if (options.version)
		return printf("%s " WEFT_VERSION "\n", runtime->program) < 0;
	if (options.inside)
		status = netns_inside(options.folder, options.inside, options.cgroup, &error);
	else
		status = !serve(&options, argv[1], &error);
	if (error)
		log_warning("%s", error->message);
	return error ? 1 : status;
}
