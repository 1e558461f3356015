/* SPDX-License-Identifier: Apache-2.0 */
/* Appliances that run on this host, and the firewall groups that they ask: their configuration says
 * whose rules they are, as the record of those that hosts ask does. */
#include "agent/desired/appliance.h"

#include <stdio.h>
#include <string.h>

#include "agent/desired/parts.h"
#include "base/log.h"

void appliance_free(gpointer data)
{
	struct appliance *appliance = data;
	struct record record = { .kind = RECORD_APPLIANCE, .appliance = appliance->record };

	record_clear(&record);
	g_ptr_array_unref(appliance->firewalls);
	g_free(appliance);
}

/* "80:90", as the record has it: two numbers. */
static void split_ports(json_t *rule, const char *key)
{
	const char *text = json_string_value(json_object_get(rule, key));
	unsigned first, last;
	int n = text ? sscanf(text, "%u:%u", &first, &last) : 0;
	g_autofree char *from = g_strdup_printf("%s_first", key),
			*to = g_strdup_printf("%s_last", key);

	if (n < 1)
		return;
	json_object_set_new(rule, from, json_integer(first));
	json_object_set_new(rule, to, json_integer(n == 2 ? last : first));
}

static json_t *rules_of(const json_t *given)
{
	json_t *rules = json_array(), *rule;
	size_t i;

	json_array_foreach(given, i, rule) {
		json_t *copy = json_copy(rule);

		split_ports(copy, "source_port");
		split_ports(copy, "destination_port");
		json_array_append_new(rules, copy);
	}
	return rules;
}

/* The record that a host would have that asks the group; NULL: nothing says whose it is. */
static json_t *record_of(const json_t *firewall)
{
	const json_t *about = json_object_get(firewall, "about");
	json_t *record = about ? json_copy((json_t *)about) : NULL;

	if (!record)
		return NULL;
	json_object_set_new(record, "ingress", rules_of(json_object_get(firewall, "ingress")));
	json_object_set_new(record, "egress", rules_of(json_object_get(firewall, "egress")));
	return record;
}

static struct router_firewall *firewall_of(const struct appliance *appliance, const json_t *given)
{
	json_t *data = record_of(given);
	const char *port = json_string_value(json_object_get(data, "port_id"));
	const char *nic = json_string_value(json_object_get(given, "name"));
	struct record record = { .kind = RECORD_ROUTER_FIREWALL };
	struct router_firewall *firewall = NULL;
	g_autoptr(GError) error = NULL;
	struct uuid id;

	if (port && nic && uuid_parse(port, &id) &&
		record_decode(RECORD_ROUTER_FIREWALL, data, &record, &error)) {
		firewall = g_new0(struct router_firewall, 1);
		firewall->id = id;
		firewall->appliance = appliance->id;
		firewall->record = record.router_firewall;
		g_strlcpy(firewall->nic, nic, sizeof(firewall->nic));
	} else if (error) {
		log_limited(warning, "firewall of an appliance's NIC: %s", error->message);
	}
	json_decref(data);
	return firewall;
}

static void read_firewalls(struct appliance *appliance)
{
	const json_t *given;
	size_t i;

	json_array_foreach(
		json_object_get(appliance->record.config, "interface_firewalls"), i, given) {
		struct router_firewall *firewall = firewall_of(appliance, given);

		if (firewall)
			g_ptr_array_add(appliance->firewalls, firewall);
		appliance->logs = appliance->logs || json_object_get(given, "log");
	}
}

const struct router_firewall *appliance_firewall(
	const struct desired *desired, const struct uuid *port)
{
	const struct appliance *appliance;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->appliances);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&appliance))
		for (guint n = 0; n < appliance->firewalls->len; n++) {
			const struct router_firewall *firewall = appliance->firewalls->pdata[n];

			if (uuid_equal(&firewall->id, port))
				return firewall;
		}
	return NULL;
}

const struct router_firewall *appliance_firewall_at(
	const struct appliance *appliance, const char *nic)
{
	for (guint n = 0; nic && n < appliance->firewalls->len; n++) {
		const struct router_firewall *firewall = appliance->firewalls->pdata[n];

		if (!strcmp(firewall->nic, nic))
			return firewall;
	}
	return NULL;
}

static const char *nic_text(const json_t *nic, const char *key)
{
	return json_string_value(json_object_get(nic, key)) ?: "";
}

const struct appliance *appliance_with_port(
	const struct desired *desired, const struct uuid *port, const char **ret_nic)
{
	const struct appliance *appliance;
	char text[UUID_STRLEN];
	GHashTableIter iter;
	const json_t *nic;
	size_t i;

	uuid_format(port, text);
	g_hash_table_iter_init(&iter, desired->appliances);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&appliance))
		json_array_foreach(appliance->record.nics, i, nic) {
			if (strcmp(nic_text(nic, "port_id"), text) != 0)
				continue;
			*ret_nic = nic_text(nic, "name");
			return appliance;
		}
	return NULL;
}

bool appliance_port_of(const struct appliance *appliance, const char *nic, struct uuid *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach(appliance->record.nics, i, one)
		if (!strcmp(nic_text(one, "name"), nic))
			return uuid_parse(nic_text(one, "port_id"), ret);
	return false;
}

void appliance_put(struct desired *desired, const struct uuid *id, struct record_appliance *record)
{
	struct appliance *appliance = g_new0(struct appliance, 1);

	appliance->id = *id;
	appliance->record = *record;
	appliance->firewalls = g_ptr_array_new_with_free_func(router_firewall_free);
	read_firewalls(appliance);
	*record = (struct record_appliance){ 0 }; /* taken over */
	g_hash_table_replace(desired->appliances, &appliance->id, appliance);
}
