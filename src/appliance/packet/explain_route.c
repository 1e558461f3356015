/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "appliance/packet/explain.h"
#include "appliance/program.h"

static bool read_route(
	const json_t *route, const struct explain_packet *packet, struct explain_route *ret)
{
	const char *type = json_string_value(json_object_get(route, "type"));
	const char *device = json_string_value(json_object_get(route, "dev"));
	const char *gateway = json_string_value(json_object_get(route, "gateway"));

	*ret = (struct explain_route){ .next_hop = packet->destination };
	ret->is_local = type && !strcmp(type, "local");
	g_strlcpy(ret->device, device ?: "", sizeof(ret->device));
	return (device || ret->is_local) && (!gateway || ip_parse(gateway, &ret->next_hop));
}

bool explain_kernel_route(
	const struct explain_packet *packet, struct explain_route *ret, char **ret_why)
{
	char to[IP_STRLEN], from[IP_STRLEN];
	const char *const argv[] = { "ip", packet->destination.family == 6 ? "-6" : "-4", "-j",
		"route", "get", ip_format(&packet->destination, to), "from",
		ip_format(&packet->source, from), "iif", packet->interface, NULL };
	g_autofree char *output = NULL;
	g_autoptr(GError) error = NULL;
	json_t *routes = NULL;
	bool ok = false;

	if (program_run(argv, &output, &error)) {
		routes = json_loads(output, 0, NULL);
		ok = read_route(json_array_get(routes, 0), packet, ret);
	}
	json_decref(routes);
	if (!ok)
		*ret_why = g_strdup(error ? g_strchomp(error->message) : "the kernel has none");
	return ok;
}
