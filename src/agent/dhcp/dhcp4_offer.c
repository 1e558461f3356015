/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/dhcp4_offer.h"

#include "agent/dhcp/options.h"
#include "agent/frame/name.h"

#define VALUE_MAX 1024
#define MTU_MIN 68 /* RFC 791; less is refused by clients */

static const struct prefix everywhere = { .ip = { .family = 4 } };
static const struct ip on_link = { .family = 4 };

static void write_netmask(struct writer *w, const struct dhcp4_offer *offer)
{
	u8 len = offer->address->subnet->cidr.len;

	write_u32(w, len ? UINT32_MAX << (32 - len) : 0);
}

static void write_broadcast(struct writer *w, const struct dhcp4_offer *offer)
{
	struct ip last = prefix_last(&offer->address->subnet->cidr);

	if (offer->address->subnet->cidr.len < 31)
		write_bytes(w, last.b, 4);
}

static void write_router(struct writer *w, const struct dhcp4_offer *offer)
{
	if (offer->address->subnet->gateway.family == 4)
		write_bytes(w, offer->address->subnet->gateway.b, 4);
}

/* A subnet with the server 0.0.0.0 wants none to be given out. */
static void write_dns_servers(struct writer *w, const struct dhcp4_offer *offer)
{
	const struct service_subnet *subnet = offer->address->subnet;

	if (subnet->n_dns_servers == 0)
		write_bytes(w, service_ip4.b, 4);
	for (size_t i = 0; i < subnet->n_dns_servers; i++) {
		const struct ip *ip = &subnet->dns_servers[i];

		if (ip->family == 4 && ip_compare(ip, &on_link) != 0)
			write_bytes(w, ip->b, 4);
	}
}

static void write_hostname(struct writer *w, const struct dhcp4_offer *offer)
{
	char name[SERVICE_NAME_SIZE];

	service_host_name(offer->port, &offer->address->ip, name);
	write_bytes(w, name, strlen(name));
}

static void write_domain(struct writer *w, const struct dhcp4_offer *offer)
{
	const char *domain = offer->port->dns_domain ? offer->port->dns_domain : "";
	size_t len = strlen(domain);

	write_bytes(w, domain, len && domain[len - 1] == '.' ? len - 1 : len);
}

static void write_search(struct writer *w, const struct dhcp4_offer *offer)
{
	if (offer->port->dns_domain && *offer->port->dns_domain)
		write_name(w, offer->port->dns_domain);
}

static void write_mtu(struct writer *w, const struct dhcp4_offer *offer)
{
	if (offer->port->mtu_bytes >= MTU_MIN && offer->port->mtu_bytes <= UINT16_MAX)
		write_u16(w, (u16)offer->port->mtu_bytes);
}

/*
 * A client that takes these ignores the router option, so the default route is among them (RFC
 * 3442). A next hop of zero means: on the link. So is the service address, and a gateway outside of
 * the subnet.
 */
static void write_routes(struct writer *w, const struct dhcp4_offer *offer)
{
	const struct service_subnet *subnet = offer->address->subnet;
	const struct prefix service = { .ip = service_ip4, .len = 32 };
	const struct prefix metadata = { .ip = metadata_ip4, .len = 32 };
	const struct prefix gateway = { .ip = subnet->gateway, .len = 32 };
	bool has_default = false;

	dhcp4_route_write(w, &service, &on_link);
	dhcp4_route_write(w, &metadata, &on_link);
	for (size_t i = 0; i < subnet->n_routes; i++) {
		const struct service_route *route = &subnet->routes[i];

		if (route->destination.ip.family != 4 || route->nexthop.family != 4)
			continue;
		has_default |= route->destination.len == 0;
		dhcp4_route_write(w, &route->destination, &route->nexthop);
	}
	if (has_default || gateway.ip.family != 4)
		return;
	if (!prefix_contains(&subnet->cidr, &subnet->gateway))
		dhcp4_route_write(w, &gateway, &on_link);
	dhcp4_route_write(w, &everywhere, &subnet->gateway);
}

