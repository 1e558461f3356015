/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "sync/crc32c.h"
#include "sync/record.h"

#define ID "11111111-1111-4111-8111-111111111111"

static bool decode(enum record_kind kind, const char *text, struct record *ret, GError **error)
{
	json_t *data = json_loads(text, 0, NULL);
	bool decoded;

	assert_non_null(data);
	decoded = record_decode(kind, data, ret, error);
	json_decref(data);
	return decoded;
}

static struct record decode_ok(enum record_kind kind, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct record record;

	if (!decode(kind, text, &record, &error))
		fail_msg("%s", error->message);
	return record;
}

static void port_with_everything(void **state)
{
	struct record r = decode_ok(RECORD_PORT,
		"{\"network_id\":\"" ID
		"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"fixed_ips\":[{\"ip_address\":\"10.0.0.5\","
		"\"subnet_id\":\"" ID
		"\"}],\"allowed_address_pairs\":[{\"ip_address\":\"10.9.0.0/16\",\"mac_address\":"
		"\"fa:16:3e:00:00:02\"},{\"ip_address\":\"fd00::1\",\"mac_address\":\"fa:16:3e:00:00:02\"}],"
		"\"extra_dhcp_opts\":[{\"opt_name\":\"mtu\",\"opt_value\":\"1400\",\"ip_version\":4}],"
		"\"port_security_enabled\":false,\"admin_state_up\":true,\"dns_name\":\"web\",\"from_the_future\":[1]}");

	(void)state;
	assert_int_equal(r.port.fixed_ips->len, 1);
	assert_int_equal(g_array_index(r.port.fixed_ips, struct record_fixed_ip, 0).ip.b[3], 5);
	assert_int_equal(g_array_index(r.port.pairs, struct record_pair, 0).prefix.len, 16);
	assert_int_equal(g_array_index(r.port.pairs, struct record_pair, 1).prefix.len, 128);
	assert_string_equal(g_array_index(r.port.options, struct record_option, 0).value, "1400");
	assert_false(r.port.port_security);
	assert_true(r.port.admin_state_up);
	assert_string_equal(r.port.dns_name, "web");
	assert_null(r.port.name);
	record_clear(&r);
}

#define FIREWALL_RULE(more) "{\"id\":\"" ID "\",\"action\":\"allow\",\"ip_version\":4" more "}"
#define REJECTS "{\"id\":\"" ID "\",\"action\":\"reject\",\"ip_version\":6}"
#define FIREWALL(rules)                                                              \
	"{\"router_id\":\"" ID "\",\"firewall_group_id\":\"" ID "\",\"name\":\"g\"," \
	"\"ingress\":[" rules "],\"egress\":[]}"

static void router_firewalls(void **state)
{
	static const char *const wrong[] = {
		FIREWALL(FIREWALL_RULE(",\"source_ip_address\":\"fd00::/64\"")),
		FIREWALL(FIREWALL_RULE(",\"protocol\":256")),
		FIREWALL(FIREWALL_RULE(",\"name\":\"web\",\"source_firewall_group_id\":\"g\"")),
		FIREWALL(FIREWALL_RULE(
			",\"destination_port_first\":81,\"destination_port_last\":80")),
		FIREWALL("{}"),
		"{\"router_id\":\"" ID "\",\"firewall_group_id\":\"" ID "\",\"ingress\":[]}",
	};
	const struct record_router_firewall_rule *rule;
	struct record r = decode_ok(RECORD_ROUTER_FIREWALL,
		FIREWALL(FIREWALL_RULE(",\"protocol\":17,\"destination_ip_address\":\"10.0.0.0/8\","
				       "\"source_port_first\":5,\"source_port_last\":6")));

	(void)state;
	assert_int_equal(r.router_firewall.egress->len, 0);
	rule = &g_array_index(r.router_firewall.ingress, struct record_router_firewall_rule, 0);
	assert_false(rule->deny);
	assert_int_equal(rule->proto, 17);
	assert_int_equal(rule->destination.len, 8);
	assert_int_equal(rule->source.ip.family, 0);
	assert_true(rule->source_first == 5 && rule->source_last == 6);
	assert_int_equal(rule->destination_last, 0);
	record_clear(&r);
	r = decode_ok(RECORD_ROUTER_FIREWALL,
		FIREWALL(FIREWALL_RULE(
			",\"name\":\"web\",\"source_firewall_group_id\":\"" ID "\"")));
	rule = &g_array_index(r.router_firewall.ingress, struct record_router_firewall_rule, 0);
	assert_string_equal(rule->name, "web");
	assert_true(uuid_equal(&rule->source_group, &r.router_firewall.group_id));
	assert_true(uuid_is_zero(&rule->destination_group));
	record_clear(&r);
	r = decode_ok(RECORD_ROUTER_FIREWALL, FIREWALL(REJECTS));
	rule = &g_array_index(r.router_firewall.ingress, struct record_router_firewall_rule, 0);
	assert_true(rule->deny && rule->reject);
	record_clear(&r);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_false(decode(RECORD_ROUTER_FIREWALL, wrong[i], &r, NULL));
}

