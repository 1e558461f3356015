/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/desired/appliance.h"
#include "agent/appliance_event.h"
#include "agent/log_event.h"
#include "base/log.h"

struct logs {
	struct dp *dp;
	const struct desired *desired;
	const struct config *config;
	int file_fd; /* -1: none */
	guint source;
	GQueue recent;	      /* lines */
	GPtrArray *followers; /* struct control_request */
	GString *line;
	struct logs_counts counts;
};

static s64 now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void open_file(struct logs *logs)
{
	const char *path = logs->config->log_file;

	if (!path || logs->file_fd >= 0)
		return;
	logs->file_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (logs->file_fd < 0)
		log_limited(warning, "logs can't be written to %s: %s", path, g_strerror(errno));
}

static void write_file(struct logs *logs)
{
	ssize_t written;

	if (!logs->config->log_file)
		return;
	written = logs->file_fd < 0 ? -1 : write(logs->file_fd, logs->line->str, logs->line->len);
	if (written == (ssize_t)logs->line->len)
		return;
	logs->counts.lost++;
	if (logs->file_fd >= 0)
		log_limited(warning, "a log can't be written to %s: %s", logs->config->log_file,
			written < 0 ? g_strerror(errno) : "no space is left");
}

/* logs->line is complete. */
static void write_line(struct logs *logs)
{
	g_string_append_c(logs->line, '\n');
	write_file(logs);
	if (logs->recent.length >= LOGS_RECENT_MAX)
		g_free(g_queue_pop_head(&logs->recent));
	g_queue_push_tail(&logs->recent, g_strndup(logs->line->str, logs->line->len));
	for (guint i = 0; i < logs->followers->len; i++)
		if (!control_stream_write(logs->followers->pdata[i], logs->line->str))
			logs->counts.lost++;
	g_string_truncate(logs->line, 0);
}

static void write_event(struct logs *logs, const struct dp_log_event *event, s64 time_us)
{
	const struct port *port;
	struct uuid id;

	memcpy(id.b, event->port, sizeof(id.b));
	port = desired_port(logs->desired, &id);
	logs->counts.told++;
	if (logs->config->log_to_journal) {
		g_autofree char *sentence = log_event_sentence(logs->desired, port, event);

		log_info("%s", sentence);
	}
	log_event_json(logs->desired, port, event, time_us, logs->line);
	write_line(logs);
}

static void told(const struct dp_log_event *event, void *data)
{
	s64 age_us = now_us(CLOCK_MONOTONIC) - (s64)(event->time_ns / 1000);

	write_event(data, event, now_us(CLOCK_REALTIME) - MAX(age_us, 0));
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct logs *logs = data;

	(void)fd;
	(void)condition;
	dp_log_dispatch(logs->dp, told, logs);
	return G_SOURCE_CONTINUE;
}

static void say_suppressed(struct logs *logs, struct port *port)
{
	u64 total = dp_log_suppressed(logs->dp, port->applied_ifindex), n;
	char id[UUID_STRLEN];

	n = total - MIN(port->log_suppressed, total);
	port->log_suppressed = total;
	if (!n)
		return;
	logs->counts.suppressed += n;
	if (logs->config->log_to_journal)
		log_info("SUPPRESSED at port %s: %" G_GUINT64_FORMAT " events above its rate limit",
			uuid_format(&port->id, id), n);
	log_suppressed_json(logs->desired, port, n, now_us(CLOCK_REALTIME), logs->line);
	write_line(logs);
}

static void write_guard_suppressed(struct logs *logs, const struct router_firewall *firewall, u64 n)
{
	char id[UUID_STRLEN];

	if (!n)
		return;
	logs->counts.suppressed += n;
	if (logs->config->log_to_journal)
		log_info("SUPPRESSED at the router's port %s: %" G_GUINT64_FORMAT
			 " events above its rate limit",
			uuid_format(&firewall->id, id), n);
	log_guard_suppressed_json(logs->desired, firewall, n, now_us(CLOCK_REALTIME), logs->line);
	write_line(logs);
}

