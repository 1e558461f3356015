/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/security_group_match.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_impl.h"
#include "model/txn_impl.h"

#define ICMP 1
#define ICMP6 58
#define PORT_FIRST 1
#define PORT_LAST 65535

const char *const match_directions[] = { "ingress", "egress", NULL };
const char *const match_ethertypes[] = { "IPv4", "IPv6", NULL };

/* The names that Networking has, with the assigned numbers. */
static const struct {
	const char *name;
	int number;
	bool ports; /* has port numbers */
	bool ipv6;  /* only in IPv6 */
} protocols[] = {
	{ "ah", 51 },
	{ "dccp", 33, .ports = true },
	{ "egp", 8 },
	{ "esp", 50 },
	{ "gre", 47 },
	{ "hopopt", 0 },
	{ "icmp", ICMP },
	{ "icmpv6", ICMP6, .ipv6 = true },
	{ "igmp", 2 },
	{ "ip", 0 },
	{ "ipip", 4 },
	{ "ipv6-encap", 41, .ipv6 = true },
	{ "ipv6-frag", 44, .ipv6 = true },
	{ "ipv6-icmp", ICMP6, .ipv6 = true },
	{ "ipv6-nonxt", 59, .ipv6 = true },
	{ "ipv6-opts", 60, .ipv6 = true },
	{ "ipv6-route", 43, .ipv6 = true },
	{ "ospf", 89 },
	{ "pgm", 113 },
	{ "rsvp", 46 },
	{ "sctp", 132, .ports = true },
	{ "tcp", 6, .ports = true },
	{ "udp", 17, .ports = true },
	{ "udplite", 136, .ports = true },
	{ "vrrp", 112 },
};

bool protocol_is_extension(int protocol)
{
	return protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_DSTOPTS;
}

static bool fail_protocol(json_t *value, GError **error)
{
	g_autofree char *given = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	g_autoptr(GString) names = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "", protocols[i].name);
	return weft_fail(error, RULE_PROTOCOL,
		"Security group rule protocol %.64s not supported: give one of %s, a number from 0 (any) to 255, or null for any.",
		given, names->str);
}

bool match_convert_protocol(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value);
	gint64 number = json_integer_value(value);

	(void)attr;
	(void)path;
	if (json_is_integer(value) ||
		(text && g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, &number, NULL))) {
		if (number < 0 || number > 255)
			return fail_protocol(value, error);
		*ret = g_strdup_printf("%d", (int)number);
		return true;
	}
	*ret = NULL;
	if (text && !g_ascii_strcasecmp(text, "any"))
		return true;
	for (size_t i = 0; text && i < G_N_ELEMENTS(protocols); i++)
		if (!g_ascii_strcasecmp(protocols[i].name, text)) {
			*ret = g_strdup(protocols[i].name);
			return true;
		}
	return fail_protocol(value, error);
}

static int number_of(const char *protocol)
{
	if (!protocol)
		return -1;
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (!strcmp(protocols[i].name, protocol))
			return protocols[i].number;
	return atoi(protocol);
}

int protocol_number(const char *text)
{
	gint64 number;

	if (g_ascii_string_to_signed(text, 10, 0, 255, &number, NULL))
		return (int)number;
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (!g_ascii_strcasecmp(protocols[i].name, text))
			return protocols[i].number;
	return -1;
}

int match_protocol_number(const struct object *rule)
{
	int number = number_of(object_str(rule, MATCH_PROTOCOL));

	return number ?: -1;
}

static bool is_ipv6(const struct object *rule)
{
	return object_choice(rule, MATCH_ETHERTYPE) == 1;
}

/* Old names of ICMP in IPv6. */
static void canonical_icmp6(struct object *draft)
{
	const char *protocol = object_str(draft, MATCH_PROTOCOL);

	if (!protocol || !is_ipv6(draft))
		return;
	if (!strcmp(protocol, "icmp") || !strcmp(protocol, "icmpv6"))
		object_set_str(draft, MATCH_PROTOCOL, "ipv6-icmp");
	else if (!strcmp(protocol, "1"))
		object_set_str(draft, MATCH_PROTOCOL, "58");
}

/* All ports is the same as no range. */
static void canonical_range(struct object *draft)
{
	if (object_int(draft, MATCH_PORT_MIN) != PORT_FIRST ||
		object_int(draft, MATCH_PORT_MAX) != PORT_LAST)
		return;
	object_set_null(draft, MATCH_PORT_MIN);
	object_set_null(draft, MATCH_PORT_MAX);
}

static bool check_ports(const struct object *draft, GError **error)
{
	bool both =
		!object_is_null(draft, MATCH_PORT_MIN) && !object_is_null(draft, MATCH_PORT_MAX);

	if ((!object_is_null(draft, MATCH_PORT_MIN) && !object_int(draft, MATCH_PORT_MIN)) ||
		(!object_is_null(draft, MATCH_PORT_MAX) && !object_int(draft, MATCH_PORT_MAX)))
		return weft_fail(
			error, RULE_PORT_VALUE, "Invalid value for port 0: it is 1 to 65535.");
	if (both && object_int(draft, MATCH_PORT_MIN) <= object_int(draft, MATCH_PORT_MAX))
		return true;
	return weft_fail(error, RULE_PORT_RANGE,
		"For TCP/UDP protocols, port_range_min must be <= port_range_max: give both, the first and the last port.");
}

