/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"

static void clear_record(struct port *port)
{
	struct record record = { .kind = RECORD_PORT, .port = port->record };

	record_clear(&record);
	port->record = (struct record_port){ 0 };
}

void port_free(gpointer data)
{
	struct port *port = data;

	clear_record(port);
	g_clear_pointer(&port->groups, g_array_unref);
	g_clear_pointer(&port->subports, g_ptr_array_unref);
	stages_free(port->stages);
	g_free(port->reason);
	g_free(port);
}

bool port_is_unused(const struct port *port)
{
	return !port->known && !port->applied_ifindex && !port->has_device &&
	       (!port->subports || !port->subports->len);
}

void port_mark(struct desired *desired, struct port *port)
{
	g_hash_table_add(desired->dirty_ports, port);
}

static struct port *port_need(struct desired *desired, const struct uuid *id)
{
	struct port *port = desired_port(desired, id);

	if (port)
		return port;
	port = g_new0(struct port, 1);
	port->id = *id;
	g_hash_table_insert(desired->ports, &port->id, port);
	return port;
}

static void leave_network(struct desired *desired, struct port *port)
{
	if (!port->network)
		return;
	g_ptr_array_remove(port->network->ports, port);
	network_mark(desired, port->network);
	port->network = NULL;
}

static void leave_parent(struct desired *desired, struct port *port)
{
	if (!port->parent)
		return;
	g_ptr_array_remove(port->parent->subports, port);
	port_mark(desired, port->parent); /* nobody may need it any more */
	port->parent = NULL;
}

static void join_parent(struct desired *desired, struct port *port)
{
	struct port *parent = NULL;

	if (!uuid_is_zero(&port->record.parent_id))
		parent = port_need(desired, &port->record.parent_id);
	if (parent == port->parent || parent == port)
		return;
	leave_parent(desired, port);
	if (!parent)
		return;
	port->parent = parent;
	if (!parent->subports)
		parent->subports = g_ptr_array_new();
	g_ptr_array_add(parent->subports, port);
}

void port_put(struct desired *desired, const struct uuid *id, struct record_port *record)
{
	struct port *port = port_need(desired, id);
	struct network *network = network_need(desired, &record->network_id);

	if (port->network != network) {
		leave_network(desired, port);
		g_ptr_array_add(network->ports, port);
		port->network = network;
	}
	clear_record(port);
	port->record = *record;
	*record = (struct record_port){ 0 }; /* taken over */
	join_parent(desired, port);
	port->known = true;
	port->deleted = false;
	port_mark(desired, port);
}

void port_delete(struct desired *desired, const struct uuid *id)
{
	struct port *port = desired_port(desired, id);

	if (!port || !port->known)
		return;
	leave_network(desired, port);
	leave_parent(desired, port);
	port_leave_policy(desired, port);
	g_clear_pointer(&port->groups, g_array_unref);
	port->settled = false;
	clear_record(port);
	port->known = false;
	port->deleted = true;
	port->state = PORT_UNREPORTED;
	port_mark(desired, port);
}

/* Whether it is a matter for the datapath or for the device's preparation. */
static bool differs(const struct link *a, const struct link *b)
{
	return a->ifindex != b->ifindex || strcmp(a->name, b->name) != 0 ||
	       strcmp(a->kind, b->kind) != 0 || a->mtu_bytes != b->mtu_bytes ||
	       (a->flags & IFF_UP) != (b->flags & IFF_UP);
}

void desired_set_device(struct desired *desired, const struct uuid *id, const struct link *device)
{
	struct port *port = desired_port(desired, id);

	if (!port && !device)
		return;
	port = port_need(desired, id);
	/* The kernel echoes what was set on the device at attachment: nothing new then. */
	bool same =
		device ? port->has_device && !differs(&port->device, device) : !port->has_device;
	port->has_device = device;
	if (device)
		port->device = *device;
	if (!same)
		port_mark(desired, port);
}