static void say_guard_suppressed(struct logs *logs, struct router_firewall *firewall)
{
	u64 total = dp_guard_suppressed(logs->dp, firewall->vni, &firewall->mac);
	u64 n = total - MIN(firewall->log_suppressed, total);

	firewall->log_suppressed = total;
	write_guard_suppressed(logs, firewall, n);
}

void logs_appliance(struct logs *logs, const struct appliance *appliance, const json_t *answer)
{
	const struct router_firewall *firewall;
	json_t *one, *number;
	const char *nic;
	size_t i;

	json_array_foreach(json_object_get(answer, "events"), i, one) {
		struct dp_log_event event;
		s64 time_us;

		if (appliance_event_read(appliance, one, &event, &time_us))
			write_event(logs, &event, time_us);
	}
	json_object_foreach(json_object_get(answer, "suppressed"), nic, number) {
		firewall = appliance_firewall_at(appliance, nic);
		if (firewall)
			write_guard_suppressed(logs, firewall, (u64)json_integer_value(number));
	}
	logs->counts.lost += (u64)json_integer_value(json_object_get(answer, "missed"));
}

void logs_second(struct logs *logs)
{
	struct router_firewall *firewall;
	struct port *port;
	GHashTableIter i;

	open_file(logs);
	if (!g_hash_table_size(logs->desired->logs))
		return;
	g_hash_table_iter_init(&i, logs->desired->attached);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		if (port->log_flags)
			say_suppressed(logs, port);
	g_hash_table_iter_init(&i, logs->desired->router_firewalls);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall))
		if (firewall->log_flags)
			say_guard_suppressed(logs, firewall);
}

void logs_reopen(struct logs *logs)
{
	if (logs->file_fd >= 0)
		close(logs->file_fd);
	logs->file_fd = -1;
	open_file(logs);
}

struct logs *logs_new(struct dp *dp, const struct desired *desired, const struct config *config)
{
	struct logs *logs = g_new0(struct logs, 1);

	logs->dp = dp;
	logs->desired = desired;
	logs->config = config;
	logs->file_fd = -1;
	logs->followers = g_ptr_array_new();
	logs->line = g_string_new(NULL);
	dp_set_log_rate(dp, config->log_rate, config->log_burst);
	if (dp_log_fd(dp) >= 0)
		logs->source = g_unix_fd_add(dp_log_fd(dp), G_IO_IN, readable, logs);
	open_file(logs);
	return logs;
}

void logs_free(struct logs *logs)
{
	if (!logs)
		return;
	g_clear_handle_id(&logs->source, g_source_remove);
	if (logs->file_fd >= 0)
		close(logs->file_fd);
	g_queue_clear_full(&logs->recent, g_free);
	g_ptr_array_unref(logs->followers);
	g_string_free(logs->line, TRUE);
	g_free(logs);
}

json_t *logs_recent(const struct logs *logs, size_t n)
{
	json_t *events = json_array();

	for (const GList *i = g_queue_peek_nth_link((GQueue *)&logs->recent,
		     logs->recent.length - (guint)MIN(n, logs->recent.length));
		i; i = i->next)
		json_array_append_new(events, json_loads(i->data, 0, NULL));
	return events;
}

static void follower_gone(struct control_request *request, void *data)
{
	g_ptr_array_remove(((struct logs *)data)->followers, request);
}

void logs_follow(struct logs *logs, struct control_request *request, size_t recent)
{
	g_ptr_array_add(logs->followers, request);
	control_stream(request, json_pack("{s:o}", "events", logs_recent(logs, recent)),
		follower_gone, logs);
}

struct logs_counts logs_counts(const struct logs *logs)
{
	struct logs_counts counts = logs->counts;

	counts.followers = logs->followers->len;
	return counts;
}
