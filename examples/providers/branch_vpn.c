/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider in the style of an appliance: a router's VPN and load balancing are a guest of their
 * own, which it describes and weft keeps as desired state. How large it is the service profile says
 * in `metainfo`: "small" or "large".
 *
 *	cc -shared -fPIC branch_vpn.c -o branch_vpn.so $(pkg-config --cflags --libs weft-provider
 *jansson)
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <weft/provider.h>

struct size {
	const char *name;
	int cpus, memory_mib;
};
static const struct size sizes[] = { { "", 1, 256 }, { "small", 1, 256 }, { "large", 4, 2048 } };

static const struct size *size_of(const char *options)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcmp(sizes[i].name, options))
			return &sizes[i];
	return NULL;
}

/* A NIC on each network that the router is on. */
static json_t *nics_of(const json_t *document)
{
	json_t *nics = json_array();
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(document, "ports"), i, port)
		json_array_append_new(nics,
			json_pack("{s:O, s:O}", "network_id", json_object_get(port, "network_id"),
				"fixed_ips", json_object_get(port, "fixed_ips")));
	return nics;
}

static int give(const struct weft_provider_request *request, const json_t *document,
	const struct size *size)
{
	json_t *answer = json_pack("{s:[{s:s, s:s, s:i, s:i, s:o, s:O}]}", "appliances", "name",
		"vpn", "image", "branch-vpn-1", "cpus", size->cpus, "memory_mib", size->memory_mib,
		"nics", nics_of(document), "services", json_object_get(document, "services"));
	char *text = json_dumps(answer, JSON_COMPACT);
	int failed = request->answer(request->context, text, strlen(text));

	free(text);
	json_decref(answer);
	return failed ? WEFT_PROVIDER_FAILED : WEFT_PROVIDER_OK;
}

static int apply(const struct weft_provider_request *request)
{
	json_t *document = json_loadb(request->document, request->document_size, 0, NULL);
	const char *options = json_string_value(json_object_get(document, "options"));
	const struct size *size = size_of(options ? options : "");
	int result;

	if (size) {
		result = give(request, document, size);
	} else {
		request->explain(
			request->context, "metainfo of the service profile must be small or large");
		result = WEFT_PROVIDER_REFUSED;
	}
	json_decref(document);
	return result;
}

/* A real one asks its box. This one has none, and makes believe: who is to begin has reached its
 * peer, who is not still waits for it. */
static void add_state(json_t *tunnels, const json_t *connection)
{
	const char *initiator = json_string_value(json_object_get(connection, "initiator"));
	int waits = initiator && !strcmp(initiator, "response-only");
	json_t *state = json_pack("{s:O, s:s}", "id", json_object_get(connection, "id"), "status",
		waits ? "DOWN" : "ACTIVE");

	if (waits)
		json_object_set_new(
			state, "status_reason", json_string("it waits for its peer to begin"));
	json_array_append_new(tunnels, state);
}

static int status(const struct weft_provider_request *request)
{
	json_t *document = json_loadb(request->document, request->document_size, 0, NULL);
	json_t *tunnels = json_array(), *answer = json_pack("{s:o}", "tunnels", tunnels);
	const json_t *service, *connection;
	char *text;
	int failed;
	size_t i, j;

	json_array_foreach(json_object_get(document, "vpnservices"), i, service)
		json_array_foreach(json_object_get(service, "connections"), j, connection)
			add_state(tunnels, json_object_get(connection, "ipsec_site_connection"));
	text = json_dumps(answer, JSON_COMPACT);
	failed = request->answer(request->context, text, strlen(text));
	free(text);
	json_decref(answer);
	json_decref(document);
	return failed ? WEFT_PROVIDER_FAILED : WEFT_PROVIDER_OK;
}

static const char *const services[] = { "load-balancer", "vpn", NULL };

extern const struct weft_provider weft_provider;
const struct weft_provider weft_provider = {
	.size = sizeof(struct weft_provider),
	.abi = WEFT_PROVIDER_ABI,
	.name = "branch-vpn",
	.description = "VPN and load balancing in an appliance of the router.",
	.services = services,
	.apply = apply,
	.status = status,
};
