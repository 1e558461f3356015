/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>

#include "appliance/document/document_parts.h"

static bool fill(const json_t *value, struct document_firewall_rule *ret, GError **error)
{
	static const char *const known[] = { "action", "protocol", "source_ip_address",
		"destination_ip_address", "destination_port", NULL };
	static const char *const actions[] = { "deny", "allow", NULL };
	static const char *const names[] = { "any", "tcp", "udp", "icmp", NULL };
	static const u8 numbers[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	unsigned action = 0, protocol = 0;

	if (!field_check(value, known, error) || !field_need(value, "action", error) ||
		!field_choice(value, "action", actions, &action, error) ||
		!field_choice(value, "protocol", names, &protocol, error) ||
		!field_prefix(value, "source_ip_address", 0, &ret->source, error) ||
		!field_prefix(value, "destination_ip_address", 0, &ret->destination, error) ||
		!field_ports(value, "destination_port", &ret->port_first, &ret->port_last, error))
		return false;
	ret->allow = action == 1;
	ret->protocol = numbers[protocol];
	return true;
}

static bool read_rule(const json_t *value, GArray *array, GError **error)
{
	struct document_firewall_rule rule = { 0 };
	u8 source, destination;

	if (!fill(value, &rule, error))
		return false;
	source = rule.source.ip.family;
	destination = rule.destination.ip.family;
	if (source && destination && source != destination)
		return weft_fail(error, INVALID_INPUT,
			"destination_ip_address: must be of the IP version that source_ip_address has");
	if (rule.port_first && rule.protocol != IPPROTO_TCP && rule.protocol != IPPROTO_UDP)
		return weft_fail(error, INVALID_INPUT,
			"destination_port: only tcp and udp have ports; say which is meant");
	rule.family = source ?: destination;
	g_array_append_val(array, rule);
	return true;
}

bool document_read_firewall(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "rules", NULL };
	struct document_firewall *firewall = data;

	return field_check(object, known, error) && field_need(object, "rules", error) &&
	       field_list(object, "rules", LIST_MAX, read_rule, firewall->rules, error);
}
