/* SPDX-License-Identifier: Apache-2.0 */
/* The port whose guest sends what the fuzzer makes up: all kinds of subnets and options. */
#pragma once

#include "agent/frame/frame.h"
#include "agent/service/port.h"

static const struct mac fuzz_guest = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } };

static struct ip fuzz_ip(const char *text)
{
	struct ip ip;

	g_assert_true(ip_parse(text, &ip));
	return ip;
}

static const struct service_port *fuzz_port(void)
{
	static struct service_subnet subnets[3];
	static struct service_address addresses[3];
	static struct service_route route;
	static const struct service_option options[] = {
		{ "tftp-server", "10.0.0.9", 4 },
		{ "bootfile-name", "pxelinux.0", 4 },
		{ "ntp-server", "fd00::1", 6 },
	};
	static struct service_port port = { .id = "00000000-0000-0000-0000-000000000000",
		.mtu_bytes = 1442,
		.dns_name = "web",
		.dns_domain = "example.org",
		.options = options,
		.n_options = 3,
		.addresses = addresses,
		.n_addresses = 3 };

	if (port.mac.b[0])
		return &port;
	port.mac = fuzz_guest;
	g_assert_true(prefix_parse("10.0.0.0/24", &subnets[0].cidr));
	g_assert_true(prefix_parse("2001:db8::/64", &subnets[1].cidr));
	g_assert_true(prefix_parse("2001:db8:1::/64", &subnets[2].cidr));
	g_assert_true(prefix_parse("192.168.0.0/16", &route.destination));
	route.nexthop = fuzz_ip("10.0.0.2");
	subnets[0].gateway = fuzz_ip("10.0.0.1");
	subnets[0].routes = &route;
	subnets[0].n_routes = 1;
	subnets[1].ra_mode = subnets[1].address_mode = SERVICE_IP6_STATEFUL;
	subnets[2].ra_mode = subnets[2].address_mode = SERVICE_IP6_SLAAC;
	for (size_t i = 0; i < 3; i++)
		subnets[i].enable_dhcp = true;
	addresses[0] = (struct service_address){ fuzz_ip("10.0.0.5"), &subnets[0] };
	addresses[1] = (struct service_address){ fuzz_ip("2001:db8::5"), &subnets[1] };
	addresses[2] = (struct service_address){ fuzz_ip("2001:db8:1::5"), &subnets[2] };
	return &port;
}

/* A reply must itself be a frame that parses, from the service. */
static inline void fuzz_check_udp(const struct frame *reply, u16 src_port)
{
	struct frame_flow flow;
	const u8 *payload;
	size_t len;

	if (!reply->len)
		return;
	g_assert_cmpint(
		frame_parse_udp(reply->data, reply->len, &flow, &payload, &len), ==, FRAME_OK);
	g_assert_cmpint(flow.src_port, ==, src_port);
}
