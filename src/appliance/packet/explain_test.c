/* SPDX-License-Identifier: Apache-2.0 */
/* What an appliance says that it would do with a packet, and what it reads of those that its packet
 * filter has told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "appliance/packet/explain.h"
#include "appliance/packet/logged_packet.h"
#include "appliance/document/test_document.h"

#define WEB "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"
#define DOCUMENT                                                                           \
	"{" TEST_HEAD TEST_INTERFACES ",\"snat\":[{\"cidr\":\"10.0.0.0/24\",\"address\":"  \
	"\"203.0.113.5\"}],\"floating_ips\":[{\"floating_ip_address\":\"203.0.113.6\","    \
	"\"fixed_ip_address\":\"10.0.0.9\"}],\"port_forwardings\":[{\"protocol\":\"tcp\"," \
	"\"external_ip_address\":\"203.0.113.5\",\"external_port\":\"8080:8081\","         \
	"\"internal_ip_address\":\"10.0.0.8\",\"internal_port\":\"80:81\"}],"              \
	"\"interface_firewalls\":[{\"name\":\"guest0\",\"ingress\":[{\"id\":\"" WEB "\","  \
	"\"action\":\"allow\",\"protocol\":6,\"destination_port\":\"80:81\","              \
	"\"source_interfaces\":[\"public\"]}],\"egress\":[{\"action\":\"reject\","         \
	"\"protocol\":17},{\"action\":\"allow\"}]}]}"

/* The networks of the NICs, and all else by the public one's. */
static bool route(const struct explain_packet *packet, struct explain_route *ret, char **ret_why)
{
	const u8 *b = packet->destination.b;

	*ret = (struct explain_route){ .next_hop = packet->destination };
	if (b[0] == 99) {
		*ret_why = g_strdup("unreachable");
		return false;
	}
	g_strlcpy(ret->device,
		b[0] == 10    ? "guest0"
		: b[0] == 192 ? "mgmt"
			      : "public",
		sizeof(ret->device));
	ret->is_local = b[0] == 203 && b[3] == 5;
	return true;
}

static json_t *ask(const char *interface, const char *from, const char *to, u8 protocol, u16 port)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = document_parse(DOCUMENT, strlen(DOCUMENT), &error);
	struct explain_packet packet = {
		.protocol = protocol, .source_port = 40000, .destination_port = port
	};
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	json_t *answer;

	assert_null(error);
	g_strlcpy(packet.interface, interface, sizeof(packet.interface));
	assert_true(ip_parse(from, &packet.source) && ip_parse(to, &packet.destination));
	explain(document, &packet, route, &w);
	answer = json_loads(text->str, 0, NULL);
	if (!answer)
		fail_msg("no JSON: %s", text->str);
	return answer;
}

static void assert_member(const json_t *answer, const char *key, const char *expected)
{
	const char *said = json_string_value(json_object_get(answer, key));

	if (g_strcmp0(said, expected))
		fail_msg("%s is %s, not %s", key, said ?: "null", expected);
}

/* Takes @answer. */
static void assert_dropped(json_t *answer, const char *reason)
{
	assert_member(answer, "verdict", "dropped");
	assert_member(answer, "reason", reason);
	json_decref(answer);
}

static const json_t *decision(const json_t *answer)
{
	const json_t *step, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(answer, "steps"), i, step)
		if (json_is_object(step))
			found = step;
	return found;
}

static void outward(void **state)
{
	json_t *answer = ask("guest0", "10.0.0.7", "198.51.100.1", 6, 443);

	(void)state;
	assert_member(answer, "verdict", "forwarded");
	assert_member(answer, "interface", "public");
	assert_member(answer, "source", "203.0.113.5");
	json_decref(answer);
	answer = ask("guest0", "10.0.0.9", "198.51.100.1", 6, 443);
	assert_member(answer, "source", "203.0.113.6");
	json_decref(answer);
	answer = ask("guest0", "10.0.0.7", "198.51.100.1", 17, 53);
	assert_member(decision(answer), "action", "reject");
	assert_dropped(answer, "denied-firewall");
	assert_dropped(ask("guest0", "10.0.0.7", "192.0.2.1", 6, 22), "management");
	assert_dropped(ask("guest0", "10.0.0.7", "99.0.0.1", 6, 22), "no-route");
}

static void inward(void **state)
{
	json_t *answer = ask("public", "198.51.100.1", "203.0.113.6", 6, 80);

	(void)state;
	assert_member(answer, "verdict", "forwarded");
	assert_member(answer, "destination", "10.0.0.9");
	assert_member(decision(answer), "rule_id", WEB);
	json_decref(answer);
	answer = ask("public", "198.51.100.1", "203.0.113.5", 6, 8081);
	assert_member(answer, "destination", "10.0.0.8");
	assert_int_equal(json_integer_value(json_object_get(answer, "destination_port")), 81);
	json_decref(answer);
	answer = ask("public", "198.51.100.1", "203.0.113.6", 6, 22);
	assert_member(decision(answer), "action", "none");
	assert_dropped(answer, "denied-firewall");
	assert_dropped(ask("public", "198.51.100.1", "10.0.0.7", 6, 80), "not-let-in");
	answer = ask("public", "198.51.100.1", "203.0.113.5", 6, 22);
	assert_member(answer, "verdict", "local");
	json_decref(answer);
}

static void heads(void **state)
{
	static const u8 tcp[] = { 0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 1, 0, 5, 10, 2, 0,
		7, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2 };
	u8 fragment[sizeof(tcp)];
	struct logged_packet packet = { 0 };

	(void)state;
	logged_packet_parse(tcp, sizeof(tcp), &packet);
	assert_true(packet.family == 4 && packet.proto == 6 && packet.has_ports);
	assert_true(packet.sport == 40000 && packet.dport == 80 && packet.tcp_flags == 2);
	assert_int_equal(packet.bytes, 74);
	memcpy(fragment, tcp, sizeof(tcp));
	fragment[7] = 9;
	packet = (struct logged_packet){ 0 };
	logged_packet_parse(fragment, sizeof(fragment), &packet);
	assert_true(packet.family == 4 && !packet.has_ports);
	packet = (struct logged_packet){ 0 };
	logged_packet_parse(tcp, 19, &packet);
	assert_int_equal(packet.family, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outward),
		cmocka_unit_test(inward),
		cmocka_unit_test(heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
