/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the networks: those that routers join are one, called by the smallest of their ids.
 * Within a part an address means the same everywhere.
 */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"

static void visit(GPtrArray *found, GHashTable *seen, struct network *network)
{
	if (g_hash_table_add(seen, network))
		g_ptr_array_add(found, network);
}

/* All networks that routers join with @network, itself the first. */
static GPtrArray *reached(struct network *network, GHashTable *seen)
{
	GPtrArray *found = g_ptr_array_new();

	visit(found, seen, network);
	for (guint n = 0; n < found->len; n++) {
		const struct network *at = found->pdata[n];

		for (guint i = 0; i < at->interfaces->len; i++) {
			const struct interface *interface = at->interfaces->pdata[i];
			const GPtrArray *others = interface->router->interfaces;

			for (guint o = 0; o < others->len; o++)
				visit(found, seen, ((struct interface *)others->pdata[o])->network);
		}
	}
	return found;
}

static void set_part(struct desired *desired, struct network *network, const struct uuid *part)
{
	if (uuid_equal(&network->part, part))
		return;
	network->part = *part;
	for (struct group_member *m = network->group_members; m; m = m->next)
		member_restate(desired, m);
	for (guint i = 0; i < network->ports->len; i++)
		port_choose_policy(desired, network->ports->pdata[i]);
}

void firewall_update_parts(struct desired *desired)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	struct network *network;
	GHashTableIter iter;

	if (!desired->firewall->parts_changed)
		return;
	desired->firewall->parts_changed = false;
	g_hash_table_iter_init(&iter, desired->networks);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&network)) {
		g_autoptr(GPtrArray) part = NULL;
		struct uuid least;

		if (g_hash_table_contains(seen, network))
			continue;
		part = reached(network, seen);
		least = network->id;
		for (guint i = 0; i < part->len; i++) {
			const struct network *other = part->pdata[i];

			if (memcmp(&other->id, &least, sizeof(least)) < 0)
				least = other->id;
		}
		for (guint i = 0; i < part->len; i++)
			set_part(desired, part->pdata[i], &least);
	}
}

void firewall_network_changed(struct desired *desired, struct network *network)
{
	for (struct group_member *m = network->group_members; m; m = m->next)
		member_restate(desired, m);
}
