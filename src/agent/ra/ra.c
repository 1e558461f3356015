/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ra/ra.h"

#include "agent/frame/bytes.h"
#include "agent/frame/name.h"

#define ROUTER_SOLICITATION 133
#define ROUTER_ADVERTISEMENT 134
#define CURRENT_HOP_LIMIT 64
#define RA_MANAGED 0x80 /* addresses by DHCPv6 */
#define RA_OTHER 0x40	/* the rest by DHCPv6 */
#define PREFIX_ON_LINK 0x80
#define PREFIX_AUTONOMOUS 0x40
#define PREFIX_VALID_S (24 * 3600)
#define PREFIX_PREFERRED_S (4 * 3600)
#define DNS_LIFETIME_S 1800 /* three times RFC 4861's longest interval, as RFC 8106 has it */
#define DNS_SERVERS_MAX 8
#define IPV6_MTU_MIN 1280

enum option {
	OPTION_SOURCE_MAC = 1,
	OPTION_PREFIX = 3,
	OPTION_MTU = 5,
	OPTION_DNS_SERVERS = 25,
	OPTION_DOMAINS = 31,
};

static const struct mac all_nodes_mac = { { 0x33, 0x33, 0, 0, 0, 1 } };
static const struct ip all_nodes = { .family = 6, .b = { 0xff, 0x02, [15] = 1 } };
static const struct ip unspecified = { .family = 6 };

static bool is_same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && prefix_contains(a, &b->ip);
}

/* The subnet of the port's address @i if it is advertised and no earlier address has it, else NULL.
 */
static const struct service_subnet *advertised(const struct service_port *port, size_t i)
{
	const struct service_subnet *subnet = port->addresses[i].subnet;

	if (port->addresses[i].ip.family != 6 || !subnet || subnet->ra_mode == SERVICE_IP6_NONE)
		return NULL;
	for (size_t earlier = 0; earlier < i; earlier++) {
		const struct service_subnet *other = port->addresses[earlier].subnet;

		if (other && is_same_prefix(&other->cidr, &subnet->cidr))
			return NULL;
	}
	return subnet;
}

static struct mac router_mac(const struct service_port *port)
{
	return mac_is_zero(&port->router_mac) ? service_mac : port->router_mac;
}

/* What the port's subnets say together. */
struct summary {
	size_t n_subnets;
	u8 flags;
	u16 router_lifetime_s;
	struct ip router; /* where the advertisement comes from */
};

static struct summary summarise(const struct service_port *port)
{
	struct mac mac = router_mac(port);
	struct summary summary = { .router = ip_link_local_from_mac(&mac) };

	for (size_t i = 0; i < port->n_addresses; i++) {
		const struct service_subnet *subnet = advertised(port, i);

		if (!subnet)
			continue;
		summary.n_subnets++;
		if (subnet->ra_mode == SERVICE_IP6_STATEFUL)
			summary.flags |= RA_MANAGED;
		if (subnet->ra_mode == SERVICE_IP6_STATELESS)
			summary.flags |= RA_OTHER;
		if (subnet->gateway.family != 6)
			continue;
		summary.router_lifetime_s = port->router_lifetime_s;
		/* A guest configured by hand names the gateway: the same router must not have two
		 * names. */
		if (!mac_is_zero(&port->router_mac) && ip_is_link_local(&subnet->gateway))
			summary.router = subnet->gateway;
	}
	return summary;
}

static void write_prefix(struct writer *w, const struct service_subnet *subnet)
{
	bool is_autonomous = subnet->ra_mode != SERVICE_IP6_STATEFUL;
	struct ip network = prefix_network(&subnet->cidr);

	write_u8(w, OPTION_PREFIX);
	write_u8(w, 4);
	write_u8(w, subnet->cidr.len);
	write_u8(w, PREFIX_ON_LINK | (is_autonomous ? PREFIX_AUTONOMOUS : 0));
	write_u32(w, PREFIX_VALID_S);
	write_u32(w, PREFIX_PREFERRED_S);
	write_zeroes(w, 4);
	write_bytes(w, network.b, 16);
}

static void write_prefixes(struct writer *w, const struct service_port *port)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		const struct service_subnet *subnet = advertised(port, i);

		if (subnet)
			write_prefix(w, subnet);
	}
}

static void write_mtu(struct writer *w, u32 mtu_bytes)
{
	if (mtu_bytes < IPV6_MTU_MIN)
		return;
	write_u8(w, OPTION_MTU);
	write_u8(w, 1);
	write_u16(w, 0);
	write_u32(w, mtu_bytes);
}

