/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/document/test_document.h"

static void test_whole(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = document_parse(TEST_WHOLE, strlen(TEST_WHOLE), &error);
	const struct document_port_forwarding *forwarding;

	(void)state;
	assert_null(error);
	assert_non_null(document);
	assert_int_equal(document->revision, 7);
	assert_string_equal(document_public(document)->name, "public");
	assert_true(document->dhcp.enabled && document->dns.enabled && document->firewall.enabled);
	assert_int_equal(document->dhcp.hosts->len, 2);
	forwarding = &g_array_index(document->port_forwardings, struct document_port_forwarding, 0);
	assert_int_equal(forwarding->external_last, 8081);
	assert_int_equal(forwarding->internal_first, 80);
}

/* Z23: without a public NIC the management NIC is both. */
static void test_management_doubles_as_public(void **state)
{
	const char *text =
		"{" TEST_HEAD "\"interfaces\":[{\"name\":\"m\",\"role\":\"management\","
		"\"mac_address\":\"fa:16:3e:00:00:01\",\"addresses\":[\"192.0.2.5/24\"]}],"
		"\"snat\":[{\"cidr\":\"10.0.0.0/24\",\"address\":\"192.0.2.5\"}]}";
	g_autoptr(document) document = document_parse(text, strlen(text), NULL);

	(void)state;
	assert_non_null(document);
	assert_string_equal(document_public(document)->name, "m");
}

#define WITH(more) "{" TEST_HEAD TEST_INTERFACES "," more "}"
#define NIC(name, role, mac) \
	"{\"name\":\"" name "\",\"role\":\"" role "\",\"mac_address\":\"" mac "\"}"
#define SUBNET "\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}]"
#define SUBNET6(cidr, mode) "\"subnets\":[{\"cidr\":\"" cidr "\",\"ipv6_ra_mode\":\"" mode "\"}]"
#define HOST(mac, ip, name) \
	"{\"mac_address\":\"" mac "\",\"ip_address\":\"" ip "\",\"hostname\":\"" name "\"}"
#define FORWARD(outer, external, internal)                       \
	"{\"protocol\":\"tcp\",\"external_ip_address\":\"" outer \
	"\",\"external_port\":\"" external                       \
	"\",\"internal_ip_address\":\"10.0.0.9\",\"internal_port\":\"" internal "\"}"

#define NIC_OF_A_PAIR(name, role, mac, virtual)                               \
	"{\"name\":\"" name "\",\"role\":\"" role "\",\"mac_address\":\"" mac \
	"\",\"virtual_mac_address\":\"" virtual "\",\"virtual_addresses\":[\"10.0.0.1/24\"]}"
#define PAIR(more) "{" TEST_HEAD TEST_INTERFACES_OF_A_PAIR "," more "}"
#define REDUNDANCY(vrid, interface, peer)                                    \
	"\"redundancy\":{\"vrid\":" vrid ",\"interface\":\"" interface "\"," \
	"\"peer_address\":\"" peer "\"}"

