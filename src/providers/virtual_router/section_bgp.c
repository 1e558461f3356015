/* SPDX-License-Identifier: Apache-2.0 */
/* What the router says to BGP peers of itself, from an address of their IP version. It takes
 * nothing from them. */
#include <string.h>

#include "providers/virtual_router/sections.h"

static json_t *neighbor_of(const json_t *peer)
{
	const char *password = text_of(peer, "password");
	json_t *one = json_pack("{s:O, s:O}", "address", json_object_get(peer, "peer_ip"),
		"remote_as", json_object_get(peer, "remote_as"));

	if (password)
		json_object_set_new(one, "password", json_string(password));
	return one;
}

static bool speaks_with(const struct facts *facts, const json_t *peer)
{
	return strchr(text_of(peer, "peer_ip"), ':') ? ipv6_of(facts->public_port) != NULL
						     : facts_outside(facts) != NULL;
}

/* NULL where it does not speak. */
json_t *section_bgp(const struct facts *facts)
{
	const json_t *speaker = json_object_get(facts->document, "bgp_speaker"), *peer;
	json_t *neighbors;
	size_t i;

	if (!speaker || !facts->public_port)
		return NULL;
	neighbors = json_array();
	json_array_foreach(json_object_get(speaker, "bgp_peers"), i, peer)
		if (speaks_with(facts, peer))
			json_array_append_new(neighbors, neighbor_of(peer));
	return json_pack("{s:O, s:o, s:O, s:b}", "local_as", json_object_get(speaker, "local_as"),
		"neighbors", neighbors, "networks", json_object_get(speaker, "prefixes"), "import",
		false);
}
