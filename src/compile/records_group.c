/* SPDX-License-Identifier: Apache-2.0 */
/* The records that are about security groups. */
#include "compile/records.h"

#include "model/firewall/address_group.h"
#include "model/port/port.h"
#include "model/firewall/security_group.h"
#include "model/firewall/security_group_rule.h"

void record_security_group(const struct object *group, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "name", object_str(group, SLOT_NAME));
	jw_member_bool(&w, "stateful", object_bool(group, SECURITY_GROUP_STATEFUL));
	jw_end_object(&w);
}

/* What a rule does not say is any. */
static void member_given_int(
	struct json_writer *w, const char *key, const struct object *rule, unsigned slot)
{
	if (!object_is_null(rule, slot))
		jw_member_int(w, key, object_int(rule, slot));
}

static void member_given_str(
	struct json_writer *w, const char *key, const struct object *rule, unsigned slot)
{
	if (!object_is_null(rule, slot))
		jw_member_string(w, key, object_str(rule, slot));
}

void record_match(const struct object *rule, struct json_writer *w)
{
	int protocol = match_protocol_number(rule);

	jw_member_string(w, "direction", object_str(rule, MATCH_DIRECTION));
	jw_member_string(w, "ethertype", object_str(rule, MATCH_ETHERTYPE));
	if (protocol >= 0)
		jw_member_int(w, "protocol", protocol);
	member_given_int(w, "port_range_min", rule, MATCH_PORT_MIN);
	member_given_int(w, "port_range_max", rule, MATCH_PORT_MAX);
	member_given_str(w, "remote_group_id", rule, MATCH_GROUP_ID);
	member_given_str(w, "remote_address_group_id", rule, MATCH_ADDRESS_GROUP_ID);
}

void record_security_group_rule(const struct object *rule, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "security_group_id", object_str(rule, SECURITY_GROUP_RULE_GROUP_ID));
	record_match(rule, &w);
	member_given_str(&w, "remote_ip_prefix", rule, SECURITY_GROUP_RULE_NORMALIZED_CIDR);
	jw_end_object(&w);
}

void record_group_member(const struct object *port, GString *text)
{
	struct json_writer w = json_writer_on(text);
	struct port_ips ips = port_ips_of(port);
	json_t *pairs = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS), *pair;
	size_t i;

	jw_begin_object(&w);
	jw_member_string(&w, "network_id", object_str(port, PORT_NETWORK_ID));
	jw_key(&w, "addresses");
	jw_begin_array(&w);
	while (port_ips_next(&ips))
		jw_string(&w, ips.ip_text);
	json_array_foreach(pairs, i, pair)
		jw_string(&w, json_string_value(json_object_get(pair, "ip_address")));
	jw_end_array(&w);
	jw_end_object(&w);
	json_decref(pairs);
}

void record_address_group(const struct object *group, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "name", object_str(group, SLOT_NAME));
	jw_member_string(&w, "project_id", object_str(group, SLOT_PROJECT_ID));
	jw_member_raw(&w, "addresses", object_str(group, ADDRESS_GROUP_ADDRESSES));
	jw_end_object(&w);
}
