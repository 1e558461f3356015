/* SPDX-License-Identifier: Apache-2.0 */
/* Each message of a DHCPv6 client against the whole reply, written out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/dhcp/dhcp6.h"
#include "agent/frame/bytes.h"

enum {
	SOLICIT = 1,
	ADVERTISE,
	REQUEST,
	CONFIRM,
	RENEW,
	REBIND,
	REPLY,
	RELEASE,
	DECLINE,
	INFORMATION = 11
};

#define CLIENT 0, 1, 0, 4, 0, 3, 0, 9
#define SERVER 0, 2, 0, 10, 0, 3, 0, 1, 0xfa, 0x16, 0x3f, 0, 0, 1
#define IA(code, len, ...) 0, code, 0, 12 + len, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, ##__VA_ARGS__
#define IAADDR(last)                                                                              \
	0, 5, 0, 24, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 1, 0, 0, \
		0, 2
#define IA_EMPTY IA(3, 0)
#define IA_WITH(last) IA(3, 28, IAADDR(last))
#define WANT(code) 0, 6, 0, 2, 0, code
#define OPTIONS(...) (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

static const struct mac guest = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } };
static struct service_subnet subnet4, subnet;
static struct service_address addresses[3];
static struct service_port port;
static struct frame reply;

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static int setup(void **state)
{
	(void)state;
	subnet4 = (struct service_subnet){ .enable_dhcp = true };
	subnet = (struct service_subnet){ .enable_dhcp = true,
		.address_mode = SERVICE_IP6_STATEFUL,
		.ra_mode = SERVICE_IP6_STATEFUL };
	assert_true(prefix_parse("2001:db8::/64", &subnet.cidr));
	addresses[0] = (struct service_address){ ip_of("10.0.0.5"), &subnet4 };
	addresses[1] = (struct service_address){ ip_of("2001:db8::5"), &subnet };
	addresses[2] = (struct service_address){ ip_of("2001:db8::6"), &subnet };
	port = (struct service_port){ .mac = guest,
		.addresses = addresses,
		.n_addresses = 2,
		.mtu_bytes = 1442,
		.dns_domain = "example.org",
		.lease_s = 1000 };
	return 0;
}

static enum service_outcome respond_to(u8 type, const u8 *options, size_t len)
{
	struct frame_flow flow = { .src_mac = guest,
		.dst_mac = { { 0x33, 0x33, 0, 1, 0, 2 } },
		.src_port = 546,
		.dst_port = 547 };
	u8 message[1024] = { type, 0xab, 0xcd, 0xef };
	struct frame frame;

	flow.src = ip_of("fe80::f816:3eff:fe00:5");
	flow.dst = ip_of("ff02::1:2");
	memcpy(message + 4, options, len);
	assert_true(frame_build_udp(&frame, &flow, message, 4 + len));
	return dhcp6_respond(&port, frame.data, frame.len, &reply);
}

static void print_options(GString *out, struct reader r)
{
	while (reader_left(&r)) {
		u16 code = read_u16(&r);
		struct reader value = read_part(&r, read_u16(&r));

		g_string_append_printf(out, " %u=", code);
		if (code == 3 || code == 25) { /* IAID, T1, T2, options */
			g_string_append_printf(out, "%u", read_u32(&value));
			g_string_append_printf(out, "/%u", read_u32(&value));
			g_string_append_printf(out, "/%u(", read_u32(&value));
			print_options(out, value);
			g_string_append(out, " )");
			continue;
		}
		if (code == 13) { /* the text is for people */
			g_string_append_printf(out, "%u", read_u16(&value));
			continue;
		}
		while (reader_left(&value))
			g_string_append_printf(out, "%02x", read_u8(&value));
	}
	assert_false(r.failed);
}

