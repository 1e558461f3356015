/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets a rule is about: what a security group's rule and a template of rules
 * (default_security_group_rule.h) have in common. Their slots come first in both kinds. Inside of
 * src/model.
 */
#pragma once

#include "model/standard.h"
#include "model/txn.h"

enum match_slot {
	MATCH_DIRECTION = N_STANDARD_SLOTS,
	MATCH_ETHERTYPE,
	MATCH_PROTOCOL,	 /* a name or a number, as given; match_protocol_number() */
	MATCH_PORT_MIN,	 /* for ICMP the type */
	MATCH_PORT_MAX,	 /* … and the code */
	MATCH_IP_PREFIX, /* host bits as given */
	MATCH_GROUP_ID,
	MATCH_ADDRESS_GROUP_ID,
	N_MATCH_SLOTS
};

enum match_direction { MATCH_INGRESS, MATCH_EGRESS };

extern const char *const match_directions[];
extern const char *const match_ethertypes[];

/* A protocol's name or number, to the lower-case name or the decimal number. */
bool match_convert_protocol(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error);

/* Whether the number is that of an extension header of IPv6, behind which packets' protocols are.
 * An authentication header is a protocol here, and 0, hop-by-hop options, is any. */
bool protocol_is_extension(int protocol);

/* The number of a protocol by one of Networking's names or by itself; -1: there is none. */
int protocol_number(const char *text);
bool protocol_has_ports(int protocol);

/* -1: any protocol, which Networking also calls 0, ip and hopopt: no packet says that it has it. */
int match_protocol_number(const struct object *rule);

/* Canonicalises (ICMP in IPv6, the range of all ports) and checks a new rule's match. */
bool match_check(struct object *draft, GError **error);

/* Refuses a protocol that no packet is said to have, since rules look behind it: an extension
 * header of IPv6. Networking has it in security groups, where it lets nothing through; what denies
 * it would deny nothing. */
bool match_check_extension(const struct object *draft, GError **error);

/* Adds the key by which two rules are the same: @scope and the match. */
void match_key(const struct object *rule, const char *scope, struct key_sink *sink);
/* An object that the transaction sees with that key in @index, other than @draft; NULL: none. */
const struct object *match_find_same(struct txn *txn, const struct object *draft, unsigned index);

/* The attributes but remote_group_id. @index is that of the kind by address group. */
#define MATCH_ATTRS(address_group_index)                                  \
	[MATCH_DIRECTION] = { .name = "direction",                        \
		.type = TYPE_ENUM,                                        \
		.choices = match_directions,                              \
		.flags = ATTR_CREATE | ATTR_REQUIRED,                     \
		.fallback = "\"ingress\"",                                \
		.doc = "As seen from the port: ingress is to it." },      \
	[MATCH_ETHERTYPE] = { .name = "ethertype",                        \
		.type = TYPE_ENUM,                                        \
		.choices = match_ethertypes,                              \
		.wrong = WEFT_ERROR_RULE_ETHERTYPE_UNKNOWN,               \
		.flags = ATTR_CREATE | ATTR_ANY_CASE,                     \
		.fallback = "\"IPv4\"",                                   \
		.doc = "The IP version." },                               \
	[MATCH_PROTOCOL] = { .name = "protocol",                          \
		.type = TYPE_STRING,                                      \
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,       \
		.convert = match_convert_protocol,                        \
		.doc = "Name or number of the IP protocol; null: any." }, \
	[MATCH_PORT_MIN] = { .name = "port_range_min",                    \
		.type = TYPE_INT,                                         \
		.max = 65535,                                             \
		.wrong = WEFT_ERROR_RULE_PORT_VALUE,                      \
		.flags = ATTR_CREATE | ATTR_NULLABLE,                     \
		.doc = "The first destination port; of ICMP the type." }, \
	[MATCH_PORT_MAX] = { .name = "port_range_max",                    \
		.type = TYPE_INT,                                         \
		.max = 65535,                                             \
		.wrong = WEFT_ERROR_RULE_PORT_VALUE,                      \
		.flags = ATTR_CREATE | ATTR_NULLABLE,                     \
		.doc = "The last destination port; of ICMP the code." },  \
	[MATCH_IP_PREFIX] = { .name = "remote_ip_prefix",                 \
		.type = TYPE_CIDR,                                        \
		.flags = ATTR_CREATE | ATTR_NULLABLE,                     \
		.convert = convert_to_prefix,                             \
		.doc = "The other side's addresses." },                   \
	[MATCH_ADDRESS_GROUP_ID] = { .name = "remote_address_group_id",   \
		.type = TYPE_UUID,                                        \
		.flags = ATTR_CREATE | ATTR_NULLABLE,                     \
		.refers = KIND_ADDRESS_GROUP,                             \
		.on_delete = ON_DELETE_REFUSE,                            \
		.referrer_index = (address_group_index),                  \
		.doc = "The other side is in this address group." }