static void logs(void **state)
{
	struct record r = decode_ok(RECORD_LOG,
		"{\"name\":\"l\",\"project_id\":\"p\",\"event\":\"DROP\",\"resource_type\":"
		"\"security_group\",\"resource_id\":null,\"target_id\":\"" ID "\"}");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(r.log.drops);
	assert_false(r.log.accepts);
	assert_true(uuid_is_zero(&r.log.resource_id));
	assert_false(uuid_is_zero(&r.log.target_id));
	assert_string_equal(r.log.resource_type, "security_group");
	record_clear(&r);
	assert_false(decode(RECORD_LOG, "{\"event\":\"SOME\"}", &r, &error));
	g_clear_error(&error);
	assert_false(decode(RECORD_LOG, "{\"target_id\":\"7\"}", &r, &error));
}

static void qos_of_a_port(void **state)
{
	struct record r = decode_ok(RECORD_PORT,
		"{\"network_id\":\"" ID
		"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"qos\":{\"egress\":"
		"{\"max_kbps\":10,\"max_burst_kbps\":2,\"min_kbps\":5,\"from_the_future\":1},"
		"\"ingress\":{\"max_kpps\":3},\"dscp_mark\":0}}");

	(void)state;
	assert_int_equal(r.port.qos.egress.max_kbps, 10);
	assert_int_equal(r.port.qos.egress.max_burst_kbps, 2);
	assert_int_equal(r.port.qos.egress.min_kbps, 5);
	assert_int_equal(r.port.qos.egress.max_kpps, 0);
	assert_int_equal(r.port.qos.ingress.max_kpps, 3);
	assert_true(r.port.qos.marks);
	assert_int_equal(r.port.qos.dscp_mark, 0);
	record_clear(&r);
}

static void tunnels_take_the_first_of_each_family(void **state)
{
	struct record r = decode_ok(RECORD_MEMBER,
		"{\"network_id\":\"" ID "\",\"host_id\":\"" ID
		"\",\"tunnel_ips\":[\"192.0.2.1\",\"192.0.2.2\",\"2001:db8::1\"],"
		"\"encapsulations\":[\"geneve\",\"stt\",\"vxlan\",\"geneve\"]}");

	(void)state;
	assert_int_equal(r.member.tunnel.ip4.b[3], 1);
	assert_int_equal(r.member.tunnel.ip6.family, 6);
	assert_int_equal(r.member.tunnel.n_encaps, 2);
	assert_int_equal(r.member.tunnel.encaps[0], RECORD_GENEVE);
	assert_int_equal(r.member.tunnel.encaps[1], RECORD_VXLAN);
}

