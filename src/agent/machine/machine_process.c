/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_process.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/runtime/folder.h"

#define END_MS 6000 /* it ends what is in it first, for at most three seconds */

static char *path_of(const struct machine_place *place, const char *id, const char *suffix)
{
	g_autofree char *name = g_strconcat(id, suffix, NULL);

	return g_build_filename(place->folder, name, NULL);
}

struct machine_files machine_files_of(const struct machine_place *place, const char *id)
{
	return (struct machine_files){
		.folder = path_of(place, id, ""),
		.description = path_of(place, id, ".json"),
		.shape = path_of(place, id, ".shape"),
		.log = path_of(place, id, ".log"),
		.listeners = path_of(place, id, ".listeners"),
		.events = path_of(place, id, ".events"),
	};
}

void machine_files_clear(struct machine_files *files)
{
	g_free(files->folder);
	g_free(files->description);
	g_free(files->shape);
	g_free(files->log);
	g_free(files->listeners);
	g_free(files->events);
}

void machine_files_remove(const struct machine_files *files)
{
	unlink(files->description);
	unlink(files->shape);
	unlink(files->log);
	unlink(files->listeners);
	unlink(files->events);
	folder_remove(files->folder); /* of one that was killed */
}

char *machine_file_read(const char *path)
{
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

bool machine_file_write(const char *path, const char *text, GError **error)
{
	g_autofree char *old = machine_file_read(path), *folder = g_path_get_dirname(path);

	if (!g_strcmp0(old, text))
		return true;
	if (g_mkdir_with_parents(folder, 0700))
		return weft_fail_errno(error, errno, "make the folder %s", folder);
	return g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

char *machine_state(const struct machine_files *files, char **ret_reason)
{
	g_autofree char *path = g_build_filename(files->folder, "state.json", NULL);
	json_t *json = json_load_file(path, 0, NULL);
	char *status = g_strdup(json_string_value(json_object_get(json, "status")));

	*ret_reason = g_strdup(json_string_value(json_object_get(json, "status_reason")));
	json_decref(json);
	return status;
}

/* Without the time and the program's name before it. */
char *machine_last_word(const struct machine_files *files)
{
	g_autofree char *text = machine_file_read(files->log);
	char *line, *colon;

	if (!text || !*g_strstrip(text))
		return NULL;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	colon = strstr(line, ": ");
	return g_utf8_make_valid(colon ? colon + 2 : line, -1);
}

int machine_process_find(const struct machine_files *files)
{
	return folder_owner(files->folder);
}

static void become_nobodys(gpointer data)
{
	(void)data;
	setsid();
}

/* The log is the last process's: what it says at its end is why it has ended. */
static int open_log(const char *path, GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		weft_fail_errno(error, errno, "open %s", path);
	return fd;
}

int machine_process_start(const struct machine_place *place, const struct machine_files *files,
	bool is_virtual, GError **error)
{
	const char *const argv[] = { is_virtual ? place->virtual : place->netns, "--folder",
		files->folder, files->description, is_virtual ? "--qemu" : NULL, place->qemu,
		NULL };
	int log = open_log(files->log, error), pidfd = -1;
	GPid pid;

	if (log < 0)
		return -1;
	if (g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL,
		    become_nobodys, NULL, -1, -1, log, NULL, NULL, 0, &pid, NULL, NULL, NULL,
		    error)) {
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (pidfd < 0)
			weft_fail_errno(error, errno, "%s", argv[0]);
	}
	close(log);
	return pidfd;
}

void machine_process_signal(int pidfd, int number)
{
	syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

void machine_process_end(int pidfd)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };

	machine_process_signal(pidfd, SIGTERM);
	if (poll(&wait, 1, END_MS) != 1) {
		machine_process_signal(pidfd, SIGKILL);
		poll(&wait, 1, END_MS);
	}
	close(pidfd);
}
