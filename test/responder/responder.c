/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's responders without an agent and without an edge switch: serves one port, described on
 * the command line, over a packet socket on the other end of the guest's veth. It answers ARP and
 * neighbour solicitations for the service addresses, as the edge switch does. For tests with real
 * clients.
 */
#include <arpa/inet.h>
#include <glib-unix.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dispatch/dispatch.h"

static char *arg_mac, *arg_ip4, *arg_gateway, *arg_ip6, *arg_mode, *arg_name, *arg_domain,
	*arg_upstream;
static char **arg_options;
static int arg_mtu = 1442, arg_lease;

static const GOptionEntry entries[] = {
	{ "mac", 0, 0, G_OPTION_ARG_STRING, &arg_mac, "of the guest", "MAC" },
	{ "ip4", 0, 0, G_OPTION_ARG_STRING, &arg_ip4, "its IPv4 address", "ADDRESS/LENGTH" },
	{ "gateway", 0, 0, G_OPTION_ARG_STRING, &arg_gateway, "of the IPv4 subnet", "ADDRESS" },
	{ "ip6", 0, 0, G_OPTION_ARG_STRING, &arg_ip6, "its IPv6 address", "ADDRESS/LENGTH" },
	{ "mode", 0, 0, G_OPTION_ARG_STRING, &arg_mode, "of the IPv6 subnet",
		"slaac|dhcpv6-stateful|…" },
	{ "mtu", 0, 0, G_OPTION_ARG_INT, &arg_mtu, "of the network", "BYTES" },
	{ "lease", 0, 0, G_OPTION_ARG_INT, &arg_lease, "of DHCP", "SECONDS" },
	{ "name", 0, 0, G_OPTION_ARG_STRING, &arg_name, "of the port", "LABEL" },
	{ "domain", 0, 0, G_OPTION_ARG_STRING, &arg_domain, "of the network", "NAME" },
	{ "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arg_options, "extra DHCPv4 option",
		"NAME=VALUE" },
	{ "upstream", 0, 0, G_OPTION_ARG_STRING, &arg_upstream, "resolver", "ADDRESS" },
	{ 0 },
};

struct responder {
	int fd;
	struct service_subnet subnets[2];
	struct service_address addresses[2];
	struct service_option options[16];
	struct service_port port;
	struct dispatch *dispatch;
};

static void send_frame(struct responder *r, const struct frame *frame)
{
	if (frame->len && write(r->fd, frame->data, frame->len) != (ssize_t)frame->len)
		g_printerr("send: %s\n", g_strerror(errno));
}

static void late_reply(const char *port_id, const struct frame *frame, void *data)
{
	struct responder *r = data;

	g_assert_cmpstr(port_id, ==, r->port.id);
	send_frame(r, frame);
}

static size_t by_name(
	const struct service_port *asker, const char *label, struct ip *ret, size_t max, void *data)
{
	size_t n = 0;

	(void)data;
	if (g_strcmp0(label, asker->dns_name) != 0)
		return 0;
	for (; n < asker->n_addresses && n < max; n++)
		ret[n] = asker->addresses[n].ip;
	return n;
}

static bool by_ip(
	const struct service_port *asker, const struct ip *ip, const char **ret_name, void *data)
{
	(void)data;
	*ret_name = asker->dns_name;
	for (size_t i = 0; i < asker->n_addresses; i++) {
		if (ip_compare(ip, &asker->addresses[i].ip) == 0)
			return true;
	}
	return false;
}

/* Who-has the IPv4 service address. */
static void answer_arp(struct responder *r, const u8 *frame, size_t len)
{
	struct frame reply = { .len = 42 };

	if (len < 42 || frame[21] != 1 || memcmp(frame + 38, service_ip4.b, 4) != 0)
		return;
	memcpy(reply.data, frame, 42);
	memcpy(reply.data, frame + 6, 6);
	memcpy(reply.data + 6, service_mac.b, 6);
	reply.data[21] = 2;
	memcpy(reply.data + 22, service_mac.b, 6);
	memcpy(reply.data + 28, service_ip4.b, 4);
	memcpy(reply.data + 32, frame + 22, 10);
	send_frame(r, &reply);
}

/* Neighbour solicitation of the IPv6 service address (RFC 4861 section 4.4). */
static void answer_nd(
	struct responder *r, const struct frame_flow *flow, const u8 *message, size_t len)
{
	struct frame_flow back = { service_mac, flow->src_mac, service_ip6, flow->src, 0, 0 };
	u8 room[32] = { 136, 0, 0, 0, 0x60 };
	struct frame reply;

