/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the network's own names, each with its whole answer written out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/dns/answer.h"

static struct service_subnet subnets[2];
static struct service_address addresses[2];
static struct service_port port;

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

/* The network's ports. */
static const struct {
	const char *name, *ip;
} hosts[] = {
	{ "web", "10.0.0.5" },
	{ "web", "10.0.0.6" },
	{ "web", "2001:db8::5" },
	{ "db", "10.0.0.7" },
	{ "", "10.0.0.8" },
	{ "ns.dmz", "10.0.0.9" },
};

static size_t by_name(
	const struct service_port *asker, const char *label, struct ip *ret, size_t max, void *data)
{
	size_t n = 0;

	(void)data;
	assert_ptr_equal(asker, &port);
	for (size_t i = 0; i < G_N_ELEMENTS(hosts) && n < max; i++) {
		if (strcmp(hosts[i].name, label) == 0)
			ret[n++] = ip_of(hosts[i].ip);
	}
	return n;
}

static bool by_ip(
	const struct service_port *asker, const struct ip *ip, const char **ret_name, void *data)
{
	char text[IP_STRLEN];

	(void)asker, (void)data;
	ip_format(ip, text);
	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		if (strcmp(hosts[i].ip, text) == 0) {
			*ret_name = hosts[i].name;
			return true;
		}
	}
	return false;
}

static const struct dns_directory directory = { by_name, by_ip, NULL };

static int setup(void **state)
{
	(void)state;
	assert_true(prefix_parse("10.0.0.0/24", &subnets[0].cidr));
	assert_true(prefix_parse("2001:db8::/64", &subnets[1].cidr));
	addresses[0] = (struct service_address){ ip_of("10.0.0.5"), &subnets[0] };
	addresses[1] = (struct service_address){ ip_of("2001:db8::5"), &subnets[1] };
	port = (struct service_port){
		.id = "p", .addresses = addresses, .n_addresses = 2, .dns_domain = "Example.org."
	};
	return 0;
}

static void make_query(const char *name, u16 type, struct dns_query *ret)
{
	u8 room[DNS_UDP_MIN];
	struct writer w = writer_of(room, sizeof(room));

	write_u16(&w, 0x1234);
	write_u16(&w, DNS_RECURSION_DESIRED);
	write_u16(&w, 1);
	write_zeroes(&w, 6);
	write_name(&w, name);
	write_u16(&w, type);
	write_u16(&w, DNS_CLASS_IN);
	assert_int_equal(dns_parse_query(room, w.len, ret), DNS_PARSED);
}

static void print_data(GString *out, u16 type, struct reader *r, const struct reader *whole)
{
	char name[NAME_SIZE];
	size_t len = read_u16(r);
	struct reader data = read_part(r, len);

	if (type == DNS_PTR || type == DNS_SOA) {
		read_name(&data, whole, name);
		g_string_append(out, name);
	}
	if (type == DNS_SOA) {
		read_name(&data, whole, name);
		g_string_append_printf(out, " %s", name);
		read_bytes(&data, 20);
	}
	if (type == DNS_A || type == DNS_AAAA || type == DNS_HINFO) {
		while (reader_left(&data))
			g_string_append_printf(out, "%02x", read_u8(&data));
	}
	assert_false(data.failed);
	assert_int_equal(reader_left(&data), 0);
}

/* "FLAGS answers/authority/additional" and each record as "name type data". */
static char *shown(const u8 *message, size_t len)
{
	struct reader whole = reader_of(message, len), r = whole;
	GString *out = g_string_new(NULL);
	char name[NAME_SIZE];
	u16 counts[3];

	assert_int_equal(read_u16(&r), 0x1234);
	g_string_append_printf(out, "%04x", read_u16(&r));
	assert_int_equal(read_u16(&r), 1);
	for (size_t i = 0; i < 3; i++)
		g_string_append_printf(out, "%c%u", i ? '/' : ' ', counts[i] = read_u16(&r));
	skip_name(&r);
	read_u32(&r);
	for (unsigned i = counts[0] + counts[1] + counts[2]; i > 0; i--) {
		read_name(&r, &whole, name);
		u16 type = read_u16(&r);
		read_u16(&r);
		read_u32(&r);
		g_string_append_printf(out, " | %s %u ", name, type);
		print_data(out, type, &r, &whole);
	}
	assert_false(r.failed);
	assert_int_equal(reader_left(&r), 0);
	return g_string_free(out, FALSE);
}

static void assert_answer(
	const char *name, u16 type, enum service_outcome expected, const char *text)
{
	enum service_outcome outcome;
	struct dns_query query;
	struct dns_reply reply;
	u8 room[DNS_UDP_MAX];

	make_query(name, type, &query);
	dns_reply_begin(&reply, &query, room, sizeof(room));
	assert_true(dns_answer(&port, &directory, &query, &reply, &outcome));
	assert_string_equal(service_outcome_name(outcome), service_outcome_name(expected));
	size_t len = dns_reply_end(&reply);
	g_autofree char *got = shown(room, len);
	assert_string_equal(got, text);
}

