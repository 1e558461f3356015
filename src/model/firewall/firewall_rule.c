/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/firewall_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/firewall/firewall_policy.h"
#include "model/firewall/security_group_match.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define PORT_LAST 65535
#define ICMP 1
#define ICMP6 58

static const char *const actions[] = { "allow", "deny", "reject", NULL };

static const struct {
	const char *name;
	int number;
	bool has_ports;
} protocols[] = {
	{ "tcp", 6, true },
	{ "udp", 17, true },
	{ "icmp", ICMP },
	{ "ipv6-icmp", ICMP6 },
	{ "sctp", 132, true },
	{ "dccp", 33, true },
};

static int number_of(const char *protocol)
{
	for (size_t i = 0; protocol && i < G_N_ELEMENTS(protocols); i++)
		if (!strcmp(protocols[i].name, protocol))
			return protocols[i].number;
	return protocol ? atoi(protocol) : -1;
}

static bool has_ports(int protocol)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].has_ports;
	return false;
}

int firewall_rule_protocol(const struct object *rule)
{
	int number = number_of(object_str(rule, FIREWALL_RULE_PROTOCOL));

	if (!number)
		return -1;
	return number == ICMP && object_int(rule, FIREWALL_RULE_IP_VERSION) == 6 ? ICMP6 : number;
}

static bool convert_protocol(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value);
	gint64 number = json_integer_value(value);

	(void)attr;
	*ret = NULL;
	if (text && !g_ascii_strcasecmp(text, "any"))
		return true;
	for (size_t i = 0; text && i < G_N_ELEMENTS(protocols); i++)
		if (!g_ascii_strcasecmp(protocols[i].name, text))
			*ret = g_strdup(protocols[i].name);
	if (*ret)
		return true;
	if (!json_is_integer(value) &&
		!(text && g_ascii_string_to_signed(text, 10, 0, 255, &number, NULL)))
		number = -1;
	if (number < 0 || number > 255)
		return weft_fail(error, FIREWALL_RULE_PROTOCOL,
			"Protocol in %s is not supported: give tcp, udp, icmp, ipv6-icmp, sctp, dccp, a number from 0 to 255, or null for any.",
			path);
	*ret = g_strdup_printf("%d", (int)number);
	return true;
}

static bool parse_port(const char *text, u16 *ret)
{
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 1, PORT_LAST, &port, NULL))
		return false;
	*ret = (u16)port;
	return true;
}

static bool parse_ports(const char *text, u16 *ret_first, u16 *ret_last)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);
	unsigned n = g_strv_length(parts);

	return (n == 1 || n == 2) && parse_port(parts[0], ret_first) &&
	       parse_port(parts[n - 1], ret_last) && *ret_first <= *ret_last;
}

bool firewall_rule_ports(const struct object *rule, unsigned slot, u16 *ret_first, u16 *ret_last)
{
	const char *text = object_str(rule, slot);

	return text && parse_ports(text, ret_first, ret_last);
}

static bool convert_ports(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	g_autofree char *text = json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
								 json_integer_value(value))
						       : g_strdup(json_string_value(value));
	u16 first, last;

	(void)attr;
	if (!text || !parse_ports(text, &first, &last))
		return weft_fail(error, FIREWALL_RULE_PORT,
			"Invalid value for port in %s: give a port from 1 to 65535, or a range such as 8000:8080.",
			path);
	*ret = first == last ? g_strdup_printf("%u", first) : g_strdup_printf("%u:%u", first, last);
	return true;
}

#define ADDRESS_OF(key, text)                                                                      \
	{                                                                                          \
		.name = (key), .type = TYPE_ADDRESS, .flags = GIVEN | ATTR_NULLABLE, .doc = (text) \
	}
#define PORTS_OF(key, text)                                                                    \
	{                                                                                      \
		.name = (key), .type = TYPE_STRING, .max = 11, .flags = GIVEN | ATTR_NULLABLE, \
		.convert = convert_ports, .doc = (text)                                        \
	}