	if (len < 24 || memcmp(message + 8, service_ip6.b, 16) != 0)
		return;
	memcpy(room + 8, service_ip6.b, 16);
	room[24] = 2;
	room[25] = 1;
	memcpy(room + 26, service_mac.b, 6);
	if (frame_build_icmp6(&reply, &back, room, sizeof(room)))
		send_frame(r, &reply);
}

/* What the edge switch punts. */
static int service_of(const struct frame_flow *flow)
{
	switch (flow->dst_port) {
	case 67:
		return DISPATCH_DHCP4;
	case 547:
		return DISPATCH_DHCP6;
	case 53:
		return DISPATCH_DNS;
	default:
		return -1;
	}
}

static void on_frame(struct responder *r, const u8 *bytes, size_t len)
{
	struct frame_flow flow;
	struct frame reply;
	const u8 *payload;
	size_t payload_len;
	int service = -1;
	u8 hop_limit;

	if (len > 14 && bytes[12] == 0x08 && bytes[13] == 0x06) {
		answer_arp(r, bytes, len);
		return;
	}
	if (frame_parse_udp(bytes, len, &flow, &payload, &payload_len) == FRAME_OK)
		service = service_of(&flow);
	else if (frame_parse_icmp6(bytes, len, &flow, &hop_limit, &payload, &payload_len) ==
			 FRAME_OK &&
		 payload_len) {
		if (payload[0] == 135)
			answer_nd(r, &flow, payload, payload_len);
		service = payload[0] == 133 ? DISPATCH_RS : -1;
	}
	if (service < 0)
		return;
	enum service_outcome outcome = dispatch_handle(
		r->dispatch, (enum dispatch_service)service, &r->port, bytes, len, &reply);
	g_print("%s %s\n", service_outcome_service(outcome), service_outcome_name(outcome));
	send_frame(r, &reply);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	u8 bytes[2048];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);

	(void)condition;
	if (n > 0 && from.sll_pkttype != PACKET_OUTGOING)
		on_frame(data, bytes, (size_t)n);
	return G_SOURCE_CONTINUE;
}

static void add_address(struct responder *r, const char *text, struct service_subnet subnet)
{
	size_t i = r->port.n_addresses++;

	if (!prefix_parse(text, &subnet.cidr))
		g_error("%s is no address with a prefix length", text);
	r->subnets[i] = subnet;
	r->addresses[i] = (struct service_address){ subnet.cidr.ip, &r->subnets[i] };
}

static void configure(struct responder *r)
{
	struct service_subnet subnet4 = { .enable_dhcp = true }, subnet6 = { .enable_dhcp = true };
	struct service_port *port = &r->port;

	*port = (struct service_port){ .id = "test",
		.network_id = "test",
		.addresses = r->addresses,
		.mtu_bytes = (u32)arg_mtu,
		.lease_s = (u32)arg_lease,
		.dns_name = arg_name,
		.dns_domain = arg_domain,
		.options = r->options };
	if (!arg_mac || !mac_parse(arg_mac, &port->mac))
		g_error("--mac is needed");
	if (arg_gateway && !ip_parse(arg_gateway, &subnet4.gateway))
		g_error("%s is no address", arg_gateway);
	if (!service_ip6_mode_parse(arg_mode, &subnet6.ra_mode))
		g_error("%s is no mode", arg_mode);
	subnet6.address_mode = subnet6.ra_mode;
	if (arg_ip4)
		add_address(r, arg_ip4, subnet4);
	if (arg_ip6)
		add_address(r, arg_ip6, subnet6);
	for (char **option = arg_options;
		option && *option && port->n_options < G_N_ELEMENTS(r->options); option++) {
		g_auto(GStrv) pair = g_strsplit(*option, "=", 2);

		r->options[port->n_options++] =
			(struct service_option){ g_strdup(pair[0]), g_strdup(pair[1]), 4 };
	}
}

static int open_packet_socket(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		g_error("%s: %s", device, g_strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("DEVICE");
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	struct responder r = { 0 };
	const struct dns_directory directory = { by_name, by_ip, NULL };
	struct ip upstream;

	setvbuf(stdout, NULL, _IOLBF, 0);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2)
		g_error("%s", error ? error->message : "which device?");
	configure(&r);
	r.fd = open_packet_socket(argv[1]);
	r.dispatch = dispatch_new(&(struct dispatch_options){ .directory = &directory,
		.upstreams = &upstream,
		.n_upstreams = arg_upstream && ip_parse(arg_upstream, &upstream),
		.late_reply = late_reply,
		.data = &r });
	g_unix_fd_add(r.fd, G_IO_IN, on_readable, &r);
	g_print("ready\n");
	g_main_loop_run(loop);
	return 0;
}
