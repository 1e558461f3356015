/* SPDX-License-Identifier: Apache-2.0 */
/* Each message of a DHCPv4 client against the whole reply, written out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/dhcp/dhcp4.h"
#include "agent/frame/bytes.h"

#define DISCOVER 53, 1, 1
#define REQUEST 53, 1, 3
#define DECLINE 53, 1, 4
#define RELEASE 53, 1, 7
#define INFORM 53, 1, 8
#define SERVER 54, 4, 169, 254, 169, 253
#define ASK_5 50, 4, 10, 0, 0, 5
#define ASK_6 50, 4, 10, 0, 0, 6
#define ASK_66 50, 4, 10, 0, 0, 66
#define ADDRESS(...)        \
	(const u8[4])       \
	{                   \
		__VA_ARGS__ \
	}
#define OPTIONS(...) (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

static const struct mac guest = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } };
static struct service_subnet subnet = { .enable_dhcp = true };
static struct service_address addresses[2];
static struct service_port port;
static struct frame reply;
static u8 request[1024];
static size_t request_len;

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static int setup(void **state)
{
	(void)state;
	subnet = (struct service_subnet){ .enable_dhcp = true, .gateway = ip_of("10.0.0.1") };
	assert_true(prefix_parse("10.0.0.0/24", &subnet.cidr));
	addresses[0] = (struct service_address){ ip_of("10.0.0.5"), &subnet };
	addresses[1] = (struct service_address){ ip_of("10.0.0.6"), &subnet };
	port = (struct service_port){ .mac = guest,
		.addresses = addresses,
		.n_addresses = 2,
		.mtu_bytes = 1442,
		.dns_name = "web",
		.dns_domain = "example.org." };
	return 0;
}

/* A client's message with @flags, ciaddr and options; the end mark is added. */
static void make(u16 flags, const u8 ciaddr[4], const u8 *options, size_t len)
{
	struct writer w = writer_of(request, sizeof(request));

	write_u32(&w, 0x01010600);
	write_u32(&w, 0x12345678);
	write_u16(&w, 3);
	write_u16(&w, flags);
	write_bytes(&w, ciaddr, 4);
	write_zeroes(&w, 12);
	write_bytes(&w, guest.b, 6);
	write_zeroes(&w, 10 + 64 + 128);
	write_u32(&w, 0x63825363);
	write_bytes(&w, options, len);
	write_u8(&w, 255);
	request_len = w.len;
}

static enum service_outcome respond(void)
{
	const struct frame_flow flow = { .src_mac = guest,
		.dst_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		.src = { .family = 4 },
		.dst = { .family = 4, .b = { 255, 255, 255, 255 } },
		.src_port = 68,
		.dst_port = 67 };
	struct frame frame;

	assert_true(frame_build_udp(&frame, &flow, request, request_len));
	return dhcp4_respond(&port, frame.data, frame.len, &reply);
}

static void print_ip(GString *out, const char *label, const u8 *b)
{
	if (b[0] | b[1] | b[2] | b[3])
		g_string_append_printf(out, " %s=%u.%u.%u.%u", label, b[0], b[1], b[2], b[3]);
}

static void print_options(GString *out, struct reader r)
{
	while (reader_left(&r)) {
		u8 code = read_u8(&r);

		if (code == 255)
			break;
		u8 len = read_u8(&r);
		g_string_append_printf(out, " %u=", code);
		for (u8 i = 0; i < len; i++)
			g_string_append_printf(out, "%02x", read_u8(&r));
	}
	assert_false(r.failed);
	while (reader_left(&r))
		assert_int_equal(read_u8(&r), 0);
}

/* The reply in one line: where it goes, the header's fields that are not zero, the options in hex.
 */
static char *shown(void)
{
	GString *out = g_string_new(NULL);
	char mac[MAC_STRLEN], ip[IP_STRLEN];
	struct frame_flow flow;
	const u8 *message;
	size_t len;

	assert_int_equal(frame_parse_udp(reply.data, reply.len, &flow, &message, &len), FRAME_OK);
	assert_int_equal(flow.src_port, 67);
	assert_int_equal(flow.dst_port, 68);
	assert_int_equal(mac_compare(&flow.src_mac, &service_mac), 0);
	assert_int_equal(ip_compare(&flow.src, &service_ip4), 0);
	assert_true(len >= 300);
	g_string_append_printf(
		out, "%s %s", mac_format(&flow.dst_mac, mac), ip_format(&flow.dst, ip));
	assert_memory_equal(message, "\2\1\6\0\x12\x34\x56\x78\0\0", 10);
	print_ip(out, "flags", (const u8[4]){ message[10], message[11] });
	print_ip(out, "ciaddr", message + 12);
	print_ip(out, "yiaddr", message + 16);
	print_ip(out, "siaddr", message + 20);
	print_ip(out, "giaddr", message + 24);
	assert_memory_equal(message + 28, guest.b, 6);
	if (message[44])
		g_string_append_printf(out, " sname=%s", message + 44);
	if (message[108])
		g_string_append_printf(out, " file=%s", message + 108);
	print_options(out, reader_of(message + 240, len - 240));
	return g_string_free(out, FALSE);
}

