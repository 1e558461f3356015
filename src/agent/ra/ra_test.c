/* SPDX-License-Identifier: Apache-2.0 */
/* Router advertisements: every byte of them for each mode, and solicitations that get none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/ra/ra.h"
#include "agent/frame/bytes.h"

static const struct mac guest = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } };
static struct service_subnet subnets[2];
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
	subnets[0] = (struct service_subnet){ .ra_mode = SERVICE_IP6_SLAAC,
		.gateway = ip_of("2001:db8::1") };
	assert_true(prefix_parse("2001:db8::/64", &subnets[0].cidr));
	subnets[1] = (struct service_subnet){ .ra_mode = SERVICE_IP6_STATEFUL };
	assert_true(prefix_parse("2001:db8:1::/64", &subnets[1].cidr));
	addresses[0] = (struct service_address){ ip_of("2001:db8::5"), &subnets[0] };
	addresses[1] = (struct service_address){ ip_of("2001:db8::6"), &subnets[0] };
	addresses[2] = (struct service_address){ ip_of("2001:db8:1::5"), &subnets[1] };
	port = (struct service_port){
		.mac = guest, .addresses = addresses, .n_addresses = 2, .mtu_bytes = 1442
	};
	return 0;
}

static enum service_outcome solicit_from(const char *src, const u8 *options, size_t len)
{
	struct frame_flow flow = { .src_mac = guest,
		.dst_mac = { { 0x33, 0x33, 0, 0, 0, 2 } },
		.src = ip_of(src),
		.dst = ip_of("ff02::2") };
	u8 message[64] = { 133 };
	struct frame frame;

	if (len)
		memcpy(message + 8, options, len);
	assert_true(frame_build_icmp6(&frame, &flow, message, 8 + len));
	return ra_respond(&port, frame.data, frame.len, &reply);
}

/* Where the reply comes from and goes to, and its bytes behind the checksum. */
static void assert_sent(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);
	char src[IP_STRLEN], dst[IP_STRLEN], mac[MAC_STRLEN];
	struct frame_flow flow;
	const u8 *message;
	size_t len;
	u8 hop_limit;

	assert_int_equal(
		frame_parse_icmp6(reply.data, reply.len, &flow, &hop_limit, &message, &len),
		FRAME_OK);
	assert_int_equal(hop_limit, 255);
	assert_memory_equal(message, "\x86\0", 2);
	g_string_append_printf(out, "%s > %s %s ", ip_format(&flow.src, src),
		ip_format(&flow.dst, dst), mac_format(&flow.dst_mac, mac));
	for (size_t i = 4; i < len; i++)
		g_string_append_printf(out, "%02x", message[i]);
	assert_string_equal(out->str, text);
}

#define FROM_SERVICE "fe80::f816:3fff:fe00:1 > "
#define TO_GUEST "fe80::f816:3eff:fe00:5 fa:16:3e:00:00:05 "
#define TO_ALL "ff02::1 33:33:00:00:00:01 "
#define SOURCE_MAC "0101fa163f000001"
#define MTU "05010000000005a2"
#define PREFIX(flags, network) "030440" flags "000151800000384000000000" network
#define NETWORK_0 "20010db8000000000000000000000000"
#define NETWORK_1 "20010db8000100000000000000000000"
#define DNS "1903000000000708fe80000000000000f8163ffffe000001"

static void test_slaac(void **state)
{
	(void)state;
	assert_int_equal(solicit_from("fe80::f816:3eff:fe00:5",
				 (const u8[]){ 1, 1, 0xfa, 0x16, 0x3e, 0, 0, 5 }, 8),
		SERVICE_RA_ADVERTISED);
	assert_sent(FROM_SERVICE TO_GUEST
		"400000000000000000000000" SOURCE_MAC MTU PREFIX("c0", NETWORK_0) DNS);
	assert_int_equal(solicit_from("::", NULL, 0), SERVICE_RA_ADVERTISED);
	assert_sent(FROM_SERVICE TO_ALL
		"400000000000000000000000" SOURCE_MAC MTU PREFIX("c0", NETWORK_0) DNS);
}

