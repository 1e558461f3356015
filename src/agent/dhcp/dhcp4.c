/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dhcp/dhcp4.h"

#include "agent/dhcp/dhcp4_offer.h"
#include "agent/dhcp/dhcp4_wire.h"
#include "agent/dhcp/options.h"

#define SERVER_PORT 67
#define CLIENT_PORT 68

static const struct mac broadcast_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
static const struct ip broadcast_ip = { .family = 4, .b = { 255, 255, 255, 255 } };

static bool is_served(const struct service_address *address)
{
	return address->ip.family == 4 && address->subnet && address->subnet->enable_dhcp;
}

/* The port's address @ip if DHCP serves it, else NULL. */
static const struct service_address *find_address(
	const struct service_port *port, const struct ip *ip)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (is_served(&port->addresses[i]) && ip_compare(&port->addresses[i].ip, ip) == 0)
			return &port->addresses[i];
	}
	return NULL;
}

static const struct service_address *first_address(const struct service_port *port)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (is_served(&port->addresses[i]))
			return &port->addresses[i];
	}
	return NULL;
}

/* Where a reply goes (RFC 2131 section 4.1): to the address that the client has, else to the one it
 * is getting, as broadcast when it says that it can't receive anything else. */
static struct frame_flow flow_to(const struct service_port *port,
	const struct dhcp4_request *request, const struct ip *your_ip)
{
	struct frame_flow flow = {
		.src_mac = service_mac,
		.dst_mac = port->mac,
		.src = service_ip4,
		.dst = request->client_ip.family ? request->client_ip : *your_ip,
		.src_port = SERVER_PORT,
		.dst_port = CLIENT_PORT,
	};

	if (!flow.dst.family ||
		(!request->client_ip.family && request->flags & DHCP4_BROADCAST_FLAG)) {
		flow.dst = broadcast_ip;
		flow.dst_mac = broadcast_mac;
	}
	return flow;
}

/* Network boot: firmware reads these fields, and not the options, unless it asks for them. */
static struct dhcp4_header header_of(
	const struct service_port *port, const struct ip *client_ip, const struct ip *your_ip)
{
	const char *next = dhcp_option_find(port, 4, DHCP4_SERVER_IP_ADDRESS);
	struct dhcp4_header header = {
		.client_ip = *client_ip,
		.your_ip = *your_ip,
		.server_name = dhcp_option_find(port, 4, DHCP4_TFTP_SERVER),
		.boot_file = dhcp_option_find(port, 4, DHCP4_BOOTFILE),
	};

	if (!next)
		next = header.server_name;
	if (!next || !ip_parse(next, &header.next_server) || header.next_server.family != 4)
		header.next_server = (struct ip){ 0 };
	return header;
}

static void begin(struct writer *w, const struct dhcp4_request *request,
	const struct dhcp4_header *header, enum dhcp4_type type)
{
	u8 type_byte = (u8)type;

	dhcp4_write_header(w, request, header);
	dhcp4_write_option(w, DHCP4_MESSAGE_TYPE, &type_byte, 1);
	dhcp4_write_option(w, DHCP4_SERVER_ID, service_ip4.b, 4);
	if (request->client_id.bytes) /* RFC 6842 */
		dhcp4_write_option(
			w, DHCP4_CLIENT_ID, request->client_id.bytes, request->client_id.len);
}

static struct writer reply_writer(const struct service_port *port,
	const struct dhcp4_request *request, u8 room[static FRAME_MAX])
{
	size_t max = frame_udp_payload_max(4, port->mtu_bytes ? port->mtu_bytes : FRAME_MAX);

	return writer_of(room, MIN(max, request->size_max));
}

static enum service_outcome finish(struct writer *w, const struct frame_flow *flow,
	struct frame *ret, enum service_outcome outcome)
{
	dhcp4_write_end(w);
	/* Only a network with an MTU below DHCP's minimum is too small for the fixed part. */
	if (w->failed || !frame_build_udp(ret, flow, w->data, w->len))
		return SERVICE_DHCP4_NO_ADDRESS;
	return outcome;
}

static enum service_outcome refuse(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	static const char message[] = "this is not an address of your port";
	const struct dhcp4_header header = { 0 };
	const struct ip nothing = { 0 };
	struct dhcp4_request to = *request;
	u8 room[FRAME_MAX];
	struct writer w = reply_writer(port, request, room);

	to.client_ip = nothing; /* broadcast: the client may not have the address it claims */
	begin(&w, request, &header, DHCP4_TYPE_NAK);
	dhcp4_write_option(&w, DHCP4_MESSAGE, (const u8 *)message, sizeof(message) - 1);
	struct frame_flow flow = flow_to(port, &to, &nothing);
	return finish(&w, &flow, ret, SERVICE_DHCP4_NAK);
}

