/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/packet.h"

/* RFC 1071: the sum over data with its checksum is all ones. */
static u16 sum(const u8 *data, size_t len, u32 start)
{
	u32 total = start;

	for (size_t i = 0; i < len; i += 2)
		total += (u32)(data[i] << 8) | (i + 1 < len ? data[i + 1] : 0);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (u16)total;
}

static void test_dhcp_discover_is_whole(void **state)
{
	struct mac mac;

	(void)state;
	assert_true(mac_parse("fa:16:3e:00:00:01", &mac));
	g_autoptr(GByteArray) frame = packet_dhcp_discover(&mac);
	const u8 *ip = frame->data + 14, *udp = ip + 20, *bootp = udp + 8;
	u32 ip_len = (u32)(ip[2] << 8 | ip[3]), udp_len = (u32)(udp[4] << 8 | udp[5]);

	assert_memory_equal(
		frame->data, "\xff\xff\xff\xff\xff\xff\xfa\x16\x3e\x00\x00\x01\x08\x00", 14);
	assert_int_equal(ip_len, frame->len - 14);
	assert_int_equal(udp_len, ip_len - 20);
	assert_int_equal(sum(ip, 20, 0), 0xffff);
	assert_int_equal(sum(udp, udp_len, sum(ip + 12, 8, 17 + udp_len)), 0xffff);
	assert_int_equal(udp[1], 68);
	assert_int_equal(udp[3], 67);
	assert_memory_equal(bootp + 28, mac.b, 6);
	assert_memory_equal(
		bootp + 236, "\x63\x82\x53\x63\x35\x01\x01", 7); /* cookie, DHCPDISCOVER */
	assert_int_equal(frame->data[frame->len - 1], 255);
}

static void test_protocols_and_flags(void **state)
{
	static const struct {
		const char *given, *told;
		bool has_ports;
	} right[] = { { "tcp", "tcp", true }, { "17", "udp", true }, { "ICMP", "icmp", false },
		{ "ipv6-icmp", "icmp", false }, { "sctp", "132", true }, { "gre", "47", false },
		{ "ah", "51", false }, { "253", "253", false } };
	static const char *const wrong[] = { "0", "256", "ip", "ipv6-frag", "60", "x", "" };
	bool has_ports;
	u8 flags;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
		assert_string_equal(
			packet_protocol(right[i].given, &has_ports, NULL), right[i].told);
		assert_int_equal(has_ports, right[i].has_ports);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_null(packet_protocol(wrong[i], &has_ports, NULL));
	assert_true(packet_tcp_flags("sA", &flags, NULL) && flags == 0x12);
	assert_true(packet_tcp_flags("FSRPAU", &flags, NULL) && flags == 0x3f);
	assert_true(packet_tcp_flags("", &flags, NULL) && !flags);
	assert_false(packet_tcp_flags("SX", &flags, NULL));
}

static void test_hex_is_read_as_people_write_it(void **state)
{
	static const char plain[] = "ffffffffffff0200000000010806";
	g_autoptr(GByteArray) a = packet_from_hex(plain, NULL);
	g_autoptr(GByteArray) b =
		packet_from_hex("ff:ff:FF:ff:ff:ff 02-00-00-00-00-01\n0806", NULL);

	(void)state;
	assert_int_equal(a->len, 14);
	assert_memory_equal(a->data, b->data, 14);
	g_autofree char *text = packet_to_hex(b);

	assert_string_equal(text, plain);
}

static void expect_refused(const char *hex, const char *message)
{
	g_autoptr(GError) error = NULL;

	assert_null(packet_from_hex(hex, &error));
	assert_string_equal(error->message, message);
}

static void test_bad_hex_is_refused(void **state)
{
	(void)state;
	expect_refused(
		"ffxx", "'xx' in the frame is no byte; wanted are pairs of hexadecimal digits");
	expect_refused("ffffffffffff02000000000108060",
		"'0' in the frame is no byte; wanted are pairs of hexadecimal digits");
	expect_refused("ff", "a frame has 14 to 9216 bytes, this has 1");
	expect_refused("", "a frame has 14 to 9216 bytes, this has 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dhcp_discover_is_whole),
		cmocka_unit_test(test_protocols_and_flags),
		cmocka_unit_test(test_hex_is_read_as_people_write_it),
		cmocka_unit_test(test_bad_hex_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