static void assert_reply(enum service_outcome expected, const char *text)
{
	assert_string_equal(service_outcome_name(respond()), service_outcome_name(expected));
	g_autofree char *got = shown();
	assert_string_equal(got, text);
}

#define TO_5 "fa:16:3e:00:00:05 10.0.0.5"
#define LEASE " 51=00015180 58=0000a8c0 59=00012750"
#define SERVER_ID " 54=a9fea9fd"
/* Netmask, classless routes (service address, default), router, DNS, MTU, host name, domain,
 * broadcast, search. */
#define NETWORK                                                                                                  \
	" 1=ffffff00 121=20a9fea9fd0000000020a9fea9fe00000000000a000001 3=0a000001 6=a9fea9fd 26=05a2 12=776562" \
	" 15=6578616d706c652e6f7267 28=0a0000ff 119=076578616d706c65036f726700"

static void test_discover(void **state)
{
	(void)state;
	make(0, ADDRESS(0), OPTIONS(DISCOVER));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5 " yiaddr=10.0.0.5 53=02" SERVER_ID LEASE NETWORK);
}

static void test_discover_hint(void **state)
{
	(void)state;
	make(0x8000, ADDRESS(0), OPTIONS(DISCOVER, ASK_6, 55, 1, 1, 61, 3, 0, 'i', 'd'));
	assert_reply(SERVICE_DHCP4_OFFER,
		"ff:ff:ff:ff:ff:ff 255.255.255.255 flags=128.0.0.0 yiaddr=10.0.0.6 53=02" SERVER_ID
		" 61=006964" LEASE " 1=ffffff00 3=0a000001 6=a9fea9fd 26=05a2");
	/* What is not the port's is not offered, whoever asks for it. */
	make(0, ADDRESS(0), OPTIONS(DISCOVER, ASK_66, 55, 1, 1));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5 " yiaddr=10.0.0.5 53=02" SERVER_ID LEASE
					       " 1=ffffff00 3=0a000001 6=a9fea9fd 26=05a2");
}

static void test_request(void **state)
{
	(void)state;
	make(0, ADDRESS(0), OPTIONS(REQUEST, SERVER, ASK_5)); /* selecting */
	assert_reply(SERVICE_DHCP4_ACK, TO_5 " yiaddr=10.0.0.5 53=05" SERVER_ID LEASE NETWORK);
	make(0, ADDRESS(0), OPTIONS(REQUEST, ASK_5)); /* after a reboot */
	assert_reply(SERVICE_DHCP4_ACK, TO_5 " yiaddr=10.0.0.5 53=05" SERVER_ID LEASE NETWORK);
	make(0x8000, ADDRESS(10, 0, 0, 5),
		OPTIONS(REQUEST)); /* renewing, rebinding: it can receive */
	assert_reply(SERVICE_DHCP4_ACK, TO_5
		" flags=128.0.0.0 ciaddr=10.0.0.5 yiaddr=10.0.0.5 53=05" SERVER_ID LEASE NETWORK);
}

#define NAK                                                 \
	"ff:ff:ff:ff:ff:ff 255.255.255.255 53=06" SERVER_ID \
	" 56=74686973206973206e6f7420616e2061646472657373206f6620796f757220706f7274"

static void test_nak(void **state)
{
	(void)state;
	make(0, ADDRESS(0), OPTIONS(REQUEST, SERVER, ASK_66));
	assert_reply(SERVICE_DHCP4_NAK, NAK);
	make(0, ADDRESS(0), OPTIONS(REQUEST, ASK_66));
	assert_reply(SERVICE_DHCP4_NAK, NAK);
	make(0, ADDRESS(10, 0, 0, 66), OPTIONS(REQUEST));
	assert_reply(SERVICE_DHCP4_NAK, NAK);
}

static void test_inform(void **state)
{
	(void)state;
	make(0, ADDRESS(10, 0, 0, 6), OPTIONS(INFORM, 55, 1, 6));
	assert_reply(SERVICE_DHCP4_INFORM_ACK,
		"fa:16:3e:00:00:05 10.0.0.6 ciaddr=10.0.0.6 53=05" SERVER_ID
		" 1=ffffff00 3=0a000001 6=a9fea9fd 26=05a2");
}

