/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/sync/delta_log.h"

struct delta_log {
	GQueue entries; /* struct log_entry, oldest first */
	u64 floor;	/* everything behind it is here */
	size_t bytes, bytes_max;
};

struct delta_log *delta_log_new(u64 revision, size_t bytes_max)
{
	struct delta_log *log = g_new0(struct delta_log, 1);

	g_queue_init(&log->entries);
	log->floor = revision;
	log->bytes_max = bytes_max;
	return log;
}

static size_t entry_bytes(const struct log_entry *entry)
{
	return sizeof(*entry) + sizeof(GList) + (entry->line ? g_bytes_get_size(entry->line) : 0);
}

static void entry_free(gpointer data)
{
	struct log_entry *entry = data;

	g_clear_pointer(&entry->line, g_bytes_unref);
	g_free(entry);
}

void delta_log_free(struct delta_log *log)
{
	if (!log)
		return;
	g_queue_clear_full(&log->entries, entry_free);
	g_free(log);
}

static void push(struct delta_log *log, struct log_entry *entry)
{
	g_queue_push_tail(&log->entries, entry);
	log->bytes += entry_bytes(entry);
	while (log->bytes > log->bytes_max) {
		struct log_entry *oldest = g_queue_pop_head(&log->entries);

		/* who has less than this revision misses something from now on */
		log->floor = oldest->revision;
		log->bytes -= entry_bytes(oldest);
		entry_free(oldest);
	}
}

void delta_log_line(struct delta_log *log, u64 revision, const struct scope *scope, GBytes *line)
{
	struct log_entry *entry = g_new0(struct log_entry, 1);

	entry->revision = revision;
	entry->type = LOG_LINE;
	entry->scope = *scope;
	entry->line = g_bytes_ref(line);
	push(log, entry);
}

void delta_log_interest(struct delta_log *log, u64 revision, const struct interest *interest)
{
	struct log_entry *entry = g_new0(struct log_entry, 1);

	entry->revision = revision;
	entry->type = interest->op == INTEREST_GAIN ? LOG_GAIN : LOG_LOSE;
	entry->scope = interest->scope;
	entry->host = interest->host;
	push(log, entry);
}

bool delta_log_covers(const struct delta_log *log, u64 since)
{
	return since >= log->floor;
}

void delta_log_replay(const struct delta_log *log, u64 since, delta_log_fn each, void *user)
{
	GList *link = log->entries.tail;

	/* from the end: a host that reconnects has missed little */
	while (link && ((struct log_entry *)link->data)->revision > since)
		link = link->prev;
	for (link = link ? link->next : log->entries.head; link; link = link->next)
		each(link->data, user);
}