static bool check_icmp(const struct object *draft, GError **error)
{
	static const struct {
		unsigned slot;
		const char *field, *name;
	} values[] = { { MATCH_PORT_MIN, "type", "port_range_min" },
		{ MATCH_PORT_MAX, "code", "port_range_max" } };

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
		if (object_int(draft, values[i].slot) > 255)
			return weft_fail(error, RULE_ICMP_VALUE,
				"Invalid value for ICMP %s (%s) %" G_GINT64_FORMAT
				". It must be 0 to 255.",
				values[i].field, values[i].name, object_int(draft, values[i].slot));
	if (object_is_null(draft, MATCH_PORT_MIN) && !object_is_null(draft, MATCH_PORT_MAX))
		return weft_fail(error, RULE_ICMP_TYPE,
			"ICMP code (port-range-max) %" G_GINT64_FORMAT
			" is provided but ICMP type (port-range-min) is missing.",
			object_int(draft, MATCH_PORT_MAX));
	return true;
}

bool protocol_has_ports(int protocol)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (protocols[i].number == protocol && protocols[i].ports)
			return true;
	return false;
}

static bool check_range(const struct object *draft, GError **error)
{
	int protocol = number_of(object_str(draft, MATCH_PROTOCOL));

	if (object_is_null(draft, MATCH_PORT_MIN) && object_is_null(draft, MATCH_PORT_MAX))
		return true;
	if (protocol < 0)
		return weft_fail(error, RULE_NO_PROTOCOL,
			"Must also specify protocol if port range is given.");
	if (protocol_has_ports(protocol))
		return check_ports(draft, error);
	if (protocol == ICMP || protocol == ICMP6)
		return check_icmp(draft, error);
	return weft_fail(error, RULE_PORT_PROTOCOL,
		"Ports cannot be specified for protocol %s. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.",
		object_str(draft, MATCH_PROTOCOL));
}

static bool check_family(const struct object *draft, GError **error)
{
	const char *prefix = object_str(draft, MATCH_IP_PREFIX);
	int protocol = number_of(object_str(draft, MATCH_PROTOCOL));

	if (prefix && is_ipv6(draft) != (object_prefix(draft, MATCH_IP_PREFIX).ip.family == 6))
		return weft_fail(error, RULE_PREFIX_FAMILY,
			"Conflicting value ethertype %s for CIDR %s: they must be of one IP version.",
			object_str(draft, MATCH_ETHERTYPE), prefix);
	for (size_t i = 0; protocol >= 0 && i < G_N_ELEMENTS(protocols); i++)
		if (protocols[i].number == protocol && protocols[i].ipv6 && !is_ipv6(draft))
			return weft_fail(error, RULE_ETHERTYPE,
				"Invalid ethertype IPv4 for protocol %s: it belongs to IPv6.",
				object_str(draft, MATCH_PROTOCOL));
	return true;
}

static bool check_remotes(const struct object *draft, GError **error)
{
	unsigned n = !object_is_null(draft, MATCH_IP_PREFIX) +
		     !object_is_null(draft, MATCH_GROUP_ID) +
		     !object_is_null(draft, MATCH_ADDRESS_GROUP_ID);

	if (n <= 1)
		return true;
	return weft_fail(error, RULE_REMOTES,
		"Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.");
}

bool match_check_extension(const struct object *draft, GError **error)
{
	const char *protocol = object_str(draft, MATCH_PROTOCOL);

	return !protocol_is_extension(number_of(protocol)) || !is_ipv6(draft) ||
	       weft_fail(error, RULE_PROTOCOL,
		       "Protocol %s not supported here: it is an extension header of IPv6, and rules are about what is behind it; name that, or null for any.",
		       protocol);
}

bool match_check(struct object *draft, GError **error)
{
	canonical_icmp6(draft);
	canonical_range(draft);
	return check_range(draft, error) && check_family(draft, error) &&
	       check_remotes(draft, error);
}

/* Every address is no restriction. */
static const char *prefix_key(const struct object *rule)
{
	const char *prefix = object_str(rule, MATCH_IP_PREFIX);

	return prefix && strcmp(prefix, "0.0.0.0/0") && strcmp(prefix, "::/0") ? prefix : "";
}

void match_key(const struct object *rule, const char *scope, struct key_sink *sink)
{
	char protocol[8], min[VALUE_TEXT], max[VALUE_TEXT];
	const char *texts[] = {
		scope,
		object_str(rule, MATCH_DIRECTION),
		object_str(rule, MATCH_ETHERTYPE),
		protocol,
		object_text(rule, MATCH_PORT_MIN, min) ?: "",
		object_text(rule, MATCH_PORT_MAX, max) ?: "",
		prefix_key(rule),
		object_str(rule, MATCH_GROUP_ID) ?: "",
		object_str(rule, MATCH_ADDRESS_GROUP_ID) ?: "",
	};

	g_snprintf(protocol, sizeof protocol, "%d", number_of(object_str(rule, MATCH_PROTOCOL)));
	index_add(sink, texts, G_N_ELEMENTS(texts));
}

const struct object *match_find_same(struct txn *txn, const struct object *draft, unsigned index)
{
	const struct object *same;
	struct key_sink sink;
	struct txn_iter iter;

	index_keys(draft, index, &sink);
	for (unsigned i = 0; i < sink.n; i++) {
		txn_iter_init_key(&iter, txn, object_kind(draft)->id, index, sink.keys[i]);
		same = txn_iter_next(&iter);
		if (same)
			return same;
	}
	return NULL;
}