static void test_network_boot(void **state)
{
	static const struct service_option options[] = {
		{ "tftp-server", "10.0.0.9", 4 },
		{ "bootfile-name", "old.0", 4 },
		{ "option:bootfile-name", "pxelinux.0", 4 },
		{ "150", "10.0.0.9,10.0.0.10", 4 },
		{ "mtu", "1300", 4 },
		{ "router", "", 4 },
		{ "bootfile-url", "tftp://[fd00::1]/x", 6 },
		{ "server-identifier", "10.0.0.66", 4 },
		{ "mtu", "9000", 6 },
	};

	(void)state;
	port.options = options;
	port.n_options = G_N_ELEMENTS(options);
	make(0, ADDRESS(0), OPTIONS(DISCOVER, 55, 1, 1));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5
		" yiaddr=10.0.0.5 siaddr=10.0.0.9 sname=10.0.0.9 file=pxelinux.0 53=02" SERVER_ID
			LEASE " 1=ffffff00 6=a9fea9fd 66=31302e302e302e39 67=7078656c696e75782e30"
		" 150=0a0000090a00000a 26=0514");
}

static void test_subnet_settings(void **state)
{
	const struct ip servers[] = { ip_of("9.9.9.9"), ip_of("2620:fe::9"), ip_of("1.1.1.1") };
	const struct ip none[] = { ip_of("0.0.0.0") };
	struct service_route routes[] = { { .nexthop = ip_of("10.0.0.2") } };

	(void)state;
	assert_true(prefix_parse("192.168.128.0/17", &routes[0].destination));
	subnet.dns_servers = servers;
	subnet.n_dns_servers = G_N_ELEMENTS(servers);
	subnet.routes = routes;
	subnet.n_routes = 1;
	subnet.gateway = ip_of("10.0.1.1"); /* not of the subnet: a route to it comes first */
	port.dns_name = NULL;
	port.dns_domain = NULL;
	port.lease_s = 600;
	make(0, ADDRESS(0), OPTIONS(DISCOVER, 55, 4, 121, 249, 12, 15));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5
		" yiaddr=10.0.0.5 53=02" SERVER_ID " 51=00000258 58=0000012c 59=0000020d 1=ffffff00"
		" 121=20a9fea9fd0000000020a9fea9fe0000000011c0a8800a000002200a00010100000000000a000101"
		" 3=0a000101 6=0909090901010101 26=05a2"
		" 249=20a9fea9fd0000000020a9fea9fe0000000011c0a8800a000002200a00010100000000000a000101"
		" 12=686f73742d31302d302d302d35");
	/* The subnet's own default route stands for the gateway's. */
	routes[0].destination = (struct prefix){ .ip = { .family = 4 } };
	make(0, ADDRESS(0), OPTIONS(DISCOVER, 55, 1, 121));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5
		" yiaddr=10.0.0.5 53=02" SERVER_ID
		" 51=00000258 58=0000012c 59=0000020d 1=ffffff00 121=20a9fea9fd0000000020a9fea9fe00000000000a000002"
		" 3=0a000101 6=0909090901010101 26=05a2");
	subnet.dns_servers = none;
	subnet.n_dns_servers = 1;
	subnet.n_routes = 0;
	subnet.gateway = (struct ip){ 0 };
	make(0, ADDRESS(0), OPTIONS(DISCOVER, 55, 1, 121));
	assert_reply(SERVICE_DHCP4_OFFER, TO_5
		" yiaddr=10.0.0.5 53=02" SERVER_ID
		" 51=00000258 58=0000012c 59=0000020d 1=ffffff00 121=20a9fea9fd0000000020a9fea9fe00000000 26=05a2");
}

/* The options are in the file and sname fields, as option 52 says. */
static void test_overload(void **state)
{
	(void)state;
	make(0, ADDRESS(0), OPTIONS(52, 1, 3));
	memcpy(request + 108, (const u8[]){ REQUEST, 255 }, 4);
	memcpy(request + 44, (const u8[]){ 0, ASK_5 }, 7);
	assert_reply(SERVICE_DHCP4_ACK, TO_5 " yiaddr=10.0.0.5 53=05" SERVER_ID LEASE NETWORK);
}

/* What is left out when the client takes no more is the end of the list; a long option is in parts.
 */
