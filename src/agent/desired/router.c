/* SPDX-License-Identifier: Apache-2.0 */
/* Routers and their interfaces. A router is there as long as it has interfaces, or the datapath has
 * something of it. */
#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"

u64 router_number(const struct uuid *router)
{
	u64 number;

	memcpy(&number, router->b, sizeof(number));
	return number;
}

struct router *router_need(struct desired *desired, const struct uuid *id)
{
	struct router *router = g_hash_table_lookup(desired->routers, id);

	if (router)
		return router;
	router = g_new0(struct router, 1);
	router->id = *id;
	router->interfaces = g_ptr_array_new();
	router->forwarded_ips = g_ptr_array_new();
	router->floating_ips = g_ptr_array_new();
	router->firewalls = g_ptr_array_new();
	g_hash_table_insert(desired->routers, &router->id, router);
	return router;
}

void router_free(gpointer data)
{
	struct router *router = data;

	g_ptr_array_unref(router->interfaces);
	g_ptr_array_unref(router->forwarded_ips);
	g_ptr_array_unref(router->floating_ips);
	g_ptr_array_unref(router->firewalls);
	g_clear_pointer(&router->applied_guards, g_array_unref);
	g_clear_pointer(&router->applied_interfaces, g_array_unref);
	g_clear_pointer(&router->applied_routes, g_array_unref);
	g_clear_pointer(&router->applied_prefixes, g_array_unref);
	g_free(router->applied_gateway);
	g_free(router);
}

bool router_is_unused(const struct router *router)
{
	return !router->interfaces->len && !router->gateway && !router->applied_interfaces &&
	       !router->forwarded_ips->len && !router->floating_ips->len && !router->n_helpers &&
	       !router->firewalls->len && !router->applied_guards;
}

void router_mark(struct desired *desired, struct router *router)
{
	g_hash_table_add(desired->dirty_routers, router);
	for (guint i = 0; i < router->forwarded_ips->len; i++)
		forwarded_ip_mark(desired, router->forwarded_ips->pdata[i]);
}

void router_mark_if_helped(struct desired *desired, struct router *router)
{
	if (router->n_helpers)
		router_mark(desired, router);
}

bool router_serves_helped(const struct router *router)
{
	for (guint i = 0; router->n_helpers && i < router->forwarded_ips->len; i++)
		if (forwarded_ip_is_known(router->forwarded_ips->pdata[i]))
			return true;
	return false;
}

/* All that the router has on that network may be decided differently. */
void interface_mark(struct desired *desired, struct interface *interface)
{
	struct address mac = address_of_mac(&interface->record.mac);
	struct ip link_local = ip_link_local_from_mac(&interface->record.mac);
	struct address address = address_of_ip(&link_local);

	router_mark(desired, interface->router);
	network_mark_address(desired, interface->network, &mac);
	network_mark_address(desired, interface->network, &address);
	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		address = address_of_ip(
			&g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i).ip);
		network_mark_address(desired, interface->network, &address);
	}
}

void interface_free(gpointer data)
{
	struct interface *interface = data;
	struct record record = { .kind = RECORD_INTERFACE, .interface = interface->record };

	record_clear(&record);
	g_free(interface->reason);
	g_free(interface);
}

static void forget_gone(struct network *network, const struct mac *mac)
{
	for (guint i = network->gone_routers->len; i-- > 0;)
		if (!mac_compare(&g_array_index(network->gone_routers, struct mac, i), mac))
			g_array_remove_index_fast(network->gone_routers, i);
}

void interface_put(struct desired *desired, const struct uuid *id, struct record_interface *record)
{
	struct interface *interface = g_new0(struct interface, 1);

	interface_delete(desired, id);
	interface->id = *id;
	interface->network = network_need(desired, &record->network_id);
	interface->router = router_need(desired, &record->router_id);
	interface->record = *record;
	*record = (struct record_interface){ 0 }; /* taken over */
	g_hash_table_insert(desired->interfaces, &interface->id, interface);
	g_ptr_array_add(interface->network->interfaces, interface);
	g_ptr_array_add(interface->router->interfaces, interface);
	network_mark(desired, interface->network);
	g_hash_table_add(desired->rerouted, interface->network);
	desired->firewall->parts_changed = true;
	if (g_hash_table_size(desired->router_firewalls))
		router_firewalls_mark_ports(desired);
	forget_gone(interface->network, &interface->record.mac);
	interface_mark(desired, interface);
}

void interface_delete(struct desired *desired, const struct uuid *id)
{
	struct interface *interface = desired_interface(desired, id);

	if (!interface)
		return;
	interface_mark(desired, interface);
	network_mark(desired, interface->network);
	g_hash_table_add(desired->rerouted, interface->network);
	desired->firewall->parts_changed = true;
	if (g_hash_table_size(desired->router_firewalls))
		router_firewalls_mark_ports(desired);
	g_array_append_val(interface->network->gone_routers, interface->record.mac);
	g_ptr_array_remove(interface->network->interfaces, interface);
	g_ptr_array_remove(interface->router->interfaces, interface);
	g_hash_table_remove(desired->interfaces, id);
}

bool interface_is_up(const struct interface *interface)
{
	return interface->record.admin_state_up && network_is_here(interface->network) &&
	       !interface->network->wire.physical_network;
}

static bool has_ip(const struct interface *interface, const struct ip *ip)
{
	struct ip link_local = ip_link_local_from_mac(&interface->record.mac);

	for (guint i = 0; i < interface->record.fixed_ips->len; i++)
		if (!ip_compare(
			    &g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i)
				     .ip,
			    ip))
			return true;
	return !ip_compare(&link_local, ip);
}

const struct interface *network_interface(
	const struct network *network, const struct address *address)
{
	struct ip ip = address->type == ADDRESS_MAC ? (struct ip){ 0 } : address_ip(address);
	struct mac mac = address_mac(address);

	for (guint i = 0; i < network->interfaces->len; i++) {
		const struct interface *interface = network->interfaces->pdata[i];

		if (interface_is_up(interface) &&
			(address->type == ADDRESS_MAC ? !mac_compare(&mac, &interface->record.mac)
						      : has_ip(interface, &ip)))
			return interface;
	}
	return NULL;
}

static bool has_subnet(const struct port *port, const struct uuid *subnet)
{
	for (guint i = 0; i < port->record.fixed_ips->len; i++)
		if (uuid_equal(&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i)
					.subnet_id,
			    subnet))
			return true;
	return false;
}

bool interface_is_of(const struct interface *interface, const struct port *port, u8 family)
{
	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i);

		if (fixed->ip.family == family && has_subnet(port, &fixed->subnet_id))
			return true;
	}
	return false;
}

const struct interface *port_router(const struct port *port, u8 family)
{
	for (guint n = 0; n < port->network->interfaces->len; n++) {
		const struct interface *interface = port->network->interfaces->pdata[n];

		if (interface_is_up(interface) && interface_is_of(interface, port, family))
			return interface;
	}
	return NULL;
}

const struct interface *port_router_elsewhere(
	const struct desired *desired, const struct port *port, u8 family)
{
	for (guint n = 0; n < port->network->interfaces->len; n++) {
		const struct interface *interface = port->network->interfaces->pdata[n];

		if (!interface_is_up(interface) && interface_is_of(interface, port, family) &&
			desired_endpoint(desired, &interface->id))
			return interface;
	}
	return NULL;
}