/* Each server once. "::" in a subnet's list: give none out. No list at all: the service address. */
static size_t collect_dns_servers(
	const struct service_port *port, struct ip ret[static DNS_SERVERS_MAX])
{
	size_t n = 0;
	bool is_set = false;

	for (size_t i = 0; i < port->n_addresses; i++) {
		const struct service_subnet *subnet = advertised(port, i);

		for (size_t s = 0; subnet && s < subnet->n_dns_servers && n < DNS_SERVERS_MAX;
			s++) {
			if (subnet->dns_servers[s].family != 6)
				continue;
			is_set = true;
			if (ip_compare(&subnet->dns_servers[s], &unspecified) != 0)
				ret[n++] = subnet->dns_servers[s];
		}
	}
	if (!is_set)
		ret[n++] = service_ip6;
	return n;
}

static void write_dns_servers(struct writer *w, const struct service_port *port)
{
	struct ip servers[DNS_SERVERS_MAX];
	size_t n = collect_dns_servers(port, servers);

	if (n == 0)
		return;
	write_u8(w, OPTION_DNS_SERVERS);
	write_u8(w, (u8)(1 + 2 * n));
	write_u16(w, 0);
	write_u32(w, DNS_LIFETIME_S);
	for (size_t i = 0; i < n; i++)
		write_bytes(w, servers[i].b, 16);
}

static void write_domains(struct writer *w, const struct service_port *port)
{
	u8 room[NAME_SIZE + 8] = { 0 };
	struct writer name = writer_of(room, NAME_SIZE);

	if (!port->dns_domain || !*port->dns_domain)
		return;
	write_name(&name, port->dns_domain);
	if (name.failed)
		return;
	size_t padded = (name.len + 7) / 8 * 8;
	write_u8(w, OPTION_DOMAINS);
	write_u8(w, (u8)(1 + padded / 8));
	write_u16(w, 0);
	write_u32(w, DNS_LIFETIME_S);
	write_bytes(w, room, padded);
}

static bool advertise(const struct service_port *port, const struct mac *to_mac,
	const struct ip *to, struct frame *ret)
{
	struct summary summary = summarise(port);
	struct frame_flow flow = { router_mac(port), *to_mac, summary.router, *to, 0, 0 };
	u8 room[FRAME_MAX];
	struct writer w = writer_of(room, sizeof(room));

	ret->len = 0;
	if (summary.n_subnets == 0)
		return false;
	write_u8(&w, ROUTER_ADVERTISEMENT);
	write_zeroes(&w, 3);
	write_u8(&w, CURRENT_HOP_LIMIT);
	write_u8(&w, summary.flags);
	write_u16(&w, summary.router_lifetime_s);
	write_zeroes(&w, 8); /* reachable and retransmission times: the guest's own */
	write_u8(&w, OPTION_SOURCE_MAC);
	write_u8(&w, 1);
	write_bytes(&w, flow.src_mac.b, 6);
	write_mtu(&w, port->mtu_bytes);
	write_prefixes(&w, port);
	write_dns_servers(&w, port);
	write_domains(&w, port);
	/* More prefixes than a frame holds (some forty) can't be: a port has fewer addresses. */
	return !w.failed && frame_build_icmp6(ret, &flow, room, w.len);
}

/* RFC 4861 section 6.1.1. */
static enum service_outcome check_solicitation(
	const u8 *message, size_t len, u8 hop_limit, const struct ip *src)
{
	struct reader r = reader_of(message, len);
	u8 type = read_u8(&r), code = read_u8(&r);

	read_bytes(&r, 6);
	if (r.failed || type != ROUTER_SOLICITATION || code != 0 || hop_limit != 255)
		return SERVICE_RA_BAD_FRAME;
	while (reader_left(&r)) {
		u8 option = read_u8(&r), words = read_u8(&r);

		if (r.failed || words == 0 || !read_bytes(&r, (size_t)words * 8 - 2))
			return SERVICE_RA_BAD_OPTION;
		if (option == OPTION_SOURCE_MAC && ip_compare(src, &unspecified) == 0)
			return SERVICE_RA_BAD_OPTION;
	}
	return SERVICE_RA_ADVERTISED;
}

enum service_outcome ra_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret)
{
	enum service_outcome outcome;
	struct frame_flow flow;
	const u8 *message;
	size_t message_len;
	u8 hop_limit;

	ret->len = 0;
	if (frame_parse_icmp6(bytes, len, &flow, &hop_limit, &message, &message_len) != FRAME_OK)
		return SERVICE_RA_BAD_FRAME;
	outcome = check_solicitation(message, message_len, hop_limit, &flow.src);
	if (outcome != SERVICE_RA_ADVERTISED)
		return outcome;
	/* Who has no address yet is answered with all the others. */
	bool is_known = ip_is_link_local(&flow.src);
	if (!advertise(port, is_known ? &flow.src_mac : &all_nodes_mac,
		    is_known ? &flow.src : &all_nodes, ret))
		return SERVICE_RA_NO_SUBNET;
	return SERVICE_RA_ADVERTISED;
}

enum service_outcome ra_unsolicited(const struct service_port *port, struct frame *ret)
{
	return advertise(port, &all_nodes_mac, &all_nodes, ret) ? SERVICE_RA_UNSOLICITED
								: SERVICE_RA_NO_SUBNET;
}
