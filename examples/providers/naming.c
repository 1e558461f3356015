/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider in the style of the edge: it has the hosts serve DHCP, with name servers and a route
 * of the company's own instead of what the subnet says. No appliance, nothing outside.
 *
 *	cc -shared -fPIC naming.c -o naming.so $(pkg-config --cflags --libs weft-provider jansson)
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <weft/provider.h>

static json_t *serve(const json_t *subnet)
{
	if (json_integer_value(json_object_get(subnet, "ip_version")) == 6)
		return json_pack("{s:[s]}", "dns_nameservers", "2001:db8:53::1");
	return json_pack("{s:[s, s], s:[{s:s, s:O}]}", "dns_nameservers", "192.0.2.53",
		"192.0.2.54", "host_routes", "destination", "192.0.2.0/24", "nexthop",
		json_object_get(subnet, "gateway_ip"));
}

static json_t *serve_all(const json_t *document)
{
	json_t *subnets = json_object();
	const json_t *subnet;
	size_t i;

	json_array_foreach(json_object_get(document, "subnets"), i, subnet)
		if (json_is_true(json_object_get(subnet, "enable_dhcp")) &&
			json_is_string(json_object_get(subnet, "gateway_ip")))
			json_object_set_new(subnets,
				json_string_value(json_object_get(subnet, "id")), serve(subnet));
	return json_pack("{s:{s:o}}", "edge", "subnets", subnets);
}

static int apply(const struct weft_provider_request *request)
{
	json_t *document = json_loadb(request->document, request->document_size, 0, NULL);
	json_t *answer = serve_all(document);
	char *text = json_dumps(answer, JSON_COMPACT);
	int failed = request->answer(request->context, text, strlen(text));

	free(text);
	json_decref(answer);
	json_decref(document);
	return failed ? WEFT_PROVIDER_FAILED : WEFT_PROVIDER_OK;
}

static const char *const services[] = { "dhcp", NULL };

extern const struct weft_provider weft_provider;
const struct weft_provider weft_provider = {
	.size = sizeof(struct weft_provider),
	.abi = WEFT_PROVIDER_ABI,
	.name = "naming",
	.description = "DHCP at the edge with the company's name servers.",
	.services = services,
	.apply = apply,
};