#define GATEWAY                                                                 \
	"{\"router_id\":\"" ID "\",\"network_id\":\"" ID                        \
	"\",\"physical_network\":\"public\",\"mtu\":1500,\"mac_address\":"      \
	"\"fa:16:3e:00:00:01\",\"fixed_ips\":[{\"ip_address\":\"203.0.113.5\"," \
	"\"subnet_id\":\"" ID "\"}],\"subnets\":[{\"cidr\":\"203.0.113.0/24\"," \
	"\"gateway_ip\":\"203.0.113.1\",\"ip_version\":4},{\"cidr\":"           \
	"\"2001:db8::/64\",\"gateway_ip\":null,\"ip_version\":6}],"             \
	"\"enable_snat\":false,\"hosts\":[\"" ID "\"],\"snat_ranges\":["        \
	"{\"host_id\":\"" ID "\",\"port_range_min\":32768,\"port_range_max\":36863}]"
#define FLOATING_IP                                                             \
	"{\"router_id\":\"" ID "\",\"network_id\":\"" ID "\",\"port_id\":\"" ID \
	"\",\"network_type\":\"flat\",\"physical_network\":\"public\","         \
	"\"mac_address\":\"fa:16:3e:00:00:01\",\"floating_ip_address\":"        \
	"\"203.0.113.9\""

#define PORT_FORWARDING(from, to, first, last)                                          \
	"{\"router_id\":\"" ID "\",\"floating_ip_id\":\"" ID "\",\"protocol\":\"udp\"," \
	"\"floating_ip_address\":\"203.0.113.9\",\"internal_ip_address\":\"10.0.0.5\"," \
	"\"external_port_first\":" #from ",\"external_port_last\":" #to                 \
	",\"internal_port_first\":" #first ",\"internal_port_last\":" #last "}"

static void what_leads_outside(void **state)
{
	struct record r = decode_ok(
		RECORD_GATEWAY, GATEWAY ",\"network_type\":\"vlan\",\"segmentation_id\":7}");

	(void)state;
	assert_string_equal(r.gateway.wire.physical_network, "public");
	assert_int_equal(r.gateway.wire.vlan, 7);
	assert_int_equal(r.gateway.subnets->len, 2);
	assert_int_equal(
		g_array_index(r.gateway.subnets, struct record_outer_subnet, 1).gateway.family, 0);
	assert_int_equal(r.gateway.hosts->len, 1);
	assert_int_equal(r.gateway.snat_ranges->len, 1);
	assert_int_equal(
		g_array_index(r.gateway.snat_ranges, struct record_snat_range, 0).port_max, 36863);
	assert_int_equal(r.gateway.nptv6_prefixes->len, 0);
	assert_false(r.gateway.enable_snat);
	assert_true(r.gateway.admin_state_up);
	record_clear(&r);
	r = decode_ok(RECORD_GATEWAY,
		GATEWAY ",\"network_type\":\"flat\",\"nptv6_prefixes\":[{\"internal_prefix\":"
			"\"fd00::/48\",\"external_prefix\":\"2001:db8::/48\"}]}");
	assert_int_equal(r.gateway.nptv6_prefixes->len, 1);
	record_clear(&r);
	r = decode_ok(RECORD_FLOATING_IP, FLOATING_IP ",\"fixed_ip_address\":\"10.0.0.5\"}");
	assert_int_equal(r.floating_ip.wire.vlan, 0);
	assert_int_equal(r.floating_ip.fixed.b[3], 5);
	record_clear(&r);
	r = decode_ok(RECORD_PORT_FORWARDING, PORT_FORWARDING(80, 89, 8080, 8089));
	assert_true(r.port_forwarding.udp);
	assert_int_equal(r.port_forwarding.external_last, 89);
	assert_int_equal(r.port_forwarding.internal_first, 8080);
	record_clear(&r);
	r = decode_ok(RECORD_NETWORK,
		"{\"network_type\":\"flat\",\"physical_network\":\"public\",\"mtu\":1500}");
	assert_string_equal(r.network.wire.physical_network, "public");
	assert_int_equal(r.network.vni, 0);
	record_clear(&r);
}

