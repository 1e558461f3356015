/* SPDX-License-Identifier: Apache-2.0 */
/* What may pass the NICs: rules of each, as firewall groups have them. */
#include <netinet/in.h>
#include <string.h>

#include "appliance/document/document_parts.h"

#define RULES_MAX 256
#define LOG_LIMIT_MAX 1000000

static bool has_ports(u8 protocol)
{
	static const u8 all[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP,
		IPPROTO_UDPLITE };

	return memchr(all, protocol, sizeof(all));
}

static bool read_name(const json_t *value, GArray *array, GError **error)
{
	const struct document_device none = { "" };
	struct document_device device = none;
	json_t *object = json_pack("{s:O}", "name", value);
	bool ok = document_read_device(object, device.name, error);

	json_decref(object);
	if (ok)
		g_array_append_val(array, device);
	return ok;
}

/* NULL in *ret: any. */
static bool read_names(const json_t *object, const char *key, GArray **ret, GError **error)
{
	if (!json_object_get(object, key))
		return true;
	*ret = g_array_new(FALSE, FALSE, sizeof(struct document_device));
	if (!field_list(object, key, SMALL_LIST_MAX, read_name, *ret, error))
		return false;
	return (*ret)->len ||
	       weft_fail(error, INVALID_INPUT, "%s: must name one NIC at least", key);
}

static bool check_rule(const struct document_guard_rule *rule, GError **error)
{
	u8 source = rule->source.ip.family, destination = rule->destination.ip.family;

	if ((source && source != rule->family) || (destination && destination != rule->family))
		return weft_fail(error, INVALID_INPUT,
			"source_ip_address, destination_ip_address: must be of ip_version %d",
			rule->family);
	return (!rule->source_first && !rule->destination_first) ||
	       (rule->has_protocol && has_ports(rule->protocol)) ||
	       weft_fail(error, INVALID_INPUT,
		       "source_port, destination_port: only protocols 6, 17, 33, 132 and 136 have ports; say which is meant");
}

static bool fill_rule(const json_t *value, struct document_guard_rule *ret, GError **error)
{
	static const char *const known[] = { "id", "name", "action", "ip_version", "protocol",
		"source_ip_address", "destination_ip_address", "source_port", "destination_port",
		"source_interfaces", "destination_interfaces", NULL };
	static const char *const actions[] = { "allow", "deny", "reject", NULL };
	u64 family = 4, protocol = 0;
	unsigned action = 0;

	if (!field_check(value, known, error) || !field_uuid(value, "id", ret->id, error) ||
		!field_need(value, "action", error) ||
		!field_choice(value, "action", actions, &action, error) ||
		!field_number(value, "ip_version", 4, 6, &family, error) ||
		!field_number(value, "protocol", 0, UINT8_MAX, &protocol, error) ||
		!field_prefix(value, "source_ip_address", 0, &ret->source, error) ||
		!field_prefix(value, "destination_ip_address", 0, &ret->destination, error) ||
		!field_ports(value, "source_port", &ret->source_first, &ret->source_last, error) ||
		!field_ports(value, "destination_port", &ret->destination_first,
			&ret->destination_last, error) ||
		!read_names(value, "source_interfaces", &ret->from, error) ||
		!read_names(value, "destination_interfaces", &ret->to, error))
		return false;
	if (family == 5)
		return weft_fail(error, INVALID_INPUT, "ip_version: must be 4 or 6");
	ret->action = action;
	ret->family = (u8)family;
	ret->protocol = (u8)protocol;
	ret->has_protocol = json_object_get(value, "protocol") != NULL;
	return check_rule(ret, error);
}

static void clear_rule(gpointer data)
{
	struct document_guard_rule *rule = data;

	g_clear_pointer(&rule->from, g_array_unref);
	g_clear_pointer(&rule->to, g_array_unref);
}

static bool read_rule(const json_t *value, GArray *array, GError **error)
{
	struct document_guard_rule rule = { 0 };

	if (!fill_rule(value, &rule, error)) {
		clear_rule(&rule);
		return false;
	}
	g_array_append_val(array, rule);
	return true;
}

static GArray *rules_new(void)
{
	GArray *rules = g_array_new(FALSE, FALSE, sizeof(struct document_guard_rule));

	g_array_set_clear_func(rules, clear_rule);
	return rules;
}

static void clear(gpointer data)
{
	struct document_guard *guard = data;

	g_array_unref(guard->ingress);
	g_array_unref(guard->egress);
}

GArray *document_guards_new(void)
{
	GArray *guards = g_array_new(FALSE, FALSE, sizeof(struct document_guard));

	g_array_set_clear_func(guards, clear);
	return guards;
}

static bool read_log(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "accept", "drop", NULL };
	struct document_guard *guard = data;

	return field_check(object, known, error) &&
	       field_bool(object, "accept", &guard->log_accept, error) &&
	       field_bool(object, "drop", &guard->log_drop, error);
}

bool document_read_log_limits(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "rate", "burst", NULL };
	struct document_log_limits *limits = data;

	return field_check(object, known, error) && field_need(object, "rate", error) &&
	       field_number(object, "rate", 1, LOG_LIMIT_MAX, &limits->rate, error) &&
	       field_need(object, "burst", error) &&
	       field_number(object, "burst", 1, LOG_LIMIT_MAX, &limits->burst, error);
}

/* What "about" and the names of rules say is for who reads what this machine tells. */
static bool fill(const json_t *value, struct document_guard *ret, GError **error)
{
	static const char *const known[] = { "name", "about", "log", "ingress", "egress", NULL };
	bool logs;

	return field_check(value, known, error) &&
	       field_object(value, "log", read_log, ret, &logs, error) &&
	       document_read_device(value, ret->interface, error) &&
	       field_list(value, "ingress", RULES_MAX, read_rule, ret->ingress, error) &&
	       field_list(value, "egress", RULES_MAX, read_rule, ret->egress, error);
}

bool document_read_guard(const json_t *value, GArray *array, GError **error)
{
	struct document_guard guard = { .ingress = rules_new(), .egress = rules_new() };

	if (!fill(value, &guard, error)) {
		clear(&guard);
		return false;
	}
	g_array_append_val(array, guard);
	return true;
}

static bool check_names(const struct document *document, const GArray *names, GError **error)
{
	for (guint i = 0; names && i < names->len; i++) {
		const char *name = g_array_index(names, struct document_device, i).name;

		if (!document_interface_named(document, name))
			return weft_fail(error, INVALID_INPUT,
				"interface_firewalls: a rule is about the NIC %s, which is not among interfaces",
				name);
	}
	return true;
}

static bool check_rules(const struct document *document, const GArray *rules, GError **error)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct document_guard_rule *rule =
			&g_array_index(rules, struct document_guard_rule, i);

		if (!check_names(document, rule->from, error) ||
			!check_names(document, rule->to, error))
			return false;
	}
	return true;
}

bool document_check_guards(const struct document *document, GError **error)
{
	const struct document_guard *all = (const void *)document->guards->data;

	for (guint i = 0; i < document->guards->len; i++) {
		if (!document_interface_named(document, all[i].interface))
			return weft_fail(error, INVALID_INPUT,
				"interface_firewalls[%u].name: %s is not among interfaces", i,
				all[i].interface);
		for (guint j = 0; j < i; j++)
			if (!strcmp(all[i].interface, all[j].interface))
				return weft_fail(error, INVALID_INPUT,
					"interface_firewalls: two are of %s", all[i].interface);
		if (!check_rules(document, all[i].ingress, error) ||
			!check_rules(document, all[i].egress, error))
			return false;
	}
	return true;
}
