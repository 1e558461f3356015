/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/dhcp6.h"

#include "agent/dhcp/dhcp6_wire.h"
#include "agent/dhcp/options.h"
#include "agent/frame/name.h"

#define SERVER_PORT 547
#define CLIENT_PORT 546
#define DUID_LL 3
#define HARDWARE_ETHERNET 1
#define DUID_BYTES 10
#define VALUE_MAX 1024

/* A message on its way: who asks what, and the reply as far as it is. */
struct exchange {
	const struct service_port *port;
	const struct dhcp6_request *request;
	struct writer w;
};

static void server_duid(u8 ret[static DUID_BYTES])
{
	put_u16(ret, DUID_LL);
	put_u16(ret + 2, HARDWARE_ETHERNET);
	memcpy(ret + 4, service_mac.b, 6);
}

static bool is_stateful(const struct service_address *address)
{
	return address->ip.family == 6 && address->subnet && address->subnet->enable_dhcp &&
	       address->subnet->address_mode == SERVICE_IP6_STATEFUL;
}

/* Does DHCPv6 serve the port at all, be it only with information? */
static bool is_served(const struct service_port *port)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		const struct service_address *address = &port->addresses[i];

		if (is_stateful(address) ||
			(address->ip.family == 6 && address->subnet &&
				address->subnet->enable_dhcp &&
				address->subnet->address_mode == SERVICE_IP6_STATELESS))
			return true;
	}
	return false;
}

static bool is_mine(const struct service_port *port, const struct ip *ip)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (is_stateful(&port->addresses[i]) && ip_compare(&port->addresses[i].ip, ip) == 0)
			return true;
	}
	return false;
}

static void write_address(struct writer *w, const struct ip *ip, u32 lifetime_s)
{
	size_t begin = dhcp6_begin_option(w, DHCP6_IAADDR);

	write_bytes(w, ip->b, 16);
	write_u32(w, lifetime_s); /* preferred */
	write_u32(w, lifetime_s); /* valid */
	dhcp6_end_option(w, begin);
}

/* Addresses that the client thinks are its own, and are not: it shall drop them at once. */
static void write_invalid(struct exchange *x, struct reader options)
{
	struct ip ip;

	while (dhcp6_next_address(&options, &ip)) {
		if (!is_mine(x->port, &ip))
			write_address(&x->w, &ip, 0);
	}
}

static void write_valid(struct exchange *x, u32 lease_s)
{
	for (size_t i = 0; i < x->port->n_addresses; i++) {
		if (is_stateful(&x->port->addresses[i]))
			write_address(&x->w, &x->port->addresses[i].ip, lease_s);
	}
}

/* The association @ia in the reply; @first is the one that gets the port's addresses, if it has
 * any. */
static void write_ia(struct exchange *x, const struct dhcp6_ia *ia, const struct dhcp6_ia *first)
{
	u32 lease_s = x->port->lease_s ? x->port->lease_s : SERVICE_LEASE_S;
	bool is_renewal =
		x->request->type == DHCP6_TYPE_RENEW || x->request->type == DHCP6_TYPE_REBIND;
	size_t begin = dhcp6_begin_option(&x->w, (u16)ia->code);

	write_u32(&x->w, ia->iaid);
	if (ia->code != DHCP6_IA_TA) {
		write_u32(&x->w, ia == first ? lease_s / 2 : 0);
		write_u32(&x->w, ia == first ? lease_s / 5 * 4 : 0);
	}
	if (ia == first)
		write_valid(x, lease_s);
	if (is_renewal && ia->code != DHCP6_IA_PD)
		write_invalid(x, ia->options);
	if (ia->code == DHCP6_IA_PD)
		dhcp6_write_status(&x->w, DHCP6_NO_PREFIXES);
	else if (ia != first)
		dhcp6_write_status(&x->w, is_renewal ? DHCP6_NO_BINDING : DHCP6_NO_ADDRESSES);
	dhcp6_end_option(&x->w, begin);
}

static void write_ias(struct exchange *x)
{
	const struct dhcp6_ia *first = NULL;
	bool has_addresses = false;

	for (size_t i = 0; i < x->port->n_addresses; i++)
		has_addresses |= is_stateful(&x->port->addresses[i]);
	for (size_t i = 0; i < x->request->n_ias && has_addresses && !first; i++) {
		if (x->request->ias[i].code == DHCP6_IA_NA)
			first = &x->request->ias[i];
	}
	for (size_t i = 0; i < x->request->n_ias; i++)
		write_ia(x, &x->request->ias[i], first);
}