#define LIMITS ",\"qos\":{\"egress\":{\"max_kbps\":9},\"ingress\":{\"max_kpps\":3}}}"

static void limits_of_what_leads_outside(void **state)
{
	g_autofree char *forwarding = g_strndup(PORT_FORWARDING(80, 89, 8080, 8089),
		strlen(PORT_FORWARDING(80, 89, 8080, 8089)) - 1);
	g_autofree char *limited = g_strconcat(forwarding, LIMITS, NULL);
	struct record r = decode_ok(RECORD_GATEWAY, GATEWAY ",\"network_type\":\"flat\"" LIMITS);

	(void)state;
	assert_int_equal(r.gateway.qos.egress.max_kbps, 9);
	assert_int_equal(r.gateway.qos.ingress.max_kpps, 3);
	record_clear(&r);
	r = decode_ok(RECORD_FLOATING_IP, FLOATING_IP ",\"fixed_ip_address\":\"10.0.0.5\"" LIMITS);
	assert_int_equal(r.floating_ip.qos.egress.max_kbps, 9);
	record_clear(&r);
	r = decode_ok(RECORD_PORT_FORWARDING, limited);
	assert_int_equal(r.port_forwarding.qos.ingress.max_kpps, 3);
	record_clear(&r);
}

#define APPLIANCE(more)                                                              \
	"{\"generation\":1,\"revision\":2,\"cpu_percent\":50,\"memory_mib\":0," more \
	"\"nics\":[{\"name\":\"mgmt\",\"port_id\":\"" ID "\"}],\"config\":{}}"

static void appliances(void **state)
{
	struct record r = decode_ok(RECORD_APPLIANCE, APPLIANCE("")),
		      v = decode_ok(RECORD_APPLIANCE,
			      APPLIANCE("\"machine_image\":\"i.raw\",\"vcpus\":2,"));

	(void)state;
	assert_int_equal(r.appliance.cpu_percent, 50);
	assert_null(r.appliance.machine_image);
	assert_string_equal(v.appliance.machine_image, "i.raw");
	assert_int_equal(v.appliance.vcpus, 2);
	record_clear(&r);
	record_clear(&v);
}

