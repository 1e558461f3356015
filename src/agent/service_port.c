/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service_port.h"

#define ROUTER_LIFETIME_S 1800 /* AdvDefaultLifetime's default, RFC 4861 section 6.2.1 */

static void set_routes(struct service_port_owned *owned, struct service_subnet *ret,
	const struct record_subnet *from)
{
	GArray *routes = g_array_new(FALSE, FALSE, sizeof(struct service_route));

	for (guint i = 0; i < from->host_routes->len; i++) {
		const struct record_route *route =
			&g_array_index(from->host_routes, struct record_route, i);
		struct service_route copy = { route->destination, route->nexthop };

		g_array_append_val(routes, copy);
	}
	g_ptr_array_add(owned->routes, routes);
	ret->routes = (const struct service_route *)routes->data;
	ret->n_routes = routes->len;
}

static void add_subnet(struct service_port_owned *owned, const struct record_subnet *from)
{
	struct service_subnet subnet = {
		.cidr = from->cidr,
		.gateway = from->gateway,
		.enable_dhcp = from->enable_dhcp,
		.dns_servers = (const struct ip *)from->dns_nameservers->data,
		.n_dns_servers = from->dns_nameservers->len,
	};

	service_ip6_mode_parse(from->ra_mode, &subnet.ra_mode);
	service_ip6_mode_parse(from->address_mode, &subnet.address_mode);
	set_routes(owned, &subnet, from);
	g_array_append_val(owned->subnets, subnet);
}

/* One subnet per address, in the order of the addresses; those whose subnet has not arrived are
 * left out. */
static void add_addresses(
	struct service_port_owned *owned, const struct desired *desired, const struct port *port)
{
	g_autoptr(GArray) ips = g_array_new(FALSE, FALSE, sizeof(struct ip));

	for (guint i = 0; i < port->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i);
		const struct subnet *subnet = desired_subnet(desired, &fixed->subnet_id);

		if (!subnet)
			continue;
		add_subnet(owned, &subnet->record);
		g_array_append_val(ips, fixed->ip);
	}
	for (guint i = 0; i < ips->len; i++) {
		struct service_address address = {
			.ip = g_array_index(ips, struct ip, i),
			.subnet = &g_array_index(owned->subnets, struct service_subnet, i),
		};

		g_array_append_val(owned->addresses, address);
	}
}

static void add_options(struct service_port_owned *owned, const struct port *port)
{
	for (guint i = 0; i < port->record.options->len; i++) {
		const struct record_option *from =
			&g_array_index(port->record.options, struct record_option, i);
		struct service_option option = {
			.name = from->name,
			.value = from->value ? from->value : "",
			.ip_version = from->ip_version,
		};

		g_array_append_val(owned->options, option);
	}
}

struct service_port_owned *service_port_of(const struct desired *desired, const struct port *port)
{
	struct service_port_owned *owned = g_new0(struct service_port_owned, 1);
	const struct interface *router =
		port_router(port, 6) ?: port_router_elsewhere(desired, port, 6);

	owned->subnets = g_array_new(FALSE, FALSE, sizeof(struct service_subnet));
	owned->addresses = g_array_new(FALSE, FALSE, sizeof(struct service_address));
	owned->options = g_array_new(FALSE, FALSE, sizeof(struct service_option));
	owned->routes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	add_addresses(owned, desired, port);
	add_options(owned, port);
	owned->port = (struct service_port){
		.id = uuid_format(&port->id, owned->id),
		.network_id = uuid_format(&port->network->id, owned->network_id),
		.mac = port->record.mac,
		.addresses = (const struct service_address *)owned->addresses->data,
		.n_addresses = owned->addresses->len,
		.mtu_bytes = port->network->mtu_bytes,
		.dns_name = port->record.dns_name,
		.dns_domain = port->network->dns_domain,
		.options = (const struct service_option *)owned->options->data,
		.n_options = owned->options->len,
	};
	if (router) {
		owned->port.router_mac = router->record.mac;
		owned->port.router_lifetime_s = ROUTER_LIFETIME_S;
	}
	return owned;
}

void service_port_owned_free(struct service_port_owned *owned)
{
	g_array_unref(owned->subnets);
	g_array_unref(owned->addresses);
	g_array_unref(owned->options);
	g_ptr_array_unref(owned->routes);
	g_free(owned);
}