/* Releases and declines: each association is confirmed to be gone. */
static void write_released(struct exchange *x)
{
	dhcp6_write_status(&x->w, DHCP6_SUCCESS);
	for (size_t i = 0; i < x->request->n_ias; i++) {
		const struct dhcp6_ia *ia = &x->request->ias[i];
		struct reader options = ia->options;
		struct ip ip;

		if (ia->code != DHCP6_IA_NA ||
			(dhcp6_next_address(&options, &ip) && is_mine(x->port, &ip)))
			continue;
		size_t begin = dhcp6_begin_option(&x->w, (u16)ia->code);
		write_u32(&x->w, ia->iaid);
		write_zeroes(&x->w, 8);
		dhcp6_write_status(&x->w, DHCP6_NO_BINDING);
		dhcp6_end_option(&x->w, begin);
	}
}

/* Subnets may share a server: each is written once. "::" in a subnet's list: give none out. */
static void write_dns_servers(struct exchange *x)
{
	static const struct ip none = { .family = 6 };
	u8 room[VALUE_MAX];
	struct writer value = writer_of(room, sizeof(room));
	bool is_set = false;

	for (size_t i = 0; i < x->port->n_addresses; i++) {
		const struct service_subnet *subnet = x->port->addresses[i].subnet;

		for (size_t s = 0; subnet && s < subnet->n_dns_servers; s++) {
			const struct ip *ip = &subnet->dns_servers[s];

			if (ip->family != 6)
				continue;
			is_set = true;
			if (ip_compare(ip, &none) != 0 && !memmem(room, value.len, ip->b, 16))
				write_bytes(&value, ip->b, 16);
		}
	}
	if (!is_set)
		write_bytes(&value, service_ip6.b, 16);
	if (value.len)
		dhcp6_write_option(&x->w, DHCP6_DNS_SERVERS, room, value.len);
}

static void write_domain_list(struct exchange *x)
{
	u8 room[NAME_SIZE];
	struct writer value = writer_of(room, sizeof(room));

	if (!x->port->dns_domain || !*x->port->dns_domain)
		return;
	write_name(&value, x->port->dns_domain);
	if (!value.failed)
		dhcp6_write_option(&x->w, DHCP6_DOMAIN_LIST, room, value.len);
}

static void write_extra(struct exchange *x, u16 code)
{
	const char *text = dhcp_option_find(x->port, 6, code);
	u8 room[VALUE_MAX];
	struct writer value = writer_of(room, sizeof(room));

	if (!text || !*text)
		return;
	dhcp_option_write(&value, 6, code, text);
	if (!value.failed)
		dhcp6_write_option(&x->w, code, room, value.len);
}

/* What the client has asked for, each once: the port's own setting, or what follows from its
 * subnets. */
static void write_parameters(struct exchange *x)
{
	static const struct {
		u16 code;
		void (*write)(struct exchange *x);
	} parameters[] = {
		{ DHCP6_DNS_SERVERS, write_dns_servers },
		{ DHCP6_DOMAIN_LIST, write_domain_list },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		if (dhcp6_wants(x->request, parameters[i].code) &&
			!dhcp_option_find(x->port, 6, parameters[i].code))
			parameters[i].write(x);
	}
	for (size_t i = 0; i < x->port->n_options; i++) {
		const struct service_option *option = &x->port->options[i], *winner = option;
		u16 code, other;

		if (option->ip_version != 6 || !dhcp_option_code(6, option->name, &code) ||
			!dhcp6_wants(x->request, code))
			continue;
		for (size_t later = i + 1; later < x->port->n_options; later++) {
			if (x->port->options[later].ip_version == 6 &&
				dhcp_option_code(6, x->port->options[later].name, &other) &&
				other == code)
				winner = &x->port->options[later];
		}
		if (winner == option)
			write_extra(x, code);
	}
}

static enum service_outcome begin(struct exchange *x, enum dhcp6_type type)
{
	u8 duid[DUID_BYTES];

	server_duid(duid);
	write_u32(&x->w, (u32)type << 24 | x->request->transaction);
	dhcp6_write_option(&x->w, DHCP6_SERVER_ID, duid, sizeof(duid));
	if (x->request->client_id.bytes)
		dhcp6_write_option(&x->w, DHCP6_CLIENT_ID, x->request->client_id.bytes,
			x->request->client_id.len);
	return type == DHCP6_TYPE_ADVERTISE ? SERVICE_DHCP6_ADVERTISE : SERVICE_DHCP6_REPLY;
}

static enum service_outcome on_solicit(struct exchange *x)
{
	enum service_outcome outcome =
		begin(x, x->request->rapid_commit ? DHCP6_TYPE_REPLY : DHCP6_TYPE_ADVERTISE);

	if (x->request->rapid_commit)
		dhcp6_write_option(&x->w, DHCP6_RAPID_COMMIT, NULL, 0);
	write_ias(x);
	write_parameters(x);
	return outcome;
}

static enum service_outcome on_request(struct exchange *x)
{
	enum service_outcome outcome = begin(x, DHCP6_TYPE_REPLY);

	write_ias(x);
	write_parameters(x);
	return outcome;
}

