/* SPDX-License-Identifier: Apache-2.0 */
/* Firewall groups of routers' ports. They are asked at guests' ports (bpf/guard.h): all those on
 * networks that routers join with the networks of a router that has one. */
#include "agent/desired/parts.h"

void router_firewall_free(gpointer data)
{
	struct router_firewall *firewall = data;
	struct record record = { .kind = RECORD_ROUTER_FIREWALL,
		.router_firewall = firewall->record };

	record_clear(&record);
	g_free(firewall);
}

void router_firewalls_mark_ports(struct desired *desired)
{
	struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		port_mark(desired, port);
}

void router_firewall_put(
	struct desired *desired, const struct uuid *id, struct record_router_firewall *record)
{
	struct router_firewall *firewall = g_hash_table_lookup(desired->router_firewalls, id);
	bool is_new = !firewall || !uuid_equal(&firewall->router->id, &record->router_id);
	u64 suppressed = firewall ? firewall->log_suppressed : 0;

	if (firewall)
		g_ptr_array_remove(firewall->router->firewalls, firewall);
	firewall = g_new0(struct router_firewall, 1);
	firewall->id = *id;
	firewall->log_suppressed = suppressed;
	firewall->router = router_need(desired, &record->router_id);
	firewall->record = *record;
	*record = (struct record_router_firewall){ 0 }; /* taken over */
	g_hash_table_replace(desired->router_firewalls, &firewall->id, firewall);
	g_ptr_array_add(firewall->router->firewalls, firewall);
	router_mark(desired, firewall->router);
	if (is_new)
		router_firewalls_mark_ports(desired);
}

void router_firewall_delete(struct desired *desired, const struct uuid *id)
{
	struct router_firewall *firewall = g_hash_table_lookup(desired->router_firewalls, id);

	if (!firewall)
		return;
	router_mark(desired, firewall->router);
	g_ptr_array_remove(firewall->router->firewalls, firewall);
	g_hash_table_remove(desired->router_firewalls, id);
	router_firewalls_mark_ports(desired);
}

static bool is_joined(const struct router *router, const struct network *network)
{
	for (guint i = 0; i < router->interfaces->len; i++)
		if (uuid_equal(&((const struct interface *)router->interfaces->pdata[i])
					->network->part,
			    &network->part))
			return true;
	return false;
}

bool router_firewall_guards(const struct router_firewall *firewall, const struct port *port)
{
	return is_joined(firewall->router, port->network);
}

bool port_is_filtered(const struct desired *desired, const struct port *port)
{
	return port->policy || port->stages || (port->network && port_is_guarded(desired, port));
}

bool port_is_guarded(const struct desired *desired, const struct port *port)
{
	const struct router_firewall *firewall;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->router_firewalls);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall))
		if (is_joined(firewall->router, port->network))
			return true;
	return false;
}
