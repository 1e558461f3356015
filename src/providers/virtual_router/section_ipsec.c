/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the router's VPN services, without what is switched off. */
#include <string.h>

#include "providers/virtual_router/sections.h"

static bool is_up(const json_t *object)
{
	return json_is_true(json_object_get(object, "admin_state_up"));
}

static json_t *proposal_of(const json_t *policy, const char *version)
{
	const json_t *lifetime = json_object_get(policy, "lifetime");
	json_t *proposal = json_pack("{s:O, s:O, s:O, s:O}", "encryption_algorithm",
		json_object_get(policy, "encryption_algorithm"), "auth_algorithm",
		json_object_get(policy, "auth_algorithm"), "pfs", json_object_get(policy, "pfs"),
		"lifetime_s", json_object_get(lifetime, "value"));

	if (version)
		json_object_set_new(proposal, "version", json_string(version));
	return proposal;
}

static json_t *dpd_of(const json_t *connection)
{
	const json_t *dpd = json_object_get(connection, "dpd");

	return json_pack("{s:O, s:O, s:O}", "action", json_object_get(dpd, "action"), "interval_s",
		json_object_get(dpd, "interval"), "timeout_s", json_object_get(dpd, "timeout"));
}

/* What is as by default is left out: appliances of before know nothing else. */
static void set_form(json_t *one, const json_t *policy, const char *outside)
{
	static const struct {
		const char *key, *usual;
	} forms[] = { { "transform_protocol", "esp" }, { "encapsulation_mode", "tunnel" } };

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		const char *value = text_of(policy, forms[i].key);

		if (value && strcmp(value, forms[i].usual) != 0)
			json_object_set_new(one, forms[i].key, json_string(value));
	}
	if (json_object_get(one, "encapsulation_mode"))
		json_object_set_new(
			one, "local_cidrs", json_pack("[o]", json_sprintf("%s/32", outside)));
}

/* Its id is its name there, by which its status comes back. */
static json_t *connection_of(const json_t *given, const char *outside)
{
	const json_t *object = json_object_get(given, "ipsec_site_connection");
	const json_t *ike = json_object_get(given, "ikepolicy");
	const char *local_id = text_of(object, "local_id");
	json_t *one = json_pack("{s:O, s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:O, s:o, s:o, s:o}",
		"name", json_object_get(object, "id"), "local_address", outside, "peer_address",
		json_object_get(object, "peer_address"), "psk", json_object_get(object, "psk"),
		"local_cidrs", json_object_get(given, "local_cidrs"), "peer_cidrs",
		json_object_get(given, "peer_cidrs"), "peer_id", json_object_get(object, "peer_id"),
		"initiator", json_object_get(object, "initiator"), "mtu",
		json_object_get(object, "mtu"), "dpd", dpd_of(object), "ike",
		proposal_of(ike, text_of(ike, "ike_version")), "esp",
		proposal_of(json_object_get(given, "ipsecpolicy"), NULL));

	if (local_id && *local_id)
		json_object_set_new(one, "local_id", json_string(local_id));
	set_form(one, json_object_get(given, "ipsecpolicy"), outside);
	return one;
}

static void add_connection(const struct facts *facts, const json_t *connection, json_t *list)
{
	const json_t *object = json_object_get(connection, "ipsec_site_connection");
	const char *outside = strchr(text_of(object, "peer_address"), ':')
				      ? ipv6_of(facts->public_port)
				      : facts_outside(facts);

	if (outside && is_up(object))
		json_array_append_new(list, connection_of(connection, outside));
}

/* NULL without any, or while there is no address outside of the peers' IP version. */
json_t *section_ipsec(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *given, *connection;
	size_t i, j;

	json_array_foreach(json_object_get(facts->document, "vpnservices"), i, given)
		if (is_up(json_object_get(given, "vpnservice")))
			json_array_foreach(json_object_get(given, "connections"), j, connection)
				add_connection(facts, connection, list);
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}