#define SOA(zone) " | " zone " 6 " zone " hostmaster." zone

static void test_addresses(void **state)
{
	(void)state;
	assert_answer("WEB.example.ORG", DNS_A, SERVICE_DNS_ANSWERED,
		"8580 2/0/0 | web.example.org 1 0a000005 | web.example.org 1 0a000006");
	assert_answer("web.example.org", DNS_AAAA, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | web.example.org 28 20010db8000000000000000000000005");
	assert_answer("db", DNS_A, SERVICE_DNS_ANSWERED, "8180 1/0/0 | db 1 0a000007");
	assert_answer("ns.dmz.example.org", DNS_A, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | ns.dmz.example.org 1 0a000009");
	assert_answer("host-10-0-0-8.example.org", DNS_A, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | host-10-0-0-8.example.org 1 0a000008");
	assert_answer("web.example.org", DNS_ANY, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | web.example.org 13 075246433834383200");
}

static void test_absent(void **state)
{
	(void)state;
	assert_answer(
		"db.example.org", DNS_AAAA, SERVICE_DNS_NO_DATA, "8580 0/1/0" SOA("example.org"));
	assert_answer("db.example.org", 16, SERVICE_DNS_NO_DATA, "8580 0/1/0" SOA("example.org"));
	assert_answer(
		"nobody.example.org", DNS_A, SERVICE_DNS_NO_NAME, "8583 0/1/0" SOA("example.org"));
	assert_answer(
		"web.web.example.org", DNS_A, SERVICE_DNS_NO_NAME, "8583 0/1/0" SOA("example.org"));
	assert_answer("host-10-0-0-10.example.org", DNS_A, SERVICE_DNS_NO_NAME,
		"8583 0/1/0" SOA("example.org"));
	assert_answer("nobody", DNS_A, SERVICE_DNS_NO_NAME, "8183 0/0/0");
	assert_answer("example.org", DNS_A, SERVICE_DNS_NO_DATA, "8580 0/1/0" SOA("example.org"));
	assert_answer(
		"example.org", DNS_SOA, SERVICE_DNS_ANSWERED, "8580 1/0/0" SOA("example.org"));
}

static void test_reverse(void **state)
{
	(void)state;
	assert_answer("7.0.0.10.in-addr.arpa", DNS_PTR, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | 7.0.0.10.in-addr.arpa 12 db.example.org");
	assert_answer("8.0.0.10.in-addr.arpa", DNS_PTR, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | 8.0.0.10.in-addr.arpa 12 host-10-0-0-8.example.org");
	assert_answer("10.0.0.10.in-addr.arpa", DNS_PTR, SERVICE_DNS_NO_NAME,
		"8583 0/1/0" SOA("0.0.10.in-addr.arpa"));
	assert_answer("7.0.0.10.in-addr.arpa", DNS_A, SERVICE_DNS_NO_DATA,
		"8580 0/1/0" SOA("0.0.10.in-addr.arpa"));
#define NIBBLES "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
	assert_answer(NIBBLES, DNS_PTR, SERVICE_DNS_ANSWERED,
		"8580 1/0/0 | " NIBBLES " 12 web.example.org");
}

/* Names of the world go to the resolvers, and so do addresses of other networks. */
static void test_not_ours(void **state)
{
	static const struct {
		const char *name;
		u16 type;
	} cases[] = {
		{ "www.debian.org", DNS_A },
		{ "notexample.org", DNS_A },
		{ "", DNS_NS },
		{ "org", DNS_NS },
		{ "9.9.9.9.in-addr.arpa", DNS_PTR },
		{ "0.0.10.in-addr.arpa", DNS_PTR },
	};
	enum service_outcome outcome;
	struct dns_query query;
	struct dns_reply reply;
	u8 room[DNS_UDP_MAX];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make_query(cases[i].name, cases[i].type, &query);
		dns_reply_begin(&reply, &query, room, sizeof(room));
		assert_false(dns_answer(&port, &directory, &query, &reply, &outcome));
	}
	port.dns_domain = "";
	make_query("web.example.org", DNS_A, &query);
	assert_false(dns_answer(&port, &directory, &query, &reply, &outcome));
}

static void test_reverse_names(void **state)
{
	static const char *const bad[] = { "10.in-addr.arpa", "1.2.3.4.5.in-addr.arpa",
		".in-addr.arpa", "in-addr.arpa", "256.0.0.10.in-addr.arpa", "x.0.0.10.in-addr.arpa",
		"5.0.ip6.arpa", ".ip6.arpa" };
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_false(dns_reverse_parse(bad[i], &ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_addresses, setup),
		cmocka_unit_test_setup(test_absent, setup),
		cmocka_unit_test_setup(test_reverse, setup),
		cmocka_unit_test_setup(test_not_ours, setup),
		cmocka_unit_test_setup(test_reverse_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
