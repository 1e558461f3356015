/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/network_log.h"

#include <string.h>

#include "agent/desired/parts.h"
#include "datapath/datapath.h"

static void clear(struct network_log *log)
{
	struct record record = { .kind = RECORD_LOG, .log = log->record };

	record_clear(&record);
}

void network_log_free(gpointer data)
{
	clear(data);
	g_free(data);
}

static bool has_group(const struct port *port, const struct uuid *group)
{
	for (guint i = 0; i < port->groups->len; i++)
		if (uuid_equal(&g_array_index(port->groups, struct uuid, i), group))
			return true;
	return false;
}

bool network_log_concerns(const struct network_log *log, const struct port *port)
{
	const struct record_log *record = &log->record;
	bool of_group = !uuid_is_zero(&record->resource_id);

	if (!port->known || !port->groups || g_strcmp0(record->resource_type, "security_group") ||
		(of_group && !has_group(port, &record->resource_id)))
		return false;
	if (!uuid_is_zero(&record->target_id))
		return uuid_equal(&record->target_id, &port->id);
	return of_group || !g_strcmp0(record->project_id, port->record.project_id);
}

bool network_log_concerns_guard(
	const struct network_log *log, const struct router_firewall *firewall)
{
	const struct record_log *record = &log->record;

	if (g_strcmp0(record->resource_type, "firewall_group") ||
		(!uuid_is_zero(&record->resource_id) &&
			!uuid_equal(&record->resource_id, &firewall->record.group_id)))
		return false;
	if (!uuid_is_zero(&record->target_id))
		return uuid_equal(&record->target_id, &firewall->id);
	return !uuid_is_zero(&record->resource_id) ||
	       !g_strcmp0(record->project_id, firewall->record.project_id);
}

u32 network_log_guard_flags(const struct desired *desired, const struct router_firewall *firewall)
{
	const struct network_log *log;
	GHashTableIter i;
	u32 flags = 0;

	g_hash_table_iter_init(&i, desired->logs);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&log))
		if (network_log_concerns_guard(log, firewall))
			flags |= (log->record.accepts ? DP_GUARD_LOG_ACCEPT : 0) |
				 (log->record.drops ? DP_GUARD_LOG_DROP : 0);
	return flags;
}

u32 network_log_flags(const struct desired *desired, const struct port *port)
{
	const struct network_log *log;
	GHashTableIter i;
	u32 flags = 0;

	g_hash_table_iter_init(&i, desired->logs);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&log))
		if (network_log_concerns(log, port))
			flags |= (log->record.accepts ? DP_PORT_LOG_ACCEPT : 0) |
				 (log->record.drops ? DP_PORT_LOG_DROP : 0);
	return flags;
}

/* Logs change rarely, so all ports are looked at. */
static void mark_concerned(struct desired *desired, const struct network_log *log)
{
	struct router_firewall *firewall;
	struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		if (network_log_concerns(log, port))
			port_mark(desired, port);
	g_hash_table_iter_init(&i, desired->router_firewalls);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall))
		if (network_log_concerns_guard(log, firewall))
			router_mark(desired, firewall->router);
}

void network_log_put(struct desired *desired, const struct uuid *id, struct record_log *record)
{
	struct network_log *log;

	network_log_delete(desired, id);
	log = g_new0(struct network_log, 1);
	log->id = *id;
	log->record = *record;
	*record = (struct record_log){ 0 }; /* taken over */
	g_hash_table_insert(desired->logs, &log->id, log);
	mark_concerned(desired, log);
}

void network_log_delete(struct desired *desired, const struct uuid *id)
{
	struct network_log *log = g_hash_table_lookup(desired->logs, id);

	if (!log)
		return;
	mark_concerned(desired, log);
	g_hash_table_remove(desired->logs, id);
}