static void assert_reply(enum service_outcome got, enum service_outcome expected, const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct frame_flow flow;
	char ip[IP_STRLEN];
	const u8 *message;
	size_t len;

	assert_string_equal(service_outcome_name(got), service_outcome_name(expected));
	assert_int_equal(frame_parse_udp(reply.data, reply.len, &flow, &message, &len), FRAME_OK);
	assert_int_equal(flow.src_port, 547);
	assert_int_equal(flow.dst_port, 546);
	assert_int_equal(mac_compare(&flow.src_mac, &service_mac), 0);
	assert_int_equal(mac_compare(&flow.dst_mac, &guest), 0);
	assert_int_equal(ip_compare(&flow.src, &service_ip6), 0);
	assert_string_equal(ip_format(&flow.dst, ip), "fe80::f816:3eff:fe00:5");
	assert_memory_equal(message + 1, "\xab\xcd\xef", 3);
	g_string_append_printf(out, "%u", message[0]);
	print_options(out, reader_of(message + 4, len - 4));
	assert_string_equal(out->str, text);
}

#define IDS " 2=00030001fa163f000001 1=00030009"
#define IAADDR_5 " 5=20010db8000000000000000000000005000003e8000003e8"
#define IAADDR_66_GONE " 5=20010db80000000000000000000000420000000000000000"
#define GRANTED " 3=7/500/800(" IAADDR_5 " )"

static void test_solicit(void **state)
{
	(void)state;
	assert_reply(
		respond_to(SOLICIT, OPTIONS(CLIENT, IA_EMPTY, 0, 6, 0, 6, 0, 23, 0, 24, 0, 31)),
		SERVICE_DHCP6_ADVERTISE,
		"2" IDS GRANTED
		" 23=fe80000000000000f8163ffffe000001 24=076578616d706c65036f726700");
	assert_reply(respond_to(SOLICIT, OPTIONS(0, 14, 0, 0, CLIENT, IA_EMPTY)),
		SERVICE_DHCP6_REPLY, "7" IDS " 14=" GRANTED);
}

/* A second association gets nothing, and neither does one for prefixes. */
static void test_more_associations(void **state)
{
	(void)state;
	assert_reply(respond_to(SOLICIT, OPTIONS(CLIENT, IA(25, 0), IA_EMPTY, IA_EMPTY)),
		SERVICE_DHCP6_ADVERTISE, "2" IDS " 25=7/0/0( 13=6 )" GRANTED " 3=7/0/0( 13=2 )");
}

static void test_request_and_renew(void **state)
{
	(void)state;
	assert_reply(respond_to(REQUEST, OPTIONS(CLIENT, SERVER, IA_WITH(5))), SERVICE_DHCP6_REPLY,
		"7" IDS GRANTED);
	assert_reply(respond_to(REBIND, OPTIONS(CLIENT, IA_WITH(5))), SERVICE_DHCP6_REPLY,
		"7" IDS GRANTED);
	/* An address that is no longer the port's is taken back. */
	assert_reply(respond_to(RENEW, OPTIONS(CLIENT, SERVER, IA_WITH(66))), SERVICE_DHCP6_REPLY,
		"7" IDS " 3=7/500/800(" IAADDR_5 IAADDR_66_GONE " )");
	port.n_addresses = 3;
	assert_reply(respond_to(REQUEST, OPTIONS(CLIENT, SERVER, IA_EMPTY)), SERVICE_DHCP6_REPLY,
		"7" IDS " 3=7/500/800(" IAADDR_5
		" 5=20010db8000000000000000000000006000003e8000003e8 )");
}

static void test_confirm(void **state)
{
	(void)state;
	assert_reply(respond_to(CONFIRM, OPTIONS(CLIENT, IA_WITH(5))), SERVICE_DHCP6_REPLY,
		"7" IDS " 13=0");
	assert_reply(respond_to(CONFIRM, OPTIONS(CLIENT, IA_WITH(66))), SERVICE_DHCP6_REPLY,
		"7" IDS " 13=4");
	assert_int_equal(respond_to(CONFIRM, OPTIONS(CLIENT, IA_EMPTY)), SERVICE_DHCP6_NO_ADDRESS);
	assert_int_equal(reply.len, 0);
}

static void test_release(void **state)
{
	(void)state;
	assert_reply(respond_to(RELEASE, OPTIONS(CLIENT, SERVER, IA_WITH(5))), SERVICE_DHCP6_REPLY,
		"7" IDS " 13=0");
	assert_reply(respond_to(DECLINE, OPTIONS(CLIENT, SERVER, IA_WITH(66))), SERVICE_DHCP6_REPLY,
		"7" IDS " 13=0 3=7/0/0( 13=3 )");
}

