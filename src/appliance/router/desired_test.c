/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/desired.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/netns/description.h"
#include "appliance/router/webhook.h"

#define NETWORK "11111111-1111-4111-8111-111111111111"
#define SUBNET "22222222-2222-4222-8222-222222222222"
#define MANAGEMENT "33333333-3333-4333-8333-333333333333"
#define PUBLIC "44444444-4444-4444-8444-444444444444"
#define ATTACHMENT "55555555-5555-4555-8555-555555555555"

#define PORT(name, owner, mac, subnet, ip)                                                      \
	"{'id':'66666666-6666-4666-8666-6666666666" mac "','name':'" name "','dns_name':'" name \
	"','device_owner':'" owner "','mac_address':'fa:16:3e:00:00:" mac                       \
	"','fixed_ips':[{'subnet_id':'" subnet "','ip_address':'" ip "'}]}"
#define DOCUMENT(services, ports)                                                               \
	"{'attachment':'" ATTACHMENT "','object_type':'network','object_id':'" NETWORK          \
	"','services':[" services "],'network':{'mtu':1442,'dns_domain':'example.org.'},"       \
	"'subnets':[{'id':'" SUBNET "','ip_version':4,'cidr':'10.0.0.0/24','gateway_ip':"       \
	"'10.0.0.1','enable_dhcp':true,'dns_nameservers':[],'host_routes':[]}],'ports':[" ports \
	"]}"
#define GUEST PORT("web", "compute:nova", "10", SUBNET, "10.0.0.10")
#define OWN_MGMT PORT("mgmt", "network:appliance", "01", "m", "192.0.2.5")
#define OWN_PUBLIC PORT("public", "network:appliance", "02", "p", "203.0.113.5")
#define OWN_GUEST(ip) PORT("guest0", "network:appliance", "03", SUBNET, ip)
#define OUTER                                                         \
	"[{'id':'m','cidr':'192.0.2.0/24','gateway_ip':'192.0.2.1'}," \
	"{'id':'p','cidr':'203.0.113.0/24','gateway_ip':'203.0.113.1'}]"

/* JSON with ' for ". */
static json_t *json(const char *text)
{
	g_autofree char *quoted = g_strdup(text);
	json_t *value;

	g_strdelimit(quoted, "'", '"');
	value = json_loads(quoted, 0, NULL);
	assert_non_null(value);
	return value;
}

static struct router_settings settings_with(char *public_network)
{
	return (struct router_settings){ .management_network = (char *)MANAGEMENT,
		.public_network = public_network,
		.forwarders = g_array_new(FALSE, FALSE, sizeof(struct ip)) };
}

static char *describe(const char *document_text, const char *own_text, char *public_network)
{
	struct router_settings settings = settings_with(public_network);
	json_t *document = json(document_text), *own = json(own_text), *outer = json(OUTER);
	json_t *description = desired_description(document, own, outer, &settings);
	char *text = json_dumps(description, JSON_COMPACT);
	g_autoptr(GError) error = NULL;
	g_autoptr(description) parsed = description_parse(text, strlen(text), &error);

	/* What is made here is what the machine understands. */
	if (!parsed)
		fail_msg("%s: %s", error->message, text);
	json_decref(description);
	json_decref(outer);
	json_decref(own);
	json_decref(document);
	g_array_unref(settings.forwarders);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	g_autofree char *quoted = g_strdup(part);

	g_strdelimit(quoted, "'", '"');
	if (!strstr(text, quoted))
		fail_msg("no %s in %s", quoted, text);
}

static void test_first_guest(void **state)
{
	json_t *none = json(DOCUMENT("'dhcp'", OWN_GUEST("10.0.0.2")));
	json_t *one = json(DOCUMENT("'dhcp'", OWN_GUEST("10.0.0.2") "," GUEST));

	(void)state;
	assert_false(desired_has_guest(none));
	assert_true(desired_has_guest(one));
	json_decref(none);
	json_decref(one);
}

static char *ports_of(const char *document_text, const char *own_text, char *public_network)
{
	struct router_settings settings = settings_with(public_network);
	json_t *document = json(document_text), *own = json(own_text);
	g_autoptr(GError) error = NULL;
	json_t *ports = desired_ports(document, own, &settings, &error);
	char *text = ports ? json_dumps(ports, JSON_COMPACT) : strdup(error->message);

	json_decref(ports);
	json_decref(own);
	json_decref(document);
	g_array_unref(settings.forwarders);
	return text;
}

