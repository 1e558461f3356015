/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall groups of the router's ports: rules of each NIC. */
#include "providers/virtual_router/sections.h"

/* The NIC that has the router's port; NULL: none. */
static const char *nic_of(const struct facts *facts, const char *port)
{
	if (!g_strcmp0(text_of(facts->public_port, "id"), port))
		return NIC_PUBLIC;
	for (unsigned i = 0; i < facts->n_sides; i++)
		if (!g_strcmp0(text_of(facts->sides[i].nic_port, "id"), port))
			return facts->sides[i].nic;
	return NULL;
}

/* The NICs whose ports are in the group. */
static json_t *nics_in(const struct facts *facts, const json_t *firewalls, const char *group)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(firewalls, i, one) {
		const char *nic = nic_of(facts, text_of(one, "port_id"));

		if (nic &&
			!g_strcmp0(text_of(json_object_get(one, "firewall"), "firewall_group_id"),
				group))
			json_array_append_new(list, json_string(nic));
	}
	return list;
}

static void set_ports(json_t *rule, const char *key, const json_t *given)
{
	g_autofree char *from = g_strdup_printf("%s_first", key),
			*to = g_strdup_printf("%s_last", key);
	const json_t *first = json_object_get(given, from);
	g_autofree char *range = g_strdup_printf("%d:%d", (int)json_integer_value(first),
		(int)json_integer_value(json_object_get(given, to)));

	if (first)
		json_object_set_new(rule, key, json_string(range));
}

/* False: it is about a group that none of the router's ports is in, and matches nothing. */
static bool set_nics(json_t *rule, const char *key, const struct facts *facts, const char *group)
{
	json_t *nics;
	bool any;

	if (!group)
		return true;
	nics = nics_in(facts, json_object_get(facts->document, "firewalls"), group);
	any = json_array_size(nics) > 0;
	json_object_set_new(rule, key, nics);
	return any;
}

static void add_rule(const struct facts *facts, const json_t *given, json_t *list)
{
	static const char *const same[] = { "id", "name", "action", "ip_version", "protocol",
		"source_ip_address", "destination_ip_address", NULL };
	json_t *rule = json_object();

	for (const char *const *key = same; *key; key++)
		if (json_object_get(given, *key))
			json_object_set(rule, *key, json_object_get(given, *key));
	set_ports(rule, "source_port", given);
	set_ports(rule, "destination_port", given);
	if (set_nics(
		    rule, "source_interfaces", facts, text_of(given, "source_firewall_group_id")) &&
		set_nics(rule, "destination_interfaces", facts,
			text_of(given, "destination_firewall_group_id")))
		json_array_append(list, rule);
	json_decref(rule);
}

static json_t *rules_of(const struct facts *facts, const json_t *given)
{
	json_t *list = json_array();
	const json_t *rule;
	size_t i;

	json_array_foreach(given, i, rule)
		add_rule(facts, rule, list);
	return list;
}

/* Whose rules they are: for who reads what the appliance tells of them. */
static json_t *about(const json_t *one)
{
	static const char *const same[] = { "router_id", "firewall_group_id", "name", "project_id",
		"ingress_firewall_policy_id", "ingress_policy_name", "egress_firewall_policy_id",
		"egress_policy_name", NULL };
	const json_t *firewall = json_object_get(one, "firewall");
	json_t *about = json_pack("{s:O}", "port_id", json_object_get(one, "port_id"));

	for (const char *const *key = same; *key; key++)
		if (json_object_get(firewall, *key))
			json_object_set(about, *key, json_object_get(firewall, *key));
	return about;
}

static json_t *guard_of(const struct facts *facts, const json_t *one, const char *nic)
{
	const json_t *firewall = json_object_get(one, "firewall");
	json_t *log = json_object_get(one, "log");

	return json_pack("{s:s, s:o, s:O*, s:o, s:o}", "name", nic, "about", about(one), "log", log,
		"ingress", rules_of(facts, json_object_get(firewall, "ingress")), "egress",
		rules_of(facts, json_object_get(firewall, "egress")));
}

json_t *section_firewall(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(facts->document, "firewalls"), i, one) {
		const char *nic = nic_of(facts, text_of(one, "port_id"));

		if (nic)
			json_array_append_new(list, guard_of(facts, one, nic));
	}
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}