static void test_information(void **state)
{
	const struct ip servers[] = { ip_of("2620:fe::9"), ip_of("9.9.9.9") };
	const struct service_option options[] = { { "ntp-server", "fd00::1", 6 },
		{ "domain-search", "x", 6 }, { "mtu", "1300", 4 } };

	(void)state;
	subnet.address_mode = SERVICE_IP6_STATELESS;
	subnet.dns_servers = servers;
	subnet.n_dns_servers = 2;
	assert_reply(respond_to(INFORMATION, OPTIONS(WANT(23))), SERVICE_DHCP6_INFORMATION,
		"7 2=00030001fa163f000001 23=262000fe000000000000000000000009");
	port.options = options;
	port.n_options = 3;
	assert_reply(respond_to(INFORMATION, OPTIONS(CLIENT, 0, 6, 0, 4, 0, 24, 0, 56)),
		SERVICE_DHCP6_INFORMATION,
		"7" IDS " 56=00010010fd000000000000000000000000000001 24=017800");
	/* No addresses are given out there. */
	assert_reply(respond_to(SOLICIT, OPTIONS(CLIENT, IA_EMPTY)), SERVICE_DHCP6_ADVERTISE,
		"2" IDS " 3=7/0/0( 13=2 )");
}

static void test_no_reply(void **state)
{
	const struct {
		u8 type;
		const u8 *options;
		size_t len;
		enum service_outcome outcome;
	} cases[] = {
		{ SOLICIT, OPTIONS(IA_EMPTY), SERVICE_DHCP6_BAD_IDENTITY },
		{ SOLICIT, OPTIONS(CLIENT, SERVER), SERVICE_DHCP6_BAD_IDENTITY },
		{ REQUEST, OPTIONS(CLIENT), SERVICE_DHCP6_BAD_IDENTITY },
		{ REQUEST, OPTIONS(CLIENT, 0, 2, 0, 4, 1, 2, 3, 4), SERVICE_DHCP6_OTHER_SERVER },
		{ ADVERTISE, OPTIONS(CLIENT), SERVICE_DHCP6_BAD_TYPE },
		{ 0, OPTIONS(CLIENT), SERVICE_DHCP6_BAD_TYPE },
		{ 200, OPTIONS(CLIENT), SERVICE_DHCP6_BAD_TYPE },
		{ 12, OPTIONS(CLIENT), SERVICE_DHCP6_RELAYED },
		{ SOLICIT, OPTIONS(CLIENT, CLIENT), SERVICE_DHCP6_BAD_OPTION },
		{ SOLICIT, OPTIONS(CLIENT, 0, 3, 0, 11, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0),
			SERVICE_DHCP6_BAD_OPTION },
		{ SOLICIT, OPTIONS(CLIENT, IA(3, 5, 0, 5, 0, 1, 1)), SERVICE_DHCP6_BAD_OPTION },
		{ SOLICIT, OPTIONS(CLIENT, 0, 6, 0, 1, 1), SERVICE_DHCP6_BAD_OPTION },
		{ SOLICIT, OPTIONS(CLIENT, 0, 99, 0, 200), SERVICE_DHCP6_BAD_OPTION },
		{ SOLICIT, OPTIONS(0, 1, 0, 1, 1), SERVICE_DHCP6_BAD_OPTION },
		{ INFORMATION, OPTIONS(IA_EMPTY), SERVICE_DHCP6_BAD_OPTION },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_string_equal(service_outcome_name(respond_to(
					    cases[i].type, cases[i].options, cases[i].len)),
			service_outcome_name(cases[i].outcome));
		assert_int_equal(reply.len, 0);
	}
	subnet.enable_dhcp = false;
	assert_int_equal(respond_to(SOLICIT, OPTIONS(CLIENT, IA_EMPTY)), SERVICE_DHCP6_NO_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_solicit, setup),
		cmocka_unit_test_setup(test_more_associations, setup),
		cmocka_unit_test_setup(test_request_and_renew, setup),
		cmocka_unit_test_setup(test_confirm, setup),
		cmocka_unit_test_setup(test_release, setup),
		cmocka_unit_test_setup(test_information, setup),
		cmocka_unit_test_setup(test_no_reply, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
