/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that carry physical networks. One that comes with another index is another wire: all that
 * is on it gets another number. */
#include <string.h>

#include "agent/desired/parts.h"
#include "datapath/datapath.h"

void desired_map_wire(struct desired *desired, const char *physical_network, const char *device)
{
	struct wire wire = { physical_network, device, 0, true };

	g_array_append_val(desired->wires, wire);
}

static const struct wire *find_wire(const struct desired *desired, const char *physical_network)
{
	for (guint i = 0; i < desired->wires->len; i++) {
		const struct wire *wire = &g_array_index(desired->wires, struct wire, i);

		if (!strcmp(wire->physical_network, physical_network))
			return wire;
	}
	return NULL;
}

u32 desired_wire_number(
	const struct desired *desired, const struct record_wire *record, char **ret_why)
{
	const struct wire *wire = find_wire(desired, record->physical_network);
	const char *name = record->physical_network;
	char *why;

	if (wire && wire->ifindex && wire->ifindex <= DP_WIRE_IFINDEX_MAX)
		return dp_wire_vni(wire->ifindex, record->vlan);
	if (!ret_why)
		return 0;
	if (!wire)
		why = g_strdup_printf(
			"this host is not connected to physical network %s: weft-agent's bridge-mappings lacks %s:DEVICE",
			name, name);
	else if (!wire->ifindex)
		why = g_strdup_printf(
			"device %s, which bridge-mappings says carries physical network %s, is not there",
			wire->device, name);
	else
		why = g_strdup_printf("the index %u of device %s is above %u: make it anew",
			wire->ifindex, wire->device, DP_WIRE_IFINDEX_MAX);
	*ret_why = why;
	return 0;
}

static void renumber_network(struct desired *desired, struct network *network)
{
	u32 vni;

	if (!network->known || !network->wire.physical_network)
		return;
	vni = desired_wire_number(desired, &network->wire, NULL);
	if (vni == network->vni)
		return;
	network->vni = vni;
	network_mark_all(desired, network);
}

void desired_mark_gateways(struct desired *desired)
{
	struct load_balancer *balancer;
	struct gateway *gateway;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->gateways);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway))
		router_mark(desired, gateway->router);
	g_hash_table_iter_init(&i, desired->load_balancers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&balancer))
		if (load_balancer_is_on_wire(balancer))
			load_balancer_mark(desired, balancer);
}

void desired_mark_ways(struct desired *desired)
{
	struct load_balancer *balancer;
	struct router *router;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->routers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&router))
		router_mark(desired, router);
	g_hash_table_iter_init(&i, desired->load_balancers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&balancer))
		load_balancer_mark(desired, balancer);
}

static void renumber(struct desired *desired)
{
	struct floating_ip *floating_ip;
	struct network *network;
	GHashTableIter i;

	desired->wires_changed = true;
	g_hash_table_iter_init(&i, desired->networks);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&network))
		renumber_network(desired, network);
	desired_mark_gateways(desired);
	g_hash_table_iter_init(&i, desired->floating_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip))
		floating_ip_mark(desired, floating_ip);
}

void desired_set_wire(struct desired *desired, const char *device, u32 ifindex)
{
	for (guint i = 0; i < desired->wires->len; i++) {
		struct wire *wire = &g_array_index(desired->wires, struct wire, i);

		if (strcmp(wire->device, device) || wire->ifindex == ifindex)
			continue;
		wire->ifindex = ifindex;
		renumber(desired);
	}
}

bool desired_set_wire_running(struct desired *desired, const char *device, bool running)
{
	bool is_news = false;

	for (guint i = 0; i < desired->wires->len; i++) {
		struct wire *wire = &g_array_index(desired->wires, struct wire, i);

		if (strcmp(wire->device, device) || wire->running == running)
			continue;
		wire->running = running;
		is_news = true;
	}
	if (is_news)
		desired_mark_gateways(desired);
	return is_news;
}

bool desired_wire_is_running(const struct desired *desired, const struct record_wire *record)
{
	const struct wire *wire = find_wire(desired, record->physical_network);

	return wire && wire->ifindex && wire->running;
}

bool desired_wires_run(const struct desired *desired)
{
	for (guint i = 0; i < desired->wires->len; i++) {
		const struct wire *wire = &g_array_index(desired->wires, struct wire, i);

		if (!wire->ifindex || !wire->running)
			return false;
	}
	return true;
}
