/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_tunnels.h"

#include <stddef.h>
#include <string.h>

static json_t *one_of(const char *type, const json_t *said)
{
	json_t *name = json_object_get(said, "name") ?: json_object_get(said, "public_key");

	return json_pack("{s:s, s:O*, s:O*, s:O*}", "type", type, "name", name, "status",
		json_object_get(said, "status"), "status_reason",
		json_object_get(said, "status_reason"));
}

json_t *machine_tunnels(const json_t *status)
{
	static const char *const types[] = { "ipsec", "wireguard", "gre", NULL };
	const json_t *tunnels = json_object_get(status, "tunnels"), *said;
	json_t *list = json_array();
	size_t i;

	for (const char *const *type = types; *type; type++)
		json_array_foreach(json_object_get(tunnels, *type), i, said)
			json_array_append_new(list, one_of(*type, said));
	json_array_foreach(json_object_get(status, "bgp_sessions"), i, said)
		json_array_append_new(list, one_of("bgp", said));
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}

bool machine_tunnels_are_up(const json_t *tunnels)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach(tunnels, i, tunnel) {
		const char *status = json_string_value(json_object_get(tunnel, "status"));

		if (!status || strcmp(status, "ACTIVE"))
			return false;
	}
	return true;
}
