/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/haproxy.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/render/render.h"
#include "base/log.h"

#define TIMEOUT_S 2

static int connect_to(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/haproxy.sock", folder);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && n < (int)sizeof(address.sun_path) &&
		!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) &&
		!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) &&
		!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The answer to one command, g_free(); NULL: there is none. */
static char *ask(const char *folder, const char *command)
{
	GString *answer = g_string_new(NULL);
	int fd = connect_to(folder);
	size_t len = strlen(command);
	char part[8192];
	ssize_t n = -1;

	if (fd >= 0 && write(fd, command, len) == (ssize_t)len)
		while ((n = read(fd, part, sizeof(part))) > 0)
			g_string_append_len(answer, part, n);
	if (fd >= 0)
		close(fd);
	return g_string_free(answer, n != 0);
}

void haproxy_save_state(const char *folder)
{
	g_autofree char *state = ask(folder, "show servers state\n");
	g_autofree char *path = g_build_filename(folder, "haproxy.state", NULL);
	g_autoptr(GError) error = NULL;

	if (!state || !g_file_set_contents_full(
			      path, state, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		log_warning("haproxy: who is alive is not handed on: %s",
			error ? error->message : "it does not say");
}

/* One line of what it has counted: texts of the columns, which the first line names. */
struct row {
	char **names, **cells;
};

static const char *cell(const struct row *row, const char *name)
{
	for (guint i = 0; row->names[i] && row->cells[i]; i++)
		if (!strcmp(row->names[i], name))
			return row->cells[i];
	return "";
}

/* Calls @each for each line of "show stat". */
static void for_each_row(const char *folder, const char *command,
	void (*each)(const struct row *row, void *data), void *data)
{
	g_autofree char *text = ask(folder, command);
	g_auto(GStrv) lines = g_strsplit(text ?: "", "\n", -1);
	g_auto(GStrv) names = NULL;

	if (!lines[0] || !g_str_has_prefix(lines[0], "# "))
		return;
	names = g_strsplit(lines[0] + 2, ",", -1);
	for (char **line = lines + 1; *line; line++) {
		g_auto(GStrv) cells = g_strsplit(*line, ",", -1);
		struct row row = { names, cells };

		if (**line)
			each(&row, data);
	}
}

#define FRONTENDS "show stat -1 1 -1\n"
#define SERVERS "show stat -1 4 -1\n"

static void append_open(const struct row *row, void *data)
{
	struct json_writer *w = data;

	jw_member_string(w, cell(row, "pxname"), cell(row, "status"));
}

/* Of "UP 1/3" the first word; who was not asked yet is taken for alive by it. */
static const char *member_status(const struct row *row)
{
	const char *status = cell(row, "status"), *check = cell(row, "check_status");

	if (!strcmp(status, "no check"))
		return "NO_CHECK";
	if (!strcmp(check, "INI"))
		return "UNKNOWN";
	return g_str_has_prefix(status, "UP")	  ? "UP"
	       : g_str_has_prefix(status, "DOWN") ? "DOWN"
						  : status;
}

struct servers {
	struct json_writer *w;
	GHashTable *seen; /* those of a pool that another listener has too */
};

/* A backend is called POOL:LISTENER; the first of a pool asks, and has what was found out. */
static void append_server(const struct row *row, void *data)
{
	struct servers *servers = data;
	g_auto(GStrv) names = g_strsplit(cell(row, "pxname"), ":", 2);
	const char *member = cell(row, "svname");

	if (!names[0] || !g_hash_table_add(servers->seen, g_strconcat(names[0], " ", member, NULL)))
		return;
	jw_begin_object(servers->w);
	jw_member_string(servers->w, "id", member);
	jw_member_string(servers->w, "pool_id", names[0]);
	jw_member_string(servers->w, "status", member_status(row));
	jw_member_string(servers->w, "check", cell(row, "check_status"));
	jw_end_object(servers->w);
}

/* A process that can't have its ports leaves the former one at work. */
static bool is_current(const char *folder, const char *wanted)
{
	const char *mark = strstr(wanted, RENDER_HAPROXY_MARK);
	g_autofree char *now = ask(folder, "show info\n");
	g_autofree char *line = NULL;

	if (!mark || !now)
		return false;
	mark += strlen(RENDER_HAPROXY_MARK);
	line = g_strdup_printf("\ndescription: %.*s\n", (int)strcspn(mark, "\n"), mark);
	return strstr(now, line);
}

void haproxy_append_status(const char *folder, const char *wanted, struct json_writer *w)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct servers servers = { .w = w, .seen = seen };

	jw_key(w, "load_balancers");
	jw_begin_object(w);
	jw_member_bool(w, "current", is_current(folder, wanted));
	jw_key(w, "listeners");
	jw_begin_object(w);
	for_each_row(folder, FRONTENDS, append_open, w);
	jw_end_object(w);
	jw_key(w, "members");
	jw_begin_array(w);
	for_each_row(folder, SERVERS, append_server, &servers);
	jw_end_array(w);
	jw_end_object(w);
}

static void note_row(const struct row *row, void *data)
{
	s64 *numbers = g_new0(s64, 2);

	numbers[0] = g_ascii_strtoll(cell(row, "scur"), NULL, 10);
	numbers[1] = g_ascii_strtoll(cell(row, "ereq"), NULL, 10);
	g_hash_table_insert(data, g_strdup(cell(row, "pxname")), numbers);
}

static s64 counted(const json_t *counters, const char *listener, const char *what, const char *unit)
{
	g_autofree char *wanted = g_strdup_printf(RENDER_LISTENER_COUNTER, listener, what);
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(counters, "nftables"), i, item) {
		const json_t *counter = json_object_get(item, "counter");
		const char *name = json_string_value(json_object_get(counter, "name"));

		if (name && !strcmp(name, wanted))
			return json_integer_value(json_object_get(counter, unit));
	}
	return 0;
}

static void append_listener(const struct balancer_listener *listener, const s64 *now,
	const json_t *counters, struct json_writer *w)
{
	jw_key(w, listener->id);
	jw_begin_object(w);
	jw_member_int(w, "active_connections", now ? now[0] : 0);
	jw_member_int(
		w, "total_connections", counted(counters, listener->id, "connections", "packets"));
	jw_member_int(w, "bytes_in", counted(counters, listener->id, "in", "bytes"));
	jw_member_int(w, "bytes_out", counted(counters, listener->id, "out", "bytes"));
	jw_member_int(w, "request_errors", now ? now[1] : 0);
	jw_end_object(w);
}

void haproxy_append_counters(const char *folder, const struct document *document,
	const json_t *counters, struct json_writer *w)
{
	g_autoptr(GHashTable) now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	if (document->load_balancers->len)
		for_each_row(folder, FRONTENDS, note_row, now);
	jw_key(w, "listeners");
	jw_begin_object(w);
	for (guint n = 0; n < document->load_balancers->len; n++) {
		const GArray *listeners =
			g_array_index(document->load_balancers, struct balancer, n).listeners;

		for (guint i = 0; i < listeners->len; i++) {
			const struct balancer_listener *listener =
				&g_array_index(listeners, struct balancer_listener, i);

			append_listener(
				listener, g_hash_table_lookup(now, listener->id), counters, w);
		}
	}
	jw_end_object(w);
}
