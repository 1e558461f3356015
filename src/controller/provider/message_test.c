/* SPDX-License-Identifier: Apache-2.0 */
/* What a plug-in's process may say, and how requests to webhooks are signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "controller/provider/load.h"
#include "controller/provider/message.h"
#include "controller/provider/sign.h"
#include "model/provider/service_map.h"

static void assert_message(const char *line, struct message *ret)
{
	assert_true(message_parse(line, strlen(line), ret, NULL));
}

static void assert_refused(const char *line, const char *says)
{
	g_autoptr(GError) error = NULL;
	struct message message;

	assert_false(message_parse(line, strlen(line), &message, &error));
	if (!strstr(error->message, says))
		fail_msg("%s: '%s' does not say '%s'", line, error->message, says);
}

static void greetings(void **state)
{
	struct message message;

	(void)state;
	assert_message("{\"hello\":\"acme\",\"abi\":1,\"services\":[\"vpn\",\"dhcp\"]}", &message);
	assert_int_equal(message.kind, MESSAGE_HELLO);
	assert_string_equal(message.name, "acme");
	assert_int_equal(message.services, SERVICE_BIT(SERVICE_VPN) | SERVICE_BIT(SERVICE_DHCP));
	message_clear(&message);
	assert_refused("{\"hello\":\"acme\",\"abi\":2,\"services\":[\"vpn\"]}", "version 2");
	assert_refused("{\"hello\":\"a b\",\"abi\":1,\"services\":[\"vpn\"]}", "no name");
	assert_refused("{\"hello\":\"9a\",\"abi\":1,\"services\":[\"vpn\"]}", "no name");
	assert_refused("{\"hello\":\"a\",\"abi\":1,\"services\":[]}", "names no service");
	assert_refused("{\"hello\":\"a\",\"abi\":1,\"services\":[\"qos\"]}", "'qos' is no service");
	assert_refused("{\"hello\":\"a\",\"abi\":1,\"services\":[7]}", "is no service");
}

static void results(void **state)
{
	struct message message;

	(void)state;
	assert_message("{\"id\":7,\"result\":0,\"answer\":{\"appliances\":[]}}", &message);
	assert_int_equal(message.id, 7);
	assert_int_equal(message.result.result, WEFT_PROVIDER_OK);
	assert_true(json_is_array(json_object_get(message.result.answer, "appliances")));
	message_clear(&message);
	assert_message("{\"id\":7,\"result\":1,\"reason\":\"no\\u001b[31m\"}", &message);
	assert_int_equal(message.result.result, WEFT_PROVIDER_REFUSED);
	assert_string_equal(message.result.reason, "no [31m");
	message_clear(&message);
	assert_message("{\"id\":7,\"result\":99}", &message);
	assert_int_equal(message.result.result, WEFT_PROVIDER_FAILED);
	assert_string_equal(message.result.reason, "the provider gave no reason");
	message_clear(&message);
	assert_refused("{\"id\":-1,\"result\":0}", "no message");
	assert_refused("{\"id\":1}", "no message");
	assert_refused("[]", "no message");
	assert_refused("{\"id\":1,\"id\":2,\"result\":0}", "no message");
}

/* A wrong answer fails the call, and says where it is wrong. */
static void assert_wrong(const char *answer, const char *says)
{
	g_autofree char *line = g_strdup_printf("{\"id\":1,\"result\":0,\"answer\":%s}", answer);
	struct message message;

	assert_message(line, &message);
	assert_int_equal(message.result.result, WEFT_PROVIDER_FAILED);
	if (!strstr(message.result.reason, says))
		fail_msg("%s: '%s' does not say '%s'", answer, message.result.reason, says);
	message_clear(&message);
}

#define PAIRED(members) \
	"{\"appliances\":[{\"name\":\"a\",\"image\":\"weft-appliance\"," members "}]}"
#define SUBNET "\"2f6c9d5e-0000-4000-8000-000000000000\""

#define OWN(more) "{\"name\":\"a\",\"image\":\"weft-appliance\",\"nics\":[]," more "}"

