/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plugs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct plugs_file {
	char *path;
	int fd;
	unsigned lines;
};

#define DEAD_LINES_MAX 64 /* beyond as many as there are live ones */

/* A file that is being synced, kept open by a descriptor of its own. */
struct sync {
	int fd;
	char *path;
	plugs_file_synced_cb done;
	void *data;
};

static void replay_line(const char *path, const char *line, GHashTable *plugs)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	guint n = g_strv_length(words);
	struct uuid port;

	if (!*line)
		return;
	if (!n || !uuid_parse(words[0], &port) || (n == 2 && strlen(words[1]) >= IFNAMSIZ)) {
		g_autofree char *shown = g_strescape(line, NULL);

		log_warning(
			"%s: \"%.80s\" is no plug (port id, device) and is ignored", path, shown);
		return;
	}
	if (n == 2)
		g_hash_table_insert(plugs, g_memdup2(&port, sizeof(port)), g_strdup(words[1]));
	else
		g_hash_table_remove(plugs, &port);
}

static bool load(const char *path, GHashTable *plugs, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &why)) {
		if (g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return true;
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		replay_line(path, *line, plugs);
	return true;
}

static bool rewrite(const char *path, GHashTable *plugs, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const struct uuid *port;
	const char *device;
	char buf[UUID_STRLEN];
	GHashTableIter i;

	g_hash_table_iter_init(&i, plugs);
	while (g_hash_table_iter_next(&i, (gpointer *)&port, (gpointer *)&device))
		g_string_append_printf(text, "%s %s\n", uuid_format(port, buf), device);
	return g_file_set_contents_full(path, text->str, (gssize)text->len,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

bool plugs_file_open(const char *path, plugs_file_load_cb load_cb, void *data,
	struct plugs_file **ret, GError **error)
{
	g_autoptr(GHashTable) plugs = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, g_free);
	const struct uuid *port;
	const char *device;
	GHashTableIter i;
	int fd;

	if (!load(path, plugs, error) || !rewrite(path, plugs, error))
		return false;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return weft_fail_errno(error, errno, "%s", path);
	*ret = g_new0(struct plugs_file, 1);
	(*ret)->path = g_strdup(path);
	(*ret)->fd = fd;
	(*ret)->lines = g_hash_table_size(plugs);
	g_hash_table_iter_init(&i, plugs);
	while (g_hash_table_iter_next(&i, (gpointer *)&port, (gpointer *)&device))
		load_cb(port, device, data);
	return true;
}

void plugs_file_close(struct plugs_file *file)
{
	if (!file)
		return;
	close(file->fd);
	g_free(file->path);
	g_free(file);
}

bool plugs_file_append(
	struct plugs_file *file, const struct uuid *port, const char *device, GError **error)
{
	char line[UUID_STRLEN + IFNAMSIZ + 2], buf[UUID_STRLEN];
	int len = g_snprintf(
		line, sizeof(line), device ? "%s %s\n" : "%s\n", uuid_format(port, buf), device);
	off_t end = lseek(file->fd, 0, SEEK_END);
	ssize_t written = write(file->fd, line, (size_t)len);

	if (written == len) {
		file->lines++;
		return true;
	}
	if (written < 0)
		return weft_fail_errno(error, errno, "%s", file->path);
	/* half a line would spoil the next one */
	if (ftruncate(file->fd, end))
		return weft_fail_errno(error, errno, "%s", file->path);
	return weft_fail_errno(error, ENOSPC, "%s", file->path);
}

bool plugs_file_sync(struct plugs_file *file, GError **error)
{
	return !fdatasync(file->fd) || weft_fail_errno(error, errno, "%s", file->path);
}

bool plugs_file_tidy(struct plugs_file *file, unsigned live, GError **error)
{
	g_autoptr(GHashTable) plugs = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, g_free);
	int fd;

	if (live ? file->lines <= 2 * live + DEAD_LINES_MAX : !file->lines)
		return true;
	if (!load(file->path, plugs, error) || !rewrite(file->path, plugs, error))
		return false;
	fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return weft_fail_errno(error, errno, "%s", file->path);
	close(file->fd);
	file->fd = fd;
	file->lines = g_hash_table_size(plugs);
	return true;
}

static void sync_free(gpointer data)
{
	struct sync *sync = data;

	close(sync->fd);
	g_free(sync->path);
	g_free(sync);
}

static void sync_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	const struct sync *sync = data;

	(void)source;
	(void)cancellable;
	if (!fdatasync(sync->fd))
		g_task_return_boolean(task, TRUE);
	else
		g_task_return_new_error(task, WEFT_ERROR, WEFT_ERROR_KERNEL, "%s: %s", sync->path,
			g_strerror(errno));
}

static void synced(GObject *source, GAsyncResult *result, gpointer data)
{
	const struct sync *sync = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;

	(void)source;
	(void)data;
	g_task_propagate_boolean(G_TASK(result), &error);
	sync->done(error, sync->data);
}

void plugs_file_sync_later(struct plugs_file *file, plugs_file_synced_cb done, void *data)
{
	struct sync *sync = g_new0(struct sync, 1);
	g_autoptr(GTask) task = g_task_new(NULL, NULL, synced, NULL);

	sync->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	sync->path = g_strdup(file->path);
	sync->done = done;
	sync->data = data;
	g_task_set_task_data(task, sync, sync_free);
	g_task_run_in_thread(task, sync_in_thread);
}