static void test_sizes(void **state)
{
	struct service_route routes[60];
	const u8 *message;
	struct frame_flow flow;
	size_t len;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		routes[i].destination = (struct prefix){ ip_of("192.168.0.0"), 32 };
		routes[i].nexthop = ip_of("10.0.0.2");
	}
	subnet.routes = routes;
	subnet.n_routes = G_N_ELEMENTS(routes);
	make(0, ADDRESS(0), OPTIONS(DISCOVER));
	assert_reply(SERVICE_DHCP4_OFFER,
		TO_5 " yiaddr=10.0.0.5 53=02" SERVER_ID LEASE
		     " 1=ffffff00 3=0a000001 6=a9fea9fd 26=05a2 12=776562 15=6578616d706c652e6f7267"
		     " 28=0a0000ff 119=076578616d706c65036f726700");
	make(0, ADDRESS(0), OPTIONS(DISCOVER, 57, 2, 0x05, 0xdc));
	assert_int_equal(respond(), SERVICE_DHCP4_OFFER);
	assert_int_equal(frame_parse_udp(reply.data, reply.len, &flow, &message, &len), FRAME_OK);
	assert_true(len > 548 && len <= 1442 - 28);
	const u8 *routes_at = message + 240 + 3 + 6 + 18 + 6;
	assert_memory_equal(routes_at, ((const u8[]){ 121, 255, 32, 169 }), 4);
	assert_memory_equal(routes_at + 257, ((const u8[]){ 121, 255 }), 2);
	assert_memory_equal(routes_at + 514, ((const u8[]){ 121, 60 * 9 + 9 + 9 + 5 - 510 }), 2);
}

static void test_no_reply(void **state)
{
	const struct {
		const u8 *options;
		size_t len;
		enum service_outcome outcome;
	} cases[] = {
		{ OPTIONS(DECLINE, SERVER, ASK_5), SERVICE_DHCP4_DECLINED },
		{ OPTIONS(RELEASE, SERVER), SERVICE_DHCP4_RELEASED },
		{ OPTIONS(REQUEST, ASK_5, 54, 4, 10, 0, 0, 1), SERVICE_DHCP4_OTHER_SERVER },
		{ OPTIONS(REQUEST), SERVICE_DHCP4_BAD_OPTION },
		{ OPTIONS(INFORM), SERVICE_DHCP4_BAD_HEADER },
		{ OPTIONS(53, 1, 2), SERVICE_DHCP4_BAD_TYPE },
		{ OPTIONS(53, 1, 99), SERVICE_DHCP4_BAD_TYPE },
		{ OPTIONS(0, 0), SERVICE_DHCP4_BAD_TYPE },
		{ OPTIONS(53, 2, 1, 1), SERVICE_DHCP4_BAD_OPTION },
		{ OPTIONS(DISCOVER, 61, 200, 1), SERVICE_DHCP4_BAD_OPTION },
		{ OPTIONS(DISCOVER, 50, 3, 1, 2, 3), SERVICE_DHCP4_BAD_OPTION },
		{ OPTIONS(DISCOVER, 52, 1, 4), SERVICE_DHCP4_BAD_OPTION },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make(0, ADDRESS(0), cases[i].options, cases[i].len);
		assert_string_equal(
			service_outcome_name(respond()), service_outcome_name(cases[i].outcome));
		assert_int_equal(reply.len, 0);
	}
}

static void test_bad_headers(void **state)
{
	static const struct {
		size_t at;
		u8 value;
		enum service_outcome outcome;
	} cases[] = {
		{ 0, 2, SERVICE_DHCP4_NOT_REQUEST },
		{ 1, 6, SERVICE_DHCP4_BAD_HEADER },
		{ 2, 16, SERVICE_DHCP4_BAD_HEADER },
		{ 27, 1, SERVICE_DHCP4_RELAYED },
		{ 33, 6, SERVICE_DHCP4_FOREIGN_MAC },
		{ 236, 0, SERVICE_DHCP4_BAD_HEADER },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make(0, ADDRESS(0), OPTIONS(DISCOVER));
		request[cases[i].at] = cases[i].value;
		assert_int_equal(respond(), cases[i].outcome);
		assert_int_equal(reply.len, 0);
	}
	for (request_len = 0; request_len < 240; request_len++)
		assert_int_equal(respond(), SERVICE_DHCP4_BAD_HEADER);
}

static void test_not_served(void **state)
{
	(void)state;
	subnet.enable_dhcp = false;
	make(0, ADDRESS(0), OPTIONS(DISCOVER));
	assert_int_equal(respond(), SERVICE_DHCP4_NO_ADDRESS);
	make(0, ADDRESS(0), OPTIONS(REQUEST, ASK_5));
	assert_int_equal(respond(), SERVICE_DHCP4_NO_ADDRESS);
	assert_int_equal(reply.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_discover, setup),
		cmocka_unit_test_setup(test_discover_hint, setup),
		cmocka_unit_test_setup(test_request, setup),
		cmocka_unit_test_setup(test_nak, setup),
		cmocka_unit_test_setup(test_inform, setup),
		cmocka_unit_test_setup(test_network_boot, setup),
		cmocka_unit_test_setup(test_subnet_settings, setup),
		cmocka_unit_test_setup(test_overload, setup),
		cmocka_unit_test_setup(test_sizes, setup),
		cmocka_unit_test_setup(test_no_reply, setup),
		cmocka_unit_test_setup(test_bad_headers, setup),
		cmocka_unit_test_setup(test_not_served, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