/* Each with what its error must say. */
static const struct {
	const char *text, *says;
} refused[] = {
	{ "", "no JSON" },
	{ "[]", "must be an object" },
	{ "{}", "id: must be" },
	{ "{" TEST_ID "\"id\":1}", "no JSON" },
	{ "{" TEST_ID TEST_INTERFACES "}", "revision: must be given" },
	{ "{" TEST_ID "\"revision\":0," TEST_INTERFACES "}", "revision: must be a number from 1" },
	{ "{" TEST_HEAD "\"haproxy\":{}}", "\"haproxy\" is not known here" },
	{ "{" TEST_HEAD "\"interfaces\":[]}", "one must be the management NIC" },
	{ "{" TEST_HEAD "\"interfaces\":[7]}", "interfaces[0].must be an object" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("a b", "guest", "fa:16:3e:00:00:01") "]}",
		"interfaces[0].name: \"a b\"" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("lo", "guest", "fa:16:3e:00:00:01") "]}",
		"one of the system's" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("a", "uplink", "fa:16:3e:00:00:01") "]}",
		"role: \"uplink\" must be one of management, public, guest" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("a", "guest", "ff:ff:ff:ff:ff:ff") "]}",
		"interfaces[0].mac_address" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("a", "management", "fa:16:3e:00:00:01") "," NIC(
		  "b", "management", "fa:16:3e:00:00:02") "]}",
		"only one may be the management NIC" },
	{ "{" TEST_HEAD "\"interfaces\":[" NIC("a", "management", "fa:16:3e:00:00:01") "," NIC(
		  "b", "guest", "fa:16:3e:00:00:01") "]}",
		"two have the MAC address" },
	{ "{" TEST_HEAD
	  "\"interfaces\":[" NIC("a", "management", "fa:16:3e:00:00:01") "],\"dns\":{}}",
		"no NIC for guests" },
	{ WITH("\"dhcp\":{}"), "dhcp.subnets: must be given" },
	{ WITH("\"dhcp\":{\"subnets\":[{\"cidr\":\"10.0.0.1/24\"}]}"), "dhcp.subnets[0].cidr" },
	{ WITH("\"dhcp\":{\"subnets\":[{\"cidr\":\"2001:db8::/64\"}]}"),
		"say nothing that is to be done" },
	{ WITH("\"dhcp\":{" SUBNET6("2001:db8::/63", "dhcpv6-stateful") "}"),
		"dhcp.subnets[0].cidr: must have 64 bits" },
	{ WITH("\"dhcp\":{" SUBNET6("2001:db8::/80", "slaac") "}"), "cidr: must have 64 bits" },
	{ WITH("\"dhcp\":{" SUBNET6("10.0.0.0/24", "slaac") "}"), "an IPv4 subnet has none" },
	{ WITH("\"dhcp\":{" SUBNET6("2001:db8::/64", "static") "}"), "must be one of slaac" },
	{ WITH("\"dhcp\":{" SUBNET6("2001:db8::/64",
		  "slaac\",\"dns_nameservers\":[\"10.0.0.1\"],\"gateway_ip\":\"fe80::1") "}"),
		"must be IPv6 addresses" },
	{ WITH("\"dhcp\":{\"subnets\":[{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"10.1.0.0/16\"}]}"),
		"overlap" },
	{ WITH("\"dhcp\":{" SUBNET ",\"hosts\":[" HOST("fa:16:3e:00:00:09", "10.0.1.9", "") "]}"),
		"dhcp.hosts[0].ip_address: 10.0.1.9 is in none of the subnets" },
	{ WITH("\"dhcp\":{" SUBNET ",\"hosts\":[" HOST("fa:16:3e:00:00:09", "10.0.0.9",
		  "a") "," HOST("fa:16:3e:00:00:08", "10.0.0.9", "b") "]}"),
		"is another's too" },
	/* what would be a line of its own in a daemon's configuration */
	{ WITH("\"dhcp\":{" SUBNET ",\"hosts\":[" HOST(
		  "fa:16:3e:00:00:09", "10.0.0.9", "a\\ndhcp-script=/bin/sh") "]}"),
		"dhcp.hosts[0].hostname" },
	{ WITH("\"dns\":{\"domain\":\"a/1.1.1.1\"}"), "dns.domain" },
	{ WITH("\"metadata\":{\"networks\":[{}]}"), "metadata.networks[0].network_id" },
	{ WITH("\"metadata\":{\"networks\":[{\"network_id\":\"" TEST_BALANCER_ID
	       "9\",\"ports\":[{\"port_id\":\"" TEST_BALANCER_ID "8\",\"mac_address\":\"x\"}]}]}"),
		"metadata.networks[0].ports[0].mac_address" },
	{ WITH("\"dns\":{\"names\":[{\"name\":\"a b\",\"addresses\":[]}]}"), "dns.names[0].name" },
	{ WITH("\"snat\":[{\"cidr\":\"10.0.0.0/24\",\"address\":\"198.51.100.1\"}]"),
		"snat[0]: 198.51.100.1 must be among the addresses of the public NIC" },
	{ WITH("\"routed\":[\"10.0.0.1/24\"]"), "routed[0]: 10.0.0.1/24 must be an IPv4 prefix" },
	{ WITH("\"routed\":[\"fd00::/64\"]"), "routed[0]: fd00::/64 must be an IPv4 prefix" },
	{ WITH("\"floating_ips\":[{\"floating_ip_address\":\"203.0.113.6\",\"fixed_ip_address\":\"10.0.0.9\"},"
	       "{\"floating_ip_address\":\"203.0.113.6\",\"fixed_ip_address\":\"10.0.0.8\"}]"),
		"floating_ips[1]" },
	{ WITH("\"port_forwardings\":[" FORWARD("203.0.113.5", "80:90", "80") "]"),
		"must be as many ports" },
	{ WITH("\"port_forwardings\":[" FORWARD("203.0.113.5", "90:80", "80") "]"),
		"port_forwardings[0].external_port" },
	{ WITH("\"port_forwardings\":[" FORWARD("203.0.113.5", "80:90", "80:90") "," FORWARD(
		  "203.0.113.5", "90", "1") "]"),
		"port 90 of 203.0.113.5 is forwarded twice" },
	{ WITH("\"firewall\":{\"rules\":[{\"action\":\"maybe\"}]}"), "firewall.rules[0].action" },
	{ WITH("\"firewall\":{\"rules\":[{\"action\":\"deny\",\"destination_port\":\"80\"}]}"),
		"only tcp and udp have ports" },
	{ WITH("\"interface_firewalls\":[{\"name\":\"guest7\"}]"),
		"interface_firewalls[0].name: guest7 is not among interfaces" },
	{ WITH("\"interface_firewalls\":[{\"name\":\"guest0\",\"egress\":[{\"action\":\"allow\","
	       "\"destination_port\":\"80\"}]}]"),
		"interface_firewalls[0].egress[0].source_port, destination_port: only protocols" },
	{ WITH("\"interface_firewalls\":[{\"name\":\"guest0\",\"ingress\":[{\"action\":\"deny\","
	       "\"source_ip_address\":\"2001:db8::/64\"}]}]"),
		"must be of ip_version 4" },
	{ WITH("\"interface_firewalls\":[{\"name\":\"guest0\",\"ingress\":[{\"action\":\"deny\","
	       "\"source_interfaces\":[\"a\\\" accept\"]}]}]"),
		"source_interfaces[0]" },
	{ "{" TEST_HEAD
	  "\"interfaces\":[" NIC("a", "management", "fa:16:3e:00:00:01") "," NIC_OF_A_PAIR(
		  "b", "guest", "fa:16:3e:00:00:02", "fa:16:3e:00:00:01") "]}",
		"two have the MAC address fa:16:3e:00:00:01" },
	{ "{" TEST_HEAD
	  "\"interfaces\":[" NIC("a", "management", "fa:16:3e:00:00:01") "," NIC_OF_A_PAIR(
		  "b", "guest", "fa:16:3e:00:00:02", "00:00:5e:00:01:01") "]}",
		"interfaces[1]: virtual addresses are for a pair" },
	{ WITH("\"bgp\":{\"local_as\":0}"), "bgp.local_as: must be a number from 1" },
	{ WITH("\"bgp\":{\"local_as\":1,\"networks\":[\"10.0.0.1/24\"]}"),
		"bgp.networks[0]: 10.0.0.1/24" },
	{ WITH("\"bgp\":{\"local_as\":1,\"neighbors\":[{\"address\":\"2001:db8::1\",\"remote_as\":"
	       "2}]}"),
		"bgp.neighbors[0].address: public must have an IPv6 address" },
	{ WITH("\"bgp\":{\"local_as\":1,\"neighbors\":[{\"address\":\"192.0.2.1\",\"remote_as\":2,"
	       "\"password\":\"a\\n neighbor\"}]}"),
		"bgp.neighbors[0].password: must be" },
	{ WITH(REDUNDANCY("1", "mgmt", "192.0.2.6")),
		"redundancy: a NIC must have virtual_addresses" },
	{ PAIR(REDUNDANCY("0", "mgmt", "192.0.2.6")),
		"redundancy.vrid: must be a number from 1 to 255" },
	{ PAIR(REDUNDANCY("1", "guest0", "192.0.2.6")),
		"redundancy.interface: \"guest0\" must be a NIC of interfaces with an IPv4 address" },
	{ PAIR(REDUNDANCY("1", "mgmt", "192.0.3.6")),
		"redundancy.peer_address: 192.0.3.6 must be another" },
	{ PAIR(REDUNDANCY("1", "mgmt", "192.0.2.5")), "redundancy.peer_address" },
	{ PAIR(REDUNDANCY("1", "a}\\nscript", "192.0.2.6")), "redundancy.interface" },
};