static void refuses_half_a_record(void **state)
{
	static const struct {
		enum record_kind kind;
		const char *data, *says;
	} bad[] = {
		{ RECORD_NETWORK, "{\"vni\":0,\"mtu\":1442}", "vni" },
		{ RECORD_PORT_FORWARDING, PORT_FORWARDING(0, 1, 2, 3), "external_port_first" },
		{ RECORD_PORT_FORWARDING, PORT_FORWARDING(2, 1, 2, 3), "external_port_last" },
		{ RECORD_PORT_FORWARDING, PORT_FORWARDING(2, 5, 2, 4), "internal_port_last" },
		{ RECORD_NETWORK, "{\"vni\":16777216,\"mtu\":1442}", "vni" },
		{ RECORD_NETWORK, "{\"vni\":1,\"mtu\":\"1442\"}", "mtu" },
		{ RECORD_NETWORK, "{\"network_type\":\"flat\",\"mtu\":1500}", "physical_network" },
		{ RECORD_NETWORK, "{\"network_type\":\"gre\",\"mtu\":1500}", "network_type" },
		{ RECORD_GATEWAY, GATEWAY "}", "network_type" },
		{ RECORD_GATEWAY,
			GATEWAY ",\"network_type\":\"flat\",\"snat_ranges\":[{\"host_id\":\"" ID
				"\",\"port_range_min\":5000,\"port_range_max\":6000}]}",
			"whole blocks" },
		{ RECORD_GATEWAY, GATEWAY ",\"network_type\":\"vlan\"}", "segmentation_id" },
		{ RECORD_GATEWAY, GATEWAY ",\"network_type\":\"vlan\",\"segmentation_id\":4095}",
			"segmentation_id" },
		{ RECORD_FLOATING_IP, FLOATING_IP "}", "fixed_ip_address" },
		{ RECORD_FLOATING_IP, FLOATING_IP ",\"fixed_ip_address\":\"fd00::1\"}",
			"fixed_ip_address" },
		{ RECORD_SUBNET, "{\"network_id\":\"" ID "\",\"cidr\":\"10.0.0.0\"}", "cidr" },
		{ RECORD_SUBNET,
			"{\"network_id\":\"" ID
			"\",\"cidr\":\"10.0.0.0/24\",\"ipv6_ra_mode\":\"x\"}",
			"ipv6_ra_mode" },
		{ RECORD_MEMBER, "{\"network_id\":\"" ID "\",\"host_id\":\"h1\"}", "host_id" },
		{ RECORD_INTERFACE,
			"{\"network_id\":\"" ID "\",\"mac_address\":\"fa:16:3e:00:00:01\"}",
			"router_id" },
		{ RECORD_INTERFACE,
			"{\"network_id\":\"" ID "\",\"router_id\":\"" ID
			"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"routes\":[{\"destination\":\"10.0.0.0/8\"}]}",
			"nexthop" },
		{ RECORD_ENDPOINT,
			"{\"network_id\":\"" ID "\",\"host_id\":\"" ID "\",\"mac_address\":\"1\"}",
			"mac_address" },
		{ RECORD_ENDPOINT,
			"{\"network_id\":\"" ID "\",\"host_id\":\"" ID
			"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"ips\":[\"10.0.0.1\",\"10.0.0.\"]}",
			"ips[1]" },
		{ RECORD_PORT,
			"{\"network_id\":\"" ID
			"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"qos\":{\"egress\":{\"max_kbps\":-1}}}",
			"max_kbps" },
		{ RECORD_PORT,
			"{\"network_id\":\"" ID
			"\",\"mac_address\":\"fa:16:3e:00:00:01\",\"qos\":{\"dscp_mark\":64}}",
			"dscp_mark" },
		{ RECORD_APPLIANCE,
			"{\"generation\":1,\"revision\":1,\"cpu_percent\":0,\"memory_mib\":0,"
			"\"machine_image\":\"../x\",\"nics\":[],\"config\":{}}",
			"machine_image \"../x\"" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct record record;

		assert_false(decode(bad[i].kind, bad[i].data, &record, &error));
		if (!strstr(error->message, bad[i].says))
			fail_msg("\"%s\" does not name %s", error->message, bad[i].says);
	}
}

static void keys_name_members_by_both_ids(void **state)
{
	struct record_key key, again;
	char buf[RECORD_ID_TEXT];

	(void)state;
	assert_true(record_key_parse(
		RECORD_MEMBER, ID "/22222222-2222-4222-8222-222222222222", &key, NULL));
	assert_string_equal(
		record_key_format(&key, buf), ID "/22222222-2222-4222-8222-222222222222");
	assert_false(record_key_parse(RECORD_MEMBER, ID, &again, NULL));
	assert_false(record_key_parse(RECORD_PORT, ID "/x", &again, NULL));
	assert_true(record_key_parse(RECORD_PORT, ID, &again, NULL));
	assert_false(record_key_equal(&key, &again));
}

static void crc_is_castagnoli(void **state)
{
	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_with_everything),
		cmocka_unit_test(router_firewalls),
		cmocka_unit_test(logs),
		cmocka_unit_test(qos_of_a_port),
		cmocka_unit_test(tunnels_take_the_first_of_each_family),
		cmocka_unit_test(what_leads_outside),
		cmocka_unit_test(limits_of_what_leads_outside),
		cmocka_unit_test(appliances),
		cmocka_unit_test(refuses_half_a_record),
		cmocka_unit_test(keys_name_members_by_both_ids),
		cmocka_unit_test(crc_is_castagnoli),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
