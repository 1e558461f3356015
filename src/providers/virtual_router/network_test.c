/* SPDX-License-Identifier: Apache-2.0 */
/* A network's virtual router: what guests are told of themselves, and the way out by the management
 * NIC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/document/document_metadata.h"
#include "providers/virtual_router/virtual_router.h"

/* With ' for ", and NET, SUB, MGM, PO1, PO2 for UUIDs. */
static const char whole[] =
	"{'attachment':'NET','object_type':'network','object_id':'NET',"
	"'options':'{\\'management_network\\':\\'MGM\\'OPTIONS}','services':[SERVICES],"
	"'network':{'id':'NET','mtu':1442,'dns_domain':''},"
	"'subnets':[{'id':'SUB','ip_version':4,'cidr':'10.0.0.0/24','gateway_ip':'10.0.0.2',"
	"'enable_dhcp':DHCP,'dns_nameservers':['192.0.2.53'],'host_routes':[]}],"
	"'ports':[{'id':'PO1','name':'web','dns_name':'web','device_id':'vm',"
	"'device_owner':'compute:nova','project_id':'p','mac_address':'fa:16:3e:00:00:10',"
	"'metadata':{'hostname':'web.example.org','user_data':'#!/bin/sh'},"
	"'fixed_ips':[{'subnet_id':'SUB','ip_address':'10.0.0.10'}]},"
	"{'id':'PO2','name':'','device_owner':'network:dhcp','mac_address':'fa:16:3e:00:00:12',"
	"'fixed_ips':[{'subnet_id':'SUB','ip_address':'10.0.0.2'}]}],"
	"'appliances':[{'name':'router','ports':["
	"{'id':'a','name':'mgmt','mac_address':'fa:16:3e:00:00:01',"
	"'fixed_ips':[{'subnet_id':'m','ip_address':'192.0.2.5'}]},"
	"{'id':'b','name':'guest0','device_owner':'network:dhcp','mac_address':'fa:16:3e:00:00:02',"
	"'fixed_ips':[{'subnet_id':'SUB','ip_address':'10.0.0.2'}]}],'subnets':["
	"{'id':'m','cidr':'192.0.2.0/24','gateway_ip':'192.0.2.1'}]}]}";

static int take(void *context, const char *json, size_t size)
{
	*(char **)context = g_strndup(json, size);
	return 0;
}

static void explain(void *context, const char *reason)
{
	*(char **)context = g_strdup(reason);
}

static char *ask_when(const char *dhcp, const char *services, const char *options,
	enum weft_provider_result expected)
{
	static const char *const names[][2] = { { "NET", "11111111-1111-4111-8111-111111111111" },
		{ "SUB", "22222222-2222-4222-8222-222222222222" },
		{ "MGM", "33333333-3333-4333-8333-333333333333" },
		{ "PO1", "44444444-4444-4444-8444-444444444444" },
		{ "PO2", "55555555-5555-4555-8555-555555555555" } };
	g_autoptr(GString) text = g_string_new(whole);
	char *said = NULL;
	struct weft_provider_request request = {
		.size = sizeof(request), .context = &said, .answer = take, .explain = explain
	};

	g_string_replace(text, "DHCP", dhcp, 0);
	g_string_replace(text, "SERVICES", services, 0);
	g_string_replace(text, "OPTIONS", options, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_string_replace(text, names[i][0], names[i][1], 0);
	g_string_replace(text, "\\'", "\\\"", 0);
	g_string_replace(text, "'", "\"", 0);
	request.document = text->str;
	request.document_size = text->len;
	assert_int_equal(virtual_router_provider.apply(&request), expected);
	return said;
}

static char *ask(const char *services, const char *options, enum weft_provider_result expected)
{
	return ask_when("true", services, options, expected);
}

static void told(void **state)
{
	g_autofree char *answer = ask("'dhcp','metadata'", "", WEFT_PROVIDER_OK),
			*config_text = NULL;
	json_t *json = json_loads(answer, 0, NULL), *config, *route;
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = NULL;
	const struct document_metadata_network *network;
	const struct document_metadata_port *port;

	(void)state;
	config = json_object_get(json_array_get(json_object_get(json, "appliances"), 0), "config");
	json_object_set_new(config, "revision", json_integer(1));
	config_text = json_dumps(config, 0);
	document = document_parse(config_text, strlen(config_text), &error);
	if (!document)
		fail_msg("%s: %s", error->message, config_text);
	assert_int_equal(document->metadata.networks->len, 1);
	network = &g_array_index(document->metadata.networks, struct document_metadata_network, 0);
	assert_int_equal(network->mtu, 1442);
	assert_int_equal(network->ports->len, 1); /* no guest, no word */
	port = &g_array_index(network->ports, struct document_metadata_port, 0);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(port->json, "given"), "user_data")),
		"#!/bin/sh");
	route = json_array_get(
		json_object_get(
			json_array_get(
				json_object_get(json_object_get(config, "dhcp"), "subnets"), 0),
			"host_routes"),
		0);
	assert_string_equal(
		json_string_value(json_object_get(route, "destination")), "169.254.169.254/32");
	assert_string_equal(json_string_value(json_object_get(route, "nexthop")), "10.0.0.2");
	json_decref(json);
}

static void not_told(void **state)
{
	g_autofree char *without = ask("'dhcp'", "", WEFT_PROVIDER_OK),
			*lost = ask("'dns','metadata'", "", WEFT_PROVIDER_REFUSED);

	(void)state;
	assert_null(strstr(without, "169.254"));
	assert_null(strstr(without, "user_data"));
	assert_non_null(strstr(lost, "DHCP tells guests the way to it, so map both"));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

#define DOUBLES ",\\'public_network\\':\\'MGM\\'"

/* Z23: the management NIC is the public one too, and there is no other; two of a pair can't. */
static void doubles(void **state)
{
	g_autofree char *answer = ask("'dhcp'", DOUBLES, WEFT_PROVIDER_OK);
	g_autofree char *pair = ask("'dhcp'", DOUBLES ",\\'ha\\':true", WEFT_PROVIDER_REFUSED);

	(void)state;
	assert_has(
		answer, "\"routes\":[{\"destination\":\"0.0.0.0/0\",\"nexthop\":\"192.0.2.1\"}]");
	assert_has(answer, "\"snat\":[{\"address\":\"192.0.2.5\",\"cidr\":\"10.0.0.0/24\"}]");
	assert_null(strstr(answer, "\"public\""));
	assert_has(pair, "give another network as public_network");
}

/* Where DHCP is switched off nobody gets a lease, and the router stays what else it is. */
static void switched_off(void **state)
{
	g_autofree char *answer = ask_when("false", "'dhcp','dns'", DOUBLES, WEFT_PROVIDER_OK);

	(void)state;
	assert_null(strstr(answer, "\"dhcp\""));
	assert_has(answer, "\"snat\":[{\"address\":\"192.0.2.5\",\"cidr\":\"10.0.0.0/24\"}]");
	assert_has(answer, "\"dns\":{");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told),
		cmocka_unit_test(not_told),
		cmocka_unit_test(doubles),
		cmocka_unit_test(switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