#define HTTP "\"protocol\":\"HTTP\""
#define POLICY(more) HTTP ",\"l7_policies\":[{" more "}]"
#define RULE(more) \
	POLICY("\"action\":\"REJECT\",\"rules\":[{\"compare_type\":\"EQUAL_TO\"," more "}]")

static const struct {
	const char *text, *says;
} refused_balancers[] = {
	{ TEST_BALANCER("\"protocol\":\"UDP\"", TEST_POOL), "listeners[0].protocol: \"UDP\"" },
	{ TEST_BALANCER("\"protocol\":\"HTTPS\"", TEST_POOL), "can't speak to its members" },
	{ TEST_BALANCER("\"protocol\":\"TERMINATED_HTTPS\"", TEST_POOL),
		"certificates: must be there" },
	{ TEST_BALANCER("\"protocol\":\"TERMINATED_HTTPS\",\"certificates\":[\"x\"]", TEST_POOL),
		"certificates[0]" },
	{ TEST_BALANCER("\"protocol\":\"TCP\",\"l7_policies\":[]", TEST_POOL),
		"l7_policies: is for" },
	{ TEST_BALANCER(HTTP ",\"tls\":1", TEST_POOL), "\"tls\" is not known" },
	{ TEST_BALANCER(POLICY("\"action\":\"REDIRECT_TO_URL\""), TEST_POOL),
		"l7_policies[0].redirect_url: must be given" },
	{ TEST_BALANCER(POLICY("\"action\":\"REJECT\",\"redirect_url\":\"x\""), TEST_POOL),
		"is for another action" },
	{ TEST_BALANCER(
		  POLICY("\"action\":\"REDIRECT_TO_URL\",\"redirect_url\":\"a\\nb\""), TEST_POOL),
		"redirect_url" },
	{ TEST_BALANCER(RULE("\"type\":\"HEADER\",\"value\":\"x\""), TEST_POOL),
		"rules[0].key: must be the name" },
	{ TEST_BALANCER(RULE("\"type\":\"HEADER\",\"key\":\"a)\",\"value\":\"x\""), TEST_POOL),
		"rules[0].key: \"a)\"" },
	{ TEST_BALANCER(RULE("\"type\":\"PATH\",\"value\":\"a\\nserver x\""), TEST_POOL),
		"rules[0].value" },
	{ TEST_BALANCER(RULE("\"type\":\"PATH\",\"value\":\"\""), TEST_POOL), "must not be empty" },
	{ TEST_BALANCER(HTTP, TEST_POOL ",\"session_persistence\":{\"type\":\"APP_COOKIE\"}"),
		"pools[0].session_persistence.cookie_name" },
	{ TEST_BALANCER(
		  HTTP, TEST_POOL ",\"health_monitor\":{\"type\":\"TCP\",\"url_path\":\"/\"}"),
		"is for health monitors of type HTTP" },
	{ TEST_BALANCER(HTTP, "\"protocol\":\"UDP\""), "pools[0].protocol" },
};