/* Z22, Z23, Z26: a management NIC always; the gateway's address where there is a way out. */
static void test_ports(void **state)
{
	char *alone = ports_of(DOCUMENT("'dhcp'", GUEST), "[]", NULL);
	char *gateway = ports_of(DOCUMENT("'dhcp'", GUEST), "[]", (char *)PUBLIC);
	char *taken = ports_of(DOCUMENT("'dhcp'", GUEST "," PORT("r", "network:router_interface",
							  "20", SUBNET, "10.0.0.1")),
		"[]", (char *)PUBLIC);
	char *kept = ports_of(DOCUMENT("'dhcp'", GUEST), "[" OWN_GUEST("10.0.0.7") "]", NULL);
	char *router = ports_of("{'object_type':'router'}", "[]", NULL);

	(void)state;
	assert_has(alone, "'name':'mgmt','network_id':'" MANAGEMENT "'");
	assert_has(alone, "'fixed_ips':[{'subnet_id':'" SUBNET "'}]");
	assert_null(strstr(alone, "public"));
	assert_has(gateway, "'name':'public','network_id':'" PUBLIC "'");
	assert_has(gateway, "'ip_address':'10.0.0.1'");
	assert_null(strstr(taken, "10.0.0.1"));
	assert_has(kept, "'ip_address':'10.0.0.7'");
	assert_has(router, "services of networks");
	free(alone);
	free(gateway);
	free(taken);
	free(kept);
	free(router);
}

static void test_description(void **state)
{
	char *text = describe(DOCUMENT("'dhcp','dns'", GUEST),
		"[" OWN_MGMT "," OWN_PUBLIC "," OWN_GUEST("10.0.0.1") "]", (char *)PUBLIC);

	(void)state;
	assert_has(text, "{'name':'guest0','device':'a55555555-g','port_id':");
	assert_has(text, "'addresses':['10.0.0.1/24'],'mtu':1442");
	assert_has(text, "'routes':[{'destination':'0.0.0.0/0','nexthop':'203.0.113.1'}]");
	assert_has(text, "'snat':[{'cidr':'10.0.0.0/24','address':'203.0.113.5'}]");
	assert_has(text,
		"'hosts':[{'mac_address':'fa:16:3e:00:00:10','ip_address':'10.0.0.10','hostname':'web'}]");
	assert_has(text, "'gateway_ip':'10.0.0.1','dns_nameservers':['10.0.0.1']");
	assert_has(text,
		"'dns':{'domain':'example.org','names':[{'name':'web','addresses':['10.0.0.10']}],");
	free(text);
}

/* Z27: DHCP alone, no public network: nothing leaves, nothing is said of names. */
static void test_isolated(void **state)
{
	char *text = describe(
		DOCUMENT("'dhcp'", GUEST), "[" OWN_MGMT "," OWN_GUEST("10.0.0.2") "]", NULL);

	(void)state;
	assert_has(text, "'routes':[],'snat':[]");
	assert_null(strstr(text, "'dns'"));
	assert_null(strstr(text, "dns_nameservers"));
	free(text);
}

/* The port forwards for a router, not for this. */
static void test_not_the_gateway(void **state)
{
	char *text = describe(DOCUMENT("'dhcp'", GUEST),
		"[" OWN_MGMT "," OWN_PUBLIC "," OWN_GUEST("10.0.0.2") "]", (char *)PUBLIC);

	(void)state;
	assert_has(text, "'snat':[]");
	free(text);
}

static void test_signature(void **state)
{
	static const char secret[] = "a-secret-of-more-than-16-bytes", body[] = "{}";
	/* of "1000.{}" */
	g_autofree char *hex = g_compute_hmac_for_string(
		G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret), "1000.{}", -1);
	g_autofree char *good = g_strconcat("sha256=", hex, NULL);

	(void)state;
	assert_true(webhook_check(secret, "1000", good, body, 2, 1100, NULL));
	assert_false(webhook_check(secret, "1000", good, body, 2, 1301, NULL));
	assert_false(webhook_check(secret, "1000", good, "{ ", 2, 1100, NULL));
	assert_false(webhook_check(secret, "1001", good, body, 2, 1100, NULL));
	assert_false(webhook_check(secret, "1000", NULL, body, 2, 1100, NULL));
	assert_false(webhook_check(secret, NULL, good, body, 2, 1100, NULL));
	assert_false(
		webhook_check("another-secret-of-some-bytes", "1000", good, body, 2, 1100, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_guest),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_isolated),
		cmocka_unit_test(test_not_the_gateway),
		cmocka_unit_test(test_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
