/* SPDX-License-Identifier: Apache-2.0 */
/* Names, codes and values of extra DHCP options, and domain names as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/dhcp/options.h"
#include "agent/frame/name.h"

/* Values are compared as hex; "" is: refused. */
static const struct {
	u8 version;
	const char *name;
	u16 code;
	const char *value, *bytes;
} good[] = {
	{ 4, "mtu", 26, "1442", "05a2" },
	{ 4, "option:mtu", 26, "99999", "" },
	{ 4, "mtu", 26, "big", "" },
	{ 4, "dns-server", 6, "8.8.8.8, 8.8.4.4", "0808080808080404" },
	{ 4, "dns_server", 6, "8.8.8.8,::1", "" },
	{ 4, "domain-name", 15, "example.org", "6578616d706c652e6f7267" },
	{ 4, "domain-search", 119, "a.b,c",
		"016101620001630"
		"0" },
	{ 4, "domain-search", 119, "a..b", "" },
	{ 4, "ip-forward-enable", 19, "1", "01" },
	{ 4, "time-offset", 2, "-3600", "fffff1f0" },
	{ 4, "classless-static-route", 121, "10.1.0.0/16,10.0.0.1,0.0.0.0/0,10.0.0.2",
		"100a010a000001000a000002" },
	{ 4, "classless_static_route", 121, "10.1.0.0/16", "" },
	{ 4, "server-ip-address", 255, "10.0.0.9", "0a000009" },
	{ 4, "224", 224, "10.0.0.9,10.0.0.8", "0a0000090a000008" },
	{ 4, "224", 224, "300", "012c" },
	{ 4, "224", 224, "7", "07" },
	{ 4, "224", 224, "de:ad:0", "dead00" },
	{ 4, "224", 224, "text", "74657874" },
	{ 4, "option:26", 26, "1500", "05dc" },
	{ 6, "dns-server", 23, "[2001:db8::1]", "20010db8000000000000000000000001" },
	{ 6, "option6:ntp-server", 56, "fd00::1", "00010010fd000000000000000000000000000001" },
	{ 6, "bootfile-param", 60, "a,bc", "00016100026263" },
	{ 6, "1000", 1000, "1", "01" },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GString) hex = g_string_new(NULL);
		u8 room[64];
		struct writer w = writer_of(room, sizeof(room));
		u16 code;

		assert_true(dhcp_option_code(good[i].version, good[i].name, &code));
		assert_int_equal(code, good[i].code);
		dhcp_option_write(&w, good[i].version, code, good[i].value);
		for (size_t n = 0; n < w.len && !w.failed; n++)
			g_string_append_printf(hex, "%02x", room[n]);
		assert_string_equal(hex->str, good[i].bytes);
	}
}

static void test_unknown_and_reserved(void **state)
{
	static const char *const names[] = { "message-type", "53", "54", "server-identifier", "0",
		"255", "256", "nonsense", "", "option:", "-1", "1e3" };
	u16 code;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		assert_false(dhcp_option_code(4, names[i], &code));
	assert_false(dhcp_option_code(6, "mtu", &code));
	assert_false(dhcp_option_code(6, "3", &code));
}

static void test_name_round_trip(void **state)
{
	static const u8 message[] = { 0, 0, 3, 'W', 'w', 'w', 4, 'a', '.', 'b', '\n', 0, /* 2 */
		1, 'x', 0xc0, 2,							 /* 12 */
		0xc0, 16,	       /* 16: to itself */
		2, 'o', 'k', 0xc0, 20, /* 18: into its own */
		0x40, 0, 63,	       /* 23 */
		0xc0, 28, 1, 'z', 0 }; /* 26: forwards */
	struct reader whole = reader_of(message, sizeof(message)), r;
	char text[NAME_SIZE];

	(void)state;
	r = reader_of(message + 12, sizeof(message) - 12);
	read_name(&r, &whole, text);
	assert_false(r.failed);
	assert_string_equal(text, "x.www.a\\046b\\010");
	assert_ptr_equal(r.p, message + 16);
	for (size_t at = 16; at < sizeof(message); at++) {
		r = reader_of(message + at, sizeof(message) - at);
		read_name(&r, &whole, text);
		assert_true(r.failed || at == 24 || at == 28 || at == 30);
	}
	r = reader_of(message + 12, 4);
	read_name(&r, NULL, text);
	assert_true(r.failed);
}

static void test_name_limits(void **state)
{
	g_autofree char *label = g_strnfill(64, 'a');
	g_autofree char *name = g_strnfill(300, 'b');
	u8 room[512];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	write_name(&w, label);
	assert_true(w.failed);
	for (size_t i = 1; i < 300; i += 2)
		name[i] = '.';
	w = writer_of(room, sizeof(room));
	write_name(&w, name);
	assert_true(w.failed);
	name[254] = '\0'; /* 127 labels of one byte: 255 on the wire */
	w = writer_of(room, sizeof(room));
	write_name(&w, name);
	assert_false(w.failed);
	assert_int_equal(w.len, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown_and_reserved),
		cmocka_unit_test(test_name_round_trip),
		cmocka_unit_test(test_name_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