static void test_refused_balancers(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused_balancers); i++) {
		const char *text = refused_balancers[i].text;
		g_autoptr(GError) error = NULL;

		assert_null(document_parse(text, strlen(text), &error));
		if (!strstr(error->message, refused_balancers[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error->message,
				refused_balancers[i].says);
	}
}

#define BALANCED(vip)                                                                         \
	PAIR(REDUNDANCY("1", "mgmt", "192.0.2.6") ",\"load_balancers\":[{\"id\":"             \
						  "\"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0a00\"," \
						  "\"vip_addresses\":[\"" vip                 \
						  "\"],\"listeners\":[],\"pools\":[]}]")

/* Z33, Z37: the master of a pair has the VIPs. */
static void test_balancer_of_a_pair(void **state)
{
	static const char has[] = BALANCED("10.0.0.1"), has_not[] = BALANCED("10.0.0.9");
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = document_parse(has, strlen(has), &error);

	(void)state;
	if (!document)
		fail_msg("%s", error->message);
	assert_null(document_parse(has_not, strlen(has_not), &error));
	assert_non_null(strstr(error->message, "10.0.0.9 must be among the addresses of a NIC"));
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(document_parse(refused[i].text, strlen(refused[i].text), &error));
		if (!strstr(error->message, refused[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error->message, refused[i].says);
		assert_int_equal(error->code, WEFT_ERROR_INVALID_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_management_doubles_as_public),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_balancers),
		cmocka_unit_test(test_balancer_of_a_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
