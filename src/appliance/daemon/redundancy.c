/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/redundancy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/program.h"
#include "appliance/render/render.h"
#include "base/log.h"

struct redundancy {
	const char *folder;
	void (*changed)(void *data);
	void *data;
	int fifo; /* -1: nothing is asked for */
	guint watch;
	enum redundancy_state state;
	s64 since_us;
};

static const char *const names[] = { "INIT", "BACKUP", "MASTER", "FAULT" };

static void conntrackd(const struct redundancy *redundancy, const char *const *options)
{
	g_autofree char *path = g_build_filename(redundancy->folder, "conntrackd.conf", NULL);

	for (; *options; options++) {
		g_autoptr(GError) error = NULL;
		const char *const argv[] = { "conntrackd", "-C", path, *options, NULL };

		if (!program_run(argv, NULL, &error))
			log_warning("connections of the other appliance: %s", error->message);
	}
}

/* What conntrackd(8) has for it: the master commits what it was told before it serves, then looks
 * at the kernel's again and tells all to the other one; who is not ends what is a former master's
 * own, and asks for all. */
static void hand_over_connections(const struct redundancy *redundancy)
{
	static const char *const as_master[] = { "-c", NULL }, *const as_backup[] = { "-t", "-n",
		NULL };

	if (redundancy->state == REDUNDANCY_MASTER)
		conntrackd(redundancy, as_master);
	else if (redundancy->state == REDUNDANCY_BACKUP)
		conntrackd(redundancy, as_backup);
}

static void tell_connections(const struct redundancy *redundancy)
{
	static const char *const as_master[] = { "-R", "-B", NULL };

	if (redundancy->state == REDUNDANCY_MASTER)
		conntrackd(redundancy, as_master);
}

static void become(struct redundancy *redundancy, enum redundancy_state state)
{
	if (state == redundancy->state)
		return;
	log_info("redundancy: %s, was %s", names[state], names[redundancy->state]);
	redundancy->state = state;
	redundancy->since_us = g_get_monotonic_time();
	hand_over_connections(redundancy);
	redundancy->changed(redundancy->data);
	tell_connections(redundancy);
}

/* INSTANCE "weft" MASTER 100 */
static enum redundancy_state parse(const char *line, enum redundancy_state now)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);

	if (g_strv_length(words) < 3 || strcmp(words[0], "INSTANCE"))
		return now;
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(words[2], names[i]))
			return (enum redundancy_state)i;
	return !strcmp(words[2], "STOP") ? REDUNDANCY_INIT : now;
}

/* A line is written at once (pipe(7): less than PIPE_BUF). Only the last one counts. */
static gboolean read_fifo(gint fd, GIOCondition condition, gpointer data)
{
	struct redundancy *redundancy = data;
	enum redundancy_state state = redundancy->state;
	char text[4096];
	ssize_t len = read(fd, text, sizeof(text) - 1);

	(void)condition;
	if (len <= 0)
		return G_SOURCE_CONTINUE;
	text[len] = '\0';
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		state = parse(*line, state);
	become(redundancy, state);
	return G_SOURCE_CONTINUE;
}

struct redundancy *redundancy_new(const char *folder, void (*changed)(void *data), void *data)
{
	struct redundancy *redundancy = g_new(struct redundancy, 1);

	*redundancy = (struct redundancy){
		.folder = folder, .changed = changed, .data = data, .fifo = -1
	};
	return redundancy;
}

static void forget(struct redundancy *redundancy)
{
	g_clear_handle_id(&redundancy->watch, g_source_remove);
	if (redundancy->fifo >= 0)
		close(redundancy->fifo);
	redundancy->fifo = -1;
	redundancy->state = REDUNDANCY_INIT;
}

void redundancy_free(struct redundancy *redundancy)
{
	forget(redundancy);
	g_free(redundancy);
}

/* Open for writing too: it has no end when keepalived is away. */
bool redundancy_set(struct redundancy *redundancy, bool enabled, GError **error)
{
	g_autofree char *path = g_build_filename(redundancy->folder, RENDER_REDUNDANCY_FIFO, NULL);

	if (!enabled)
		forget(redundancy);
	if (!enabled || redundancy->fifo >= 0)
		return true;
	unlink(path);
	if (mkfifo(path, 0600))
		return weft_fail_errno(error, errno, "make the FIFO %s", path);
	redundancy->fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (redundancy->fifo < 0)
		return weft_fail_errno(error, errno, "open %s", path);
	redundancy->since_us = g_get_monotonic_time();
	redundancy->watch = g_unix_fd_add(redundancy->fifo, G_IO_IN, read_fifo, redundancy);
	return true;
}

enum redundancy_state redundancy_state(const struct redundancy *redundancy)
{
	return redundancy->state;
}

const char *redundancy_state_name(const struct redundancy *redundancy)
{
	return names[redundancy->state];
}

s64 redundancy_since_us(const struct redundancy *redundancy)
{
	return redundancy->since_us;
}