static void test_modes(void **state)
{
	struct service_subnet copy;

	(void)state;
	port.n_addresses = 3;
	subnets[0].ra_mode = SERVICE_IP6_STATELESS;
	copy = subnets[0]; /* the same subnet, told twice */
	addresses[1].subnet = &copy;
	assert_int_equal(ra_unsolicited(&port, &reply), SERVICE_RA_UNSOLICITED);
	assert_sent(FROM_SERVICE TO_ALL "40c000000000000000000000" SOURCE_MAC MTU PREFIX(
		"c0", NETWORK_0) PREFIX("80", NETWORK_1) DNS);
}

/* A router on the network: its MAC, its link-local address where it is the gateway, a lifetime. */
static void test_router(void **state)
{
	const struct ip servers[] = { ip_of("2620:fe::9") };

	(void)state;
	port.router_mac = (struct mac){ { 2, 0, 0, 0, 0, 9 } };
	port.router_lifetime_s = 1800;
	port.dns_domain = "example.org";
	port.mtu_bytes = 1000;
	subnets[0].dns_servers = servers;
	subnets[0].n_dns_servers = 1;
#define ROUTED                                                                             \
	TO_ALL "400007080000000000000000"                                                  \
	       "0101020000000009" PREFIX(                                                  \
		       "c0", NETWORK_0) "1903000000000708262000fe000000000000000000000009" \
					"1f03000000000708076578616d706c65036f726700000000"
	assert_int_equal(ra_unsolicited(&port, &reply), SERVICE_RA_UNSOLICITED);
	assert_sent("fe80::ff:fe00:9 > " ROUTED);
	subnets[0].gateway = ip_of("fe80::1");
	assert_int_equal(ra_unsolicited(&port, &reply), SERVICE_RA_UNSOLICITED);
	assert_sent("fe80::1 > " ROUTED);
	subnets[0].gateway = (struct ip){ 0 };
	assert_int_equal(ra_unsolicited(&port, &reply), SERVICE_RA_UNSOLICITED);
	assert_int_equal(reply.data[14 + 40 + 6] << 8 | reply.data[14 + 40 + 7], 0);
}

static void test_no_reply(void **state)
{
	const struct {
		const char *src;
		u8 options[8];
		size_t len;
	} cases[] = {
		{ "::", { 1, 1, 0xfa, 0x16, 0x3e, 0, 0, 5 }, 8 }, /* nobody has no MAC */
		{ "fe80::5", { 1, 0 }, 2 },
		{ "fe80::5", { 1, 2 }, 8 },
		{ "fe80::5", { 1 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_int_equal(solicit_from(cases[i].src, cases[i].options, cases[i].len),
			SERVICE_RA_BAD_OPTION);
		assert_int_equal(reply.len, 0);
	}
	subnets[0].ra_mode = SERVICE_IP6_NONE;
	assert_int_equal(solicit_from("fe80::5", NULL, 0), SERVICE_RA_NO_SUBNET);
	assert_int_equal(ra_unsolicited(&port, &reply), SERVICE_RA_NO_SUBNET);
	assert_int_equal(reply.len, 0);
}

static void test_through_a_router(void **state)
{
	static const u8 message[8] = { 133 };
	struct frame_flow flow = {
		.src_mac = guest, .src = ip_of("fe80::5"), .dst = ip_of("ff02::2")
	};
	struct frame frame;

	(void)state;
	assert_true(frame_build_icmp6(&frame, &flow, message, 8));
	frame.data[14 + 7] = 254;
	assert_int_equal(ra_respond(&port, frame.data, frame.len, &reply), SERVICE_RA_BAD_FRAME);
	frame.data[14 + 7] = 255;
	frame.data[14 + 40 + 1] = 1; /* code */
	assert_int_equal(ra_respond(&port, frame.data, frame.len, &reply), SERVICE_RA_BAD_FRAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_slaac, setup),
		cmocka_unit_test_setup(test_modes, setup),
		cmocka_unit_test_setup(test_router, setup),
		cmocka_unit_test_setup(test_no_reply, setup),
		cmocka_unit_test_setup(test_through_a_router, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