static enum service_outcome grant(const struct dhcp4_offer *offer, enum dhcp4_type type,
	struct frame *ret, enum service_outcome outcome)
{
	static const struct ip nothing;
	const struct ip *ciaddr = type == DHCP4_TYPE_ACK ? &offer->request->client_ip : &nothing;
	struct dhcp4_header header = header_of(offer->port, ciaddr, &offer->address->ip);
	u8 room[FRAME_MAX];
	struct writer w = reply_writer(offer->port, offer->request, room);

	begin(&w, offer->request, &header, type);
	dhcp4_write_lease(&w, offer);
	dhcp4_write_parameters(&w, offer);
	struct frame_flow flow = flow_to(offer->port, offer->request, &offer->address->ip);
	return finish(&w, &flow, ret, outcome);
}

static enum service_outcome on_discover(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	const struct service_address *address = find_address(port, &request->requested);

	if (!address)
		address = first_address(port);
	if (!address)
		return SERVICE_DHCP4_NO_ADDRESS;
	return grant(&(struct dhcp4_offer){ port, address, request }, DHCP4_TYPE_OFFER, ret,
		SERVICE_DHCP4_OFFER);
}

/* Selecting names the server; after a reboot the address is an option; renewing and rebinding it is
 * ciaddr (RFC 2131 section 4.3.2). In each the port's addresses decide. */
static enum service_outcome on_request(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	const struct ip *asked =
		request->requested.family ? &request->requested : &request->client_ip;
	const struct service_address *address = find_address(port, asked);

	if (request->server.family && ip_compare(&request->server, &service_ip4) != 0)
		return SERVICE_DHCP4_OTHER_SERVER;
	if (!first_address(port))
		return SERVICE_DHCP4_NO_ADDRESS;
	if (!asked->family)
		return SERVICE_DHCP4_BAD_OPTION;
	if (!address)
		return refuse(port, request, ret);
	return grant(&(struct dhcp4_offer){ port, address, request }, DHCP4_TYPE_ACK, ret,
		SERVICE_DHCP4_ACK);
}

/* The client has an address by other means and wants the rest: no lease, no address in the reply.
 */
static enum service_outcome on_inform(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	static const struct ip nothing;
	const struct service_address *address = find_address(port, &request->client_ip);
	struct dhcp4_header header = header_of(port, &request->client_ip, &nothing);
	u8 room[FRAME_MAX];
	struct writer w = reply_writer(port, request, room);

	if (!request->client_ip.family)
		return SERVICE_DHCP4_BAD_HEADER;
	if (!address)
		address = first_address(port);
	if (!address)
		return SERVICE_DHCP4_NO_ADDRESS;
	const struct dhcp4_offer offer = { port, address, request };
	begin(&w, request, &header, DHCP4_TYPE_ACK);
	dhcp4_write_parameters(&w, &offer);
	struct frame_flow flow = flow_to(port, request, &nothing);
	return finish(&w, &flow, ret, SERVICE_DHCP4_INFORM_ACK);
}

/* The address stays the port's, whatever the guest does with it. */
static enum service_outcome on_decline(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	(void)port, (void)request, (void)ret;
	return SERVICE_DHCP4_DECLINED;
}

static enum service_outcome on_release(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret)
{
	(void)port, (void)request, (void)ret;
	return SERVICE_DHCP4_RELEASED;
}

typedef enum service_outcome (*handler)(
	const struct service_port *port, const struct dhcp4_request *request, struct frame *ret);

static const handler handlers[] = {
	[DHCP4_TYPE_DISCOVER] = on_discover,
	[DHCP4_TYPE_REQUEST] = on_request,
	[DHCP4_TYPE_DECLINE] = on_decline,
	[DHCP4_TYPE_RELEASE] = on_release,
	[DHCP4_TYPE_INFORM] = on_inform,
};

enum service_outcome dhcp4_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret)
{
	struct dhcp4_request request;
	enum service_outcome outcome;
	struct frame_flow flow;
	const u8 *message;
	size_t message_len;

	ret->len = 0;
	if (frame_parse_udp(bytes, len, &flow, &message, &message_len) != FRAME_OK ||
		flow.src.family != 4 || flow.dst_port != SERVER_PORT)
		return SERVICE_DHCP4_BAD_FRAME;
	if (!dhcp4_parse(message, message_len, &request, &outcome))
		return outcome;
	if (mac_compare(&request.client_mac, &port->mac) != 0)
		return SERVICE_DHCP4_FOREIGN_MAC;
	if ((size_t)request.type >= G_N_ELEMENTS(handlers) || !handlers[request.type])
		return SERVICE_DHCP4_BAD_TYPE;
	return handlers[request.type](port, &request, ret);
}