#define GROUP_OF(key, index, text)                                                \
	{                                                                         \
		.name = (key), .type = TYPE_UUID, .flags = GIVEN | ATTR_NULLABLE, \
		.refers = KIND_FIREWALL_GROUP, .on_delete = ON_DELETE_REFUSE,     \
		.referrer_index = (index), .doc = (text)                          \
	}

static const struct attr attrs[N_FIREWALL_RULE_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[FIREWALL_RULE_POLICIES] = { .name = "firewall_policy_id",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Ids of the policies that it is in." },
	[FIREWALL_RULE_SHARED] = SHARED_ATTR(GIVEN | ATTR_ADMIN_SET),
	[FIREWALL_RULE_PROTOCOL] = { .name = "protocol",
		.type = TYPE_STRING,
		.max = 8,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_INTERN,
		.convert = convert_protocol,
		.doc = "tcp, udp, icmp, ipv6-icmp, sctp, dccp, or the number of an IP protocol; null: any." },
	[FIREWALL_RULE_IP_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.min = 4,
		.max = 6,
		.flags = GIVEN,
		.fallback = "4",
		.doc = "4 or 6." },
	[FIREWALL_RULE_SOURCE_IP] = ADDRESS_OF("source_ip_address",
		"Where a connection comes from: an address or a block; null: anywhere."),
	[FIREWALL_RULE_DESTINATION_IP] = ADDRESS_OF("destination_ip_address",
		"Where it goes to: an address or a block; null: anywhere."),
	[FIREWALL_RULE_SOURCE_PORT] = PORTS_OF("source_port",
		"The port that it comes from, or a range such as 1024:65535; null: any."),
	[FIREWALL_RULE_DESTINATION_PORT] = PORTS_OF("destination_port",
		"The port that it goes to, or a range such as 8000:8080; null: any."),
	[FIREWALL_RULE_POSITION] = { .name = "position",
		.type = TYPE_INT,
		.flags = ATTR_NULLABLE,
		.doc = "Null: the order is that of a policy's firewall_rules." },
	[FIREWALL_RULE_ACTION] = { .name = "action",
		.type = TYPE_ENUM,
		.choices = actions,
		.flags = GIVEN | ATTR_ANY_CASE,
		.fallback = "\"deny\"",
		.doc = "What becomes of what matches: it is let through, dropped, or rejected: dropped, which a guest that sent it is told by ICMP; a sender outside is told nothing." },
	[FIREWALL_RULE_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether policies heed it." },
	[FIREWALL_RULE_SOURCE_GROUP] = GROUP_OF("source_firewall_group_id",
		FIREWALL_RULE_BY_SOURCE_GROUP,
		"The firewall group of the router's port that a connection comes in by; null: any, or none."),
	[FIREWALL_RULE_DESTINATION_GROUP] = GROUP_OF("destination_firewall_group_id",
		FIREWALL_RULE_BY_DESTINATION_GROUP,
		"The firewall group of the router's port that it goes out by; null: any, or none."),
};

static const struct index indexes[N_FIREWALL_RULE_INDEXES] = {
	[FIREWALL_RULE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[FIREWALL_RULE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[FIREWALL_RULE_BY_SOURCE_GROUP] = { .name = "source group",
		.slots = { FIREWALL_RULE_SOURCE_GROUP } },
	[FIREWALL_RULE_BY_DESTINATION_GROUP] = { .name = "destination group",
		.slots = { FIREWALL_RULE_DESTINATION_GROUP } },
};

static bool check_version(const struct object *draft, unsigned slot, GError **error)
{
	const char *text = object_str(draft, slot);
	s64 version = text && strchr(text, ':') ? 6 : 4;

	return !text || version == object_int(draft, FIREWALL_RULE_IP_VERSION) ||
	       weft_fail(error, FIREWALL_RULE_FAMILY,
		       "Invalid input - IP addresses do not agree with IP Version: %s is not of IPv%d.",
		       text, (int)object_int(draft, FIREWALL_RULE_IP_VERSION));
}

static bool check_ports(const struct object *draft, GError **error)
{
	int protocol = firewall_rule_protocol(draft);

	if (object_is_null(draft, FIREWALL_RULE_SOURCE_PORT) &&
		object_is_null(draft, FIREWALL_RULE_DESTINATION_PORT))
		return true;
	if (protocol < 0)
		return weft_fail(error, FIREWALL_RULE_NO_PROTOCOL,
			"Source/destination port requires a protocol: give tcp, udp, sctp or dccp.");
	if (protocol == ICMP || protocol == ICMP6)
		return weft_fail(error, FIREWALL_RULE_ICMP,
			"Source, destination ports are not allowed when protocol is set to ICMP.");
	return has_ports(protocol) ||
	       weft_fail(error, FIREWALL_RULE_PORT,
		       "Invalid value for port: protocol %d has none; tcp, udp, sctp and dccp have.",
		       protocol);
}

/* A rule that denies one would deny nothing. */
static bool check_extension(const struct object *draft, GError **error)
{
	int protocol = firewall_rule_protocol(draft);

	return object_int(draft, FIREWALL_RULE_IP_VERSION) != 6 ||
	       !protocol_is_extension(protocol) ||
	       weft_fail(error, FIREWALL_RULE_PROTOCOL,
		       "Protocol %d is not supported: it is an extension header of IPv6, and rules are about what is behind it; give that, or null for any.",
		       protocol);
}

static bool check(const struct object *draft, GError **error)
{
	if (object_int(draft, FIREWALL_RULE_IP_VERSION) == 5)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for ip_version: 5 is neither 4 nor 6.");
	return check_version(draft, FIREWALL_RULE_SOURCE_IP, error) &&
	       check_version(draft, FIREWALL_RULE_DESTINATION_IP, error) &&
	       check_extension(draft, error) && check_ports(draft, error);
}

/* The caller must be able to see the group that is named anew. */
static bool check_group(struct txn *txn, const struct object *old, const struct object *draft,
	unsigned slot, GError **error)
{
	return object_is_null(draft, slot) || (old && object_equal(old, draft, slot)) ||
	       txn_need(txn, KIND_FIREWALL_GROUP, object_str(draft, slot), error);
}

static bool check_groups(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	return check_group(txn, old, draft, FIREWALL_RULE_SOURCE_GROUP, error) &&
	       check_group(txn, old, draft, FIREWALL_RULE_DESTINATION_GROUP, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check(draft, error) && check_groups(txn, NULL, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return check(draft, error) && check_groups(txn, old, draft, error) &&
	       firewall_policies_changed(txn, old, error);
}

static void compute(
	const struct model *model, const struct object *rule, unsigned slot, struct json_writer *w)
{
	const struct object *policy;
	struct model_iter iter;
	char id[UUID_STRLEN];

	g_assert(slot == FIREWALL_RULE_POLICIES);
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_FIREWALL_POLICY, FIREWALL_POLICY_BY_RULE,
		uuid_format(object_id(rule), id), NULL);
	while ((policy = model_iter_next(&iter)))
		jw_string(w, uuid_format(object_id(policy), id));
	jw_end_array(w);
}

const struct kind firewall_rule_kind = {
	.id = KIND_FIREWALL_RULE,
	.singular = "firewall_rule",
	.collection = "firewall_rules",
	.command = "firewall group rule",
	.path = "/v2.0/fwaas/firewall_rules",
	.doc = "What a firewall policy lets through or drops.",
	.quota = { "firewall_rule", 100 },
	.rbac = RBAC_SHARED,
	.shared_slot = FIREWALL_RULE_SHARED,
	.attrs = attrs,
	.n_slots = N_FIREWALL_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_FIREWALL_RULE_INDEXES,
	.not_found = WEFT_ERROR_FIREWALL_RULE_NOT_FOUND,
	.in_use = WEFT_ERROR_FIREWALL_RULE_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