static void answers(void **state)
{
	struct message message;

	(void)state;
	assert_message(
		"{\"id\":1,\"result\":0,\"answer\":{\"edge\":{\"subnets\":{" SUBNET
		":{\"enable_dhcp\":true,\"gateway_ip\":null,\"dns_nameservers\":[\"::1\"],"
		"\"host_routes\":[{\"destination\":\"10.0.0.0/8\",\"nexthop\":\"10.0.0.1\"}]}}}}}",
		&message);
	assert_int_equal(message.result.result, WEFT_PROVIDER_OK);
	message_clear(&message);
	assert_wrong("7", "no JSON object");
	assert_message("{\"id\":1,\"result\":0,\"answer\":{\"tunnels\":[{\"id\":" SUBNET
		       ",\"status\":\"DOWN\",\"status_reason\":\"no answer\"}]}}",
		&message);
	assert_int_equal(message.result.result, WEFT_PROVIDER_OK);
	message_clear(&message);
	assert_wrong("{\"tunnels\":{}}", "tunnels of the answer must be a list");
	assert_wrong("{\"tunnels\":[{\"id\":\"x\",\"status\":\"DOWN\"}]}",
		"tunnel 1 of the answer needs an id");
	assert_wrong("{\"tunnels\":[{\"id\":" SUBNET ",\"status\":\"up\"}]}", "ACTIVE or DOWN");
	assert_wrong("{\"tunnels\":[{\"id\":" SUBNET ",\"status\":\"DOWN\",\"status_reason\":7}]}",
		"status_reason of tunnel");
	assert_wrong("{\"egde\":{}}", "has 'egde'");
	assert_wrong("{\"edge\":{\"subnets\":[]}}", "edge of the answer must be");
	assert_wrong("{\"edge\":{\"subnets\":{\"x\":{}}}}", "{SUBNET: {…}}");
	assert_wrong("{\"edge\":{\"subnets\":{" SUBNET ":{\"dns_nameservers\":[\"x\"]}}}}",
		"dns_nameservers of the answer is not a list");
	assert_wrong(
		"{\"edge\":{\"subnets\":{" SUBNET ":{\"cidr\":\"10.0.0.0/8\"}}}}", "has 'cidr'");
	assert_wrong("{\"appliances\":[{\"name\":\"a\"}]}", "needs a name and an image");
	assert_wrong("{\"appliances\":[" OWN("\"runtime\":\"xen\"") "]}", "must be netns or qemu");
	assert_wrong("{\"appliances\":[" OWN("\"vcpus\":2") "]}", "of the runtime qemu");
	assert_wrong("{\"appliances\":[" OWN("\"runtime\":\"qemu\",\"vcpus\":65") "]}",
		"vcpus of appliance a must be a number, at most 64");
	assert_wrong(
		"{\"appliances\":[" OWN("\"runtime\":\"qemu\",\"machine_image\":\"../x\"") "]}",
		"must be the name of an image");
	assert_wrong("{\"appliances\":[{\"name\":\"a\",\"image\":\"i\"},"
		     "{\"name\":\"a\",\"image\":\"j\"}]}",
		"are named a");
	assert_wrong(PAIRED("\"nics\":[{\"name\":\"g\",\"network_id\":\"n\",\"shared\":true}]"),
		"its ha_group must say with whom");
	assert_wrong(PAIRED("\"ha_group\":\"p\",\"nics\":[{\"name\":\"g\",\"port_id\":\"n\","
			    "\"shared\":true}]"),
		"shared must be a boolean, of a NIC with a network_id");
	assert_wrong(
		PAIRED("\"ha_group\":7,\"nics\":[]"), "ha_group of appliance a must be a text");
}

/* Made with `printf '1700000000.apply.d1.{"a":1}' | openssl dgst -sha256 -hmac secret`. */
static void signatures(void **state)
{
	const struct provider_signed what = { 1700000000, "apply", "d1", "{\"a\":1}" };
	g_autofree char *text = provider_sign("secret", &what);

	(void)state;
	assert_string_equal(
		text, "sha256=41c14e7abf2a40f67065851e24d68e56c3e257787b610752d0f7c4b972337d87");
}

static void descriptors(void **state)
{
	struct weft_provider provider = { .size = sizeof(provider), .abi = WEFT_PROVIDER_ABI };
	g_autoptr(GError) abi = NULL, size = NULL;

	(void)state;
	assert_true(provider_descriptor_check(&provider, NULL));
	provider.size = offsetof(struct weft_provider, remove);
	assert_true(provider_descriptor_check(&provider, NULL));
	provider.size--;
	assert_false(provider_descriptor_check(&provider, &size));
	assert_non_null(strstr(size->message, "sizeof(struct weft_provider)"));
	provider.abi++;
	assert_false(provider_descriptor_check(&provider, &abi));
	assert_non_null(strstr(abi->message, "version 2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greetings),
		cmocka_unit_test(results),
		cmocka_unit_test(answers),
		cmocka_unit_test(signatures),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
