/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "agent/helper/ftp.h"
#include "base/addr.h"

static be32 address(const char *text)
{
	struct ip ip;
	be32 address;

	assert_true(ip_parse(text, &ip));
	memcpy(&address, ip.b, sizeof(address));
	return address;
}

/* What @text names, and what it is with 203.0.113.9 port 40000 in its place. */
static void expect_name(
	const char *text, bool from_client, const char *addr, u16 port, const char *becomes)
{
	char other[FTP_TEXT_MAX], all[256];
	struct ftp_name name;
	size_t len;

	assert_true(ftp_find(text, strlen(text), from_client, &name));
	assert_int_equal(name.port, port);
	if (addr)
		assert_int_equal(name.addr, address(addr));
	len = ftp_write(&name, address("203.0.113.9"), 40000, other);
	assert_true(len < sizeof(other));
	snprintf(all, sizeof(all), "%.*s%.*s%s", (int)name.at, text, (int)len, other,
		text + name.at + name.len);
	assert_string_equal(all, becomes);
}

static void test_names(void **state)
{
	(void)state;
	expect_name("PORT 10,0,0,5,4,1\r\n", true, "10.0.0.5", 1025, "PORT 203,0,113,9,156,64\r\n");
	expect_name("port 10,0,0,5,4,1\n", true, "10.0.0.5", 1025, "port 203,0,113,9,156,64\n");
	expect_name("TYPE I\r\nPORT 10,0,0,5,4,1\r\nLIST\r\n", true, "10.0.0.5", 1025,
		"TYPE I\r\nPORT 203,0,113,9,156,64\r\nLIST\r\n");
	expect_name("EPRT |1|10.0.0.5|2000|\r\n", true, "10.0.0.5", 2000,
		"EPRT |1|203.0.113.9|40000|\r\n");
	expect_name("EPRT !1!10.0.0.5!2000!\r\n", true, "10.0.0.5", 2000,
		"EPRT !1!203.0.113.9!40000!\r\n");
	expect_name("227 Entering Passive Mode (10,0,0,5,4,1).\r\n", false, "10.0.0.5", 1025,
		"227 Entering Passive Mode (203,0,113,9,156,64).\r\n");
	expect_name(
		"227 =10,0,0,5,4,1\r\n", false, "10.0.0.5", 1025, "227 =203,0,113,9,156,64\r\n");
	expect_name("229 Entering Extended Passive Mode (|||2000|)\r\n", false, NULL, 2000,
		"229 Entering Extended Passive Mode (|||40000|)\r\n");
	expect_name("200 ok\r\n227 Mode 2 (10,0,0,5,4,1)\r\n", false, "10.0.0.5", 1025,
		"200 ok\r\n227 Mode 2 (203,0,113,9,156,64)\r\n");
}

static void test_none(void **state)
{
	static const struct {
		const char *text;
		bool from_client;
	} none[] = {
		{ "PORT 10,0,0,5,4,1", true }, /* no whole line */
		{ "PORT 10,0,0,5,4\r\n", true },
		{ "PORT 10,0,0,256,4,1\r\n", true },
		{ "PORT 10,0,0,5,4,1000\r\n", true },
		{ "PORT 10,0,0,,4,1\r\n", true },
		{ "PORT\r\n", true },
		{ "XPORT 10,0,0,5,4,1\r\n", true },
		{ "RETR PORT 10,0,0,5,4,1\r\n", true },
		{ "227 (10,0,0,5,4,1)\r\n", true }, /* an answer of the client's */
		{ "PORT 10,0,0,5,4,1\r\n", false },
		{ "EPRT |2|2001:db8::1|2000|\r\n", true },
		{ "EPRT |1|10.0.0.5|65536|\r\n", true },
		{ "EPRT |1|10.0.0.5|2000\r\n", true },
		{ "EPRT |1|10.0.0.5|2000!\r\n", true },
		{ "EPRT 11010.0.0.512000\r\n", true },
		{ "227-(10,0,0,5,4,1)\r\n", false },
		{ "227 Entering Passive Mode\r\n", false },
		{ "229 (|||)\r\n", false },
		{ "229 (||2|2000|)\r\n", false },
		{ "229\r\n", false },
		{ "", true },
		{ "\n\n\n", false },
	};
	struct ftp_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (ftp_find(none[i].text, strlen(none[i].text), none[i].from_client, &name))
			fail_msg("%s", none[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