/* In the order in which they are to survive when the client's message is too small for all. */
static const struct {
	u8 code;
	enum { ALWAYS, IF_WANTED, IF_ASKED_BY_NAME } when;
	void (*write)(struct writer *w, const struct dhcp4_offer *offer); /* nothing: no option */
} parameters[] = {
	{ DHCP4_NETMASK, ALWAYS, write_netmask },
	{ DHCP4_ROUTES, IF_WANTED, write_routes },
	{ DHCP4_ROUTER, ALWAYS, write_router },
	{ DHCP4_DNS_SERVER, ALWAYS, write_dns_servers },
	{ DHCP4_MTU, ALWAYS, write_mtu },
	{ DHCP4_ROUTES_MICROSOFT, IF_ASKED_BY_NAME, write_routes },
	{ DHCP4_HOSTNAME, IF_WANTED, write_hostname },
	{ DHCP4_DOMAIN_NAME, IF_WANTED, write_domain },
	{ DHCP4_BROADCAST, IF_WANTED, write_broadcast },
	{ DHCP4_DOMAIN_SEARCH, IF_WANTED, write_search },
};

static void write_value(struct writer *w, u8 code, const struct writer *value)
{
	if (!value->failed && value->len)
		dhcp4_write_option(w, code, value->data, value->len);
}

static void write_extra(struct writer *w, const struct service_port *port, u8 code)
{
	u8 room[VALUE_MAX];
	struct writer value = writer_of(room, sizeof(room));

	dhcp_option_write(&value, 4, code, dhcp_option_find(port, 4, code));
	write_value(w, code, &value);
}

/* The first of the port's options with its code: the others of that code have been answered with
 * it. */
static bool is_first(const struct service_port *port, size_t index, u16 code)
{
	for (size_t i = 0; i < index; i++) {
		u16 other;

		if (port->options[i].ip_version == 4 &&
			dhcp_option_code(4, port->options[i].name, &other) && other == code)
			return false;
	}
	return true;
}

static void write_extras(struct writer *w, const struct service_port *port)
{
	for (size_t i = 0; i < port->n_options; i++) {
		u16 code;

		if (port->options[i].ip_version == 4 &&
			dhcp_option_code(4, port->options[i].name, &code) &&
			code != DHCP4_SERVER_IP_ADDRESS && is_first(port, i, code))
			write_extra(w, port, (u8)code);
	}
}

static bool is_due(const struct dhcp4_offer *offer, size_t i)
{
	switch (parameters[i].when) {
	case ALWAYS:
		return true;
	case IF_WANTED:
		return dhcp4_wants(offer->request, parameters[i].code);
	default:
		return offer->request->wanted.bytes &&
		       dhcp4_wants(offer->request, parameters[i].code);
	}
}

void dhcp4_write_parameters(struct writer *w, const struct dhcp4_offer *offer)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		u8 room[VALUE_MAX];
		struct writer value = writer_of(room, sizeof(room));

		if (!is_due(offer, i) || dhcp_option_find(offer->port, 4, parameters[i].code))
			continue;
		parameters[i].write(&value, offer);
		write_value(w, parameters[i].code, &value);
	}
	write_extras(w, offer->port);
}

void dhcp4_write_lease(struct writer *w, const struct dhcp4_offer *offer)
{
	u32 lease = offer->port->lease_s ? offer->port->lease_s : SERVICE_LEASE_S;
	const struct {
		u8 code;
		u32 seconds;
	} times[] = {
		{ DHCP4_LEASE_TIME, lease },
		{ DHCP4_T1, lease / 2 },
		{ DHCP4_T2, lease - lease / 8 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		u8 room[4];
		struct writer value = writer_of(room, sizeof(room));

		if (dhcp_option_find(offer->port, 4, times[i].code))
			continue;
		write_u32(&value, times[i].seconds);
		write_value(w, times[i].code, &value);
	}
}
