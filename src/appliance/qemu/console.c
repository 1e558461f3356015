/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/console.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/types.h"

#define KEPT_MAX 4096 /* bytes */
#define LAST_LINES 3

struct console {
	int fd;
	guint source;
	GString *kept;
};

static bool take(struct console *console)
{
	char buf[KEPT_MAX];
	ssize_t n = read(console->fd, buf, sizeof(buf));

	if (n <= 0)
		return false;
	g_string_append_len(console->kept, buf, n);
	if (console->kept->len > KEPT_MAX)
		g_string_erase(console->kept, 0, (gssize)(console->kept->len - KEPT_MAX));
	return true;
}

static gboolean on_text(int fd, GIOCondition condition, gpointer data)
{
	struct console *console = data;

	(void)fd;
	if (take(console) || !(condition & G_IO_HUP))
		return G_SOURCE_CONTINUE;
	console->source = 0;
	return G_SOURCE_REMOVE;
}

struct console *console_new(int fd)
{
	struct console *console = g_new0(struct console, 1);

	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	console->fd = fd;
	console->kept = g_string_new(NULL);
	console->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_text, console);
	return console;
}

/* What is no text, as terminals are told by it, is nothing for a log. */
static void clean(char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text) && *text != '\n')
			*text = ' ';
}

char *console_last(struct console *console)
{
	g_auto(GStrv) lines = NULL;
	g_autoptr(GPtrArray) last = g_ptr_array_new();

	while (take(console))
		;
	clean(console->kept->str);
	lines = g_strsplit(console->kept->str, "\n", -1);
	for (guint i = g_strv_length(lines); i-- > 0 && last->len < LAST_LINES;)
		if (*g_strstrip(lines[i]))
			g_ptr_array_insert(last, 0, lines[i]);
	g_ptr_array_add(last, NULL);
	return last->len > 1 ? g_strjoinv(" / ", (char **)last->pdata) : NULL;
}

void console_free(struct console *console)
{
	g_clear_handle_id(&console->source, g_source_remove);
	close(console->fd);
	g_string_free(console->kept, TRUE);
	g_free(console);
}
