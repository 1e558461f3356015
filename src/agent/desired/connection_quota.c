/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/connection_quota.h"

#include "agent/desired/parts.h"

struct connection_quota {
	struct uuid id; /* first: the key */
	struct record_connection_quota record;
};

void connection_quota_free(gpointer data)
{
	struct connection_quota *quota = data;
	struct record record = { .kind = RECORD_CONNECTION_QUOTA,
		.connection_quota = quota->record };

	record_clear(&record);
	g_free(quota);
}

/* Quotas change rarely, so all ports and gateways are looked at. */
static void mark_all_of(struct desired *desired, const char *project_id)
{
	const struct gateway *gateway;
	struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		if (port->known && !g_strcmp0(port->record.project_id, project_id))
			port_mark(desired, port);
	g_hash_table_iter_init(&i, desired->gateways);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway))
		if (!g_strcmp0(gateway->record.project_id, project_id))
			router_mark(desired, gateway->router);
}

static void forget(struct desired *desired, const struct connection_quota *quota)
{
	mark_all_of(desired, quota->record.project_id);
	g_hash_table_remove(desired->limited_projects, quota->record.project_id);
}

void connection_quota_put(
	struct desired *desired, const struct uuid *id, struct record_connection_quota *record)
{
	struct connection_quota *quota;

	connection_quota_delete(desired, id);
	quota = g_new0(struct connection_quota, 1);
	quota->id = *id;
	quota->record = *record;
	*record = (struct record_connection_quota){ 0 }; /* taken over */
	g_hash_table_insert(desired->connection_quotas, &quota->id, quota);
	g_hash_table_replace(desired->limited_projects, quota->record.project_id, quota);
	mark_all_of(desired, quota->record.project_id);
}

void connection_quota_delete(struct desired *desired, const struct uuid *id)
{
	struct connection_quota *quota = g_hash_table_lookup(desired->connection_quotas, id);

	if (!quota)
		return;
	forget(desired, quota);
	g_hash_table_remove(desired->connection_quotas, id);
}

const struct record_connection_quota *connection_quota_of(
	const struct desired *desired, const char *project_id)
{
	const struct connection_quota *quota =
		project_id ? g_hash_table_lookup(desired->limited_projects, project_id) : NULL;

	return quota ? &quota->record : NULL;
}
