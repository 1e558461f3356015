/* SPDX-License-Identifier: Apache-2.0 */
/* The router's WireGuard interface and its GRE tunnels, without what is switched off. */
#include "providers/virtual_router/sections.h"

static bool is_up(const json_t *object)
{
	return json_is_true(json_object_get(object, "admin_state_up"));
}

/* A list of none or one. */
static json_t *addresses_of(const json_t *object)
{
	const char *address = text_of(object, "tunnel_address");

	return address ? json_pack("[s]", address) : json_array();
}

static json_t *peer_of(const json_t *given)
{
	const json_t *object = json_object_get(given, "wireguard_peer");
	const char *secret = text_of(given, "preshared_key"),
		   *address = text_of(object, "peer_address");
	json_t *peer = json_pack("{s:O, s:O}", "public_key", json_object_get(object, "public_key"),
		"allowed_ips", json_object_get(object, "allowed_ips"));

	if (secret && *secret)
		json_object_set_new(peer, "preshared_key", json_string(secret));
	if (address) {
		json_object_set_new(peer, "endpoint_address", json_string(address));
		json_object_set(peer, "endpoint_port", json_object_get(object, "peer_port"));
	}
	return peer;
}

json_t *section_wireguard(const struct facts *facts)
{
	const json_t *given =
		json_array_get(json_object_get(facts->document, "wireguard_interfaces"), 0);
	const json_t *object = json_object_get(given, "wireguard_interface"), *peer;
	json_t *peers;
	size_t i;

	if (!is_up(object) || !facts_outside(facts))
		return NULL;
	peers = json_array();
	json_array_foreach(json_object_get(given, "peers"), i, peer)
		if (is_up(json_object_get(peer, "wireguard_peer")))
			json_array_append_new(peers, peer_of(peer));
	return json_pack("{s:O, s:O, s:O, s:o, s:o}", "private_key",
		json_object_get(given, "private_key"), "listen_port",
		json_object_get(object, "listen_port"), "mtu", json_object_get(object, "mtu"),
		"addresses", addresses_of(object), "peers", peers);
}

static json_t *gre_of(const json_t *object, const char *outside)
{
	const json_t *key = json_object_get(object, "key");
	json_t *one = json_pack("{s:O, s:s, s:O, s:O, s:o, s:O}", "name",
		json_object_get(object, "device"), "local_address", outside, "peer_address",
		json_object_get(object, "peer_address"), "mtu", json_object_get(object, "mtu"),
		"addresses", addresses_of(object), "destinations",
		json_object_get(object, "destinations"));

	if (json_is_integer(key))
		json_object_set(one, "key", (json_t *)key);
	return one;
}

json_t *section_gre(const struct facts *facts)
{
	const char *outside = facts_outside(facts);
	json_t *list = json_array();
	const json_t *object;
	size_t i;

	json_array_foreach(json_object_get(facts->document, "gre_tunnels"), i, object)
		if (outside && is_up(object))
			json_array_append_new(list, gre_of(object, outside));
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}
