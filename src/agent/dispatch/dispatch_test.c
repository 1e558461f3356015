/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher: who answers what, what DNS refuses without a look at the name, late replies,
 * counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/dispatch/dispatch.h"
#include "agent/dns/wire.h"

static const struct mac guest = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } };
static struct service_subnet subnet;
static struct service_address address;
static struct service_port port;
static struct dispatch *dispatch;
static struct frame reply, late;

static size_t by_name(
	const struct service_port *asker, const char *label, struct ip *ret, size_t max, void *data)
{
	(void)asker, (void)max, (void)data;
	ret[0] = address.ip;
	return strcmp(label, "web") == 0;
}

static bool by_ip(
	const struct service_port *asker, const struct ip *ip, const char **ret_name, void *data)
{
	(void)asker, (void)ip, (void)ret_name, (void)data;
	return false;
}

/* The agent may find here that the port has gone. */
static void on_late_reply(const char *port_id, const struct frame *frame, void *data)
{
	(void)data;
	assert_string_equal(port_id, "p");
	late = *frame;
	dispatch_port_gone(dispatch, port_id);
}

static int setup(void **state)
{
	static const struct dns_directory directory = { by_name, by_ip, NULL };
	static struct ip upstream;

	(void)state;
	assert_true(prefix_parse("10.0.0.5/24", &subnet.cidr));
	assert_true(ip_parse("127.0.0.1", &upstream));
	subnet.enable_dhcp = true;
	address = (struct service_address){ subnet.cidr.ip, &subnet };
	port = (struct service_port){ .id = "p",
		.mac = guest,
		.addresses = &address,
		.n_addresses = 1,
		.mtu_bytes = 1442,
		.dns_domain = "example.org" };
	/* Port 1: nobody answers there. */
	dispatch = dispatch_new(&(struct dispatch_options){ .directory = &directory,
		.upstreams = &upstream,
		.n_upstreams = 1,
		.upstream_port = 1,
		.late_reply = on_late_reply });
	late.len = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dispatch_free(dispatch);
	return 0;
}

static enum service_outcome ask(u16 flags, const char *name, u16 type, u16 class)
{
	const struct frame_flow flow = { .src_mac = guest,
		.src = address.ip,
		.dst = service_ip4,
		.src_port = 5353,
		.dst_port = 53 };
	u8 room[512];
	struct writer w = writer_of(room, sizeof(room));
	struct frame frame;

	write_u16(&w, 0x1234);
	write_u16(&w, flags);
	write_u16(&w, 1);
	write_zeroes(&w, 6);
	write_name(&w, name);
	write_u16(&w, type);
	write_u16(&w, class);
	assert_true(frame_build_udp(&frame, &flow, room, w.len));
	return dispatch_handle(dispatch, DISPATCH_DNS, &port, frame.data, frame.len, &reply);
}

/* The flags of the DNS reply in @frame, which must go back to the guest. */
static unsigned flags_of(const struct frame *frame)
{
	struct frame_flow flow;
	const u8 *message;
	size_t len;

	assert_int_equal(frame_parse_udp(frame->data, frame->len, &flow, &message, &len), FRAME_OK);
	assert_int_equal(ip_compare(&flow.src, &service_ip4), 0);
	assert_int_equal(flow.dst_port, 5353);
	assert_int_equal(mac_compare(&flow.dst_mac, &guest), 0);
	assert_memory_equal(message, "\x12\x34", 2);
	return (unsigned)message[2] << 8 | message[3];
}

static void test_dns(void **state)
{
	(void)state;
	assert_int_equal(ask(0x100, "web.example.org", DNS_A, 1), SERVICE_DNS_ANSWERED);
	assert_int_equal(flags_of(&reply), 0x8580);
	assert_int_equal(ask(0x100, "web.example.org", DNS_A, 3), SERVICE_DNS_REFUSED);
	assert_int_equal(flags_of(&reply), 0x8185);
	assert_int_equal(ask(0x100, "example.org", DNS_AXFR, 1), SERVICE_DNS_REFUSED);
	assert_int_equal(ask(0x2000, "example.org", DNS_SOA, 1), SERVICE_DNS_NOT_IMPLEMENTED);
	assert_int_equal(flags_of(&reply), 0xa084);
	assert_int_equal(ask(0x8100, "web", DNS_A, 1), SERVICE_DNS_NOT_QUERY);
	assert_int_equal(reply.len, 0);
	assert_int_equal(dispatch_count(dispatch, SERVICE_DNS_REFUSED), 2);
}

static void test_late_reply(void **state)
{
	(void)state;
	assert_int_equal(ask(0x100, "www.debian.org", DNS_A, 1), SERVICE_DNS_FORWARDED);
	assert_int_equal(reply.len, 0);
	while (!late.len)
		g_main_context_iteration(NULL, TRUE);
	assert_int_equal(flags_of(&late), 0x8180 | DNS_SERVFAIL);
	assert_int_equal(dispatch_count(dispatch, SERVICE_DNS_FORWARDED), 1);
	assert_int_equal(dispatch_count(dispatch, SERVICE_DNS_FORWARD_TIMEOUT), 1);
}

static void test_every_service_refuses_junk(void **state)
{
	static const struct {
		enum dispatch_service service;
		enum service_outcome outcome;
	} cases[] = {
		{ DISPATCH_DHCP4, SERVICE_DHCP4_BAD_FRAME },
		{ DISPATCH_DHCP6, SERVICE_DHCP6_BAD_FRAME },
		{ DISPATCH_RS, SERVICE_RA_BAD_FRAME },
		{ DISPATCH_DNS, SERVICE_DNS_BAD_FRAME },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		reply.len = 1;
		assert_int_equal(dispatch_handle(dispatch, cases[i].service, &port,
					 (const u8 *)"junk", 4, &reply),
			cases[i].outcome);
		assert_int_equal(reply.len, 0);
		assert_int_equal(dispatch_count(dispatch, cases[i].outcome), 1);
	}
	assert_int_equal(dispatch_unsolicited_ra(dispatch, &port, &reply), SERVICE_RA_NO_SUBNET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_service_refuses_junk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