/* RFC 8415 section 18.3.3, a little stricter: an address must not only be of the link but of the
 * port. */
static enum service_outcome on_confirm(struct exchange *x)
{
	enum dhcp6_status status = DHCP6_SUCCESS;
	size_t n = 0;

	for (size_t i = 0; i < x->request->n_ias; i++) {
		struct reader options = x->request->ias[i].options;
		struct ip ip;

		for (; dhcp6_next_address(&options, &ip); n++) {
			if (!is_mine(x->port, &ip))
				status = DHCP6_NOT_ON_LINK;
		}
	}
	if (n == 0)
		return SERVICE_DHCP6_NO_ADDRESS;
	enum service_outcome outcome = begin(x, DHCP6_TYPE_REPLY);
	dhcp6_write_status(&x->w, status);
	return outcome;
}

/* The addresses stay the port's, whatever the guest does with them. */
static enum service_outcome on_release(struct exchange *x)
{
	enum service_outcome outcome = begin(x, DHCP6_TYPE_REPLY);

	write_released(x);
	return outcome;
}

static enum service_outcome on_information(struct exchange *x)
{
	if (x->request->n_ias)
		return SERVICE_DHCP6_BAD_OPTION;
	begin(x, DHCP6_TYPE_REPLY);
	write_parameters(x);
	return SERVICE_DHCP6_INFORMATION;
}

enum presence { ABSENT, OPTIONAL, REQUIRED };

/* Who must be named in a message, and who answers it (RFC 8415 section 16). */
static const struct {
	enum presence client_id, server_id;
	enum service_outcome (*respond)(struct exchange *x);
} messages[] = {
	[DHCP6_TYPE_SOLICIT] = { REQUIRED, ABSENT, on_solicit },
	[DHCP6_TYPE_REQUEST] = { REQUIRED, REQUIRED, on_request },
	[DHCP6_TYPE_CONFIRM] = { REQUIRED, ABSENT, on_confirm },
	[DHCP6_TYPE_RENEW] = { REQUIRED, REQUIRED, on_request },
	[DHCP6_TYPE_REBIND] = { REQUIRED, ABSENT, on_request },
	[DHCP6_TYPE_RELEASE] = { REQUIRED, REQUIRED, on_release },
	[DHCP6_TYPE_DECLINE] = { REQUIRED, REQUIRED, on_release },
	[DHCP6_TYPE_INFORMATION_REQUEST] = { OPTIONAL, OPTIONAL, on_information },
};

static bool is_present_as(enum presence presence, const struct dhcp6_bytes *id)
{
	return presence == OPTIONAL || (presence == REQUIRED) == (id->bytes != NULL);
}

static enum service_outcome respond(struct exchange *x)
{
	const struct dhcp6_request *request = x->request;
	u8 duid[DUID_BYTES];

	if ((size_t)request->type >= G_N_ELEMENTS(messages) || !messages[request->type].respond)
		return SERVICE_DHCP6_BAD_TYPE;
	if (!is_present_as(messages[request->type].client_id, &request->client_id) ||
		!is_present_as(messages[request->type].server_id, &request->server_id))
		return SERVICE_DHCP6_BAD_IDENTITY;
	server_duid(duid);
	if (request->server_id.bytes &&
		(request->server_id.len != sizeof(duid) ||
			memcmp(request->server_id.bytes, duid, sizeof(duid)) != 0))
		return SERVICE_DHCP6_OTHER_SERVER;
	if (!is_served(x->port))
		return SERVICE_DHCP6_NO_ADDRESS;
	return messages[request->type].respond(x);
}

enum service_outcome dhcp6_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret)
{
	struct dhcp6_request request;
	enum service_outcome outcome;
	struct frame_flow flow;
	const u8 *message;
	size_t message_len;
	u8 room[FRAME_MAX];

	ret->len = 0;
	if (frame_parse_udp(bytes, len, &flow, &message, &message_len) != FRAME_OK ||
		flow.src.family != 6 || flow.dst_port != SERVER_PORT ||
		!ip_is_link_local(&flow.src))
		return SERVICE_DHCP6_BAD_FRAME;
	if (!dhcp6_parse(message, message_len, &request, &outcome))
		return outcome;
	struct exchange x = { port, &request,
		writer_of(room,
			frame_udp_payload_max(6, port->mtu_bytes ? port->mtu_bytes : FRAME_MAX)) };
	outcome = respond(&x);
	struct frame_flow back = { service_mac, flow.src_mac, service_ip6, flow.src, SERVER_PORT,
		CLIENT_PORT };
	if (x.w.len == 0)
		return outcome;
	/* Too long a list of options for the network's MTU. */
	if (x.w.failed || !frame_build_udp(ret, &back, room, x.w.len))
		return SERVICE_DHCP6_NO_ADDRESS;
	return outcome;
}
