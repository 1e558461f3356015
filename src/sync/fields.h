/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed members of a record's JSON object, for record.c. Each names in its error the member and
 * what would have been right. "optional" members may be absent or null, and leave *ret as it is.
 */
#pragma once

#include <jansson.h>

#include "sync/record.h"

bool field_uuid(const json_t *object, const char *member, struct uuid *ret, GError **error);
bool field_mac(const json_t *object, const char *member, struct mac *ret, GError **error);
bool field_uint(
	const json_t *object, const char *member, u32 min, u32 max, u32 *ret, GError **error);
bool field_prefix(const json_t *object, const char *member, struct prefix *ret, GError **error);
bool field_ip(const json_t *object, const char *member, struct ip *ret, GError **error);

/* *ret stays as it is when it is absent or null. */
bool field_optional_uuid(
	const json_t *object, const char *member, struct uuid *ret, GError **error);
/* The member "qos". */
bool field_optional_qos(const json_t *object, struct record_qos *ret, GError **error);
bool field_optional_uint(
	const json_t *object, const char *member, u32 min, u32 max, s32 *ret, GError **error);
bool field_optional_ip(const json_t *object, const char *member, struct ip *ret, GError **error);
bool field_optional_bool(const json_t *object, const char *member, bool *ret, GError **error);
/* *ret: a new string; NULL stays NULL for "" too. */
bool field_optional_string(const json_t *object, const char *member, char **ret, GError **error);
/* One of @allowed (NULL-ended); *ret points into it. */
bool field_optional_choice(const json_t *object, const char *member, const char *const *allowed,
	const char **ret, GError **error);

/* An optional array, each element of which @decode turns into one element of @ret. */
typedef bool (*field_element_fn)(const json_t *element, void *ret, GError **error);
bool field_array(const json_t *object, const char *member, field_element_fn decode, GArray *ret,
	GError **error);

/* An optional array of strings; NULL when it is not there or empty. */
bool field_optional_strings(
	const json_t *object, const char *member, GPtrArray **ret, GError **error);

/* What a rule of a security group or of a tier is about: record_rule.c. */
bool field_match(const json_t *object, struct record_security_group_rule *ret, GError **error);
bool decode_security_tier(const json_t *data, struct record *ret, GError **error);
bool decode_security_policy(const json_t *data, struct record *ret, GError **error);
bool decode_security_policy_rule(const json_t *data, struct record *ret, GError **error);
void clear_security_tier(struct record *record);
void clear_security_policy(struct record *record);
void clear_security_policy_rule(struct record *record);

bool element_uuid(const json_t *element, void *ret, GError **error); /* struct uuid */
/* struct prefix; a bare address is one of full length */
bool element_prefix(const json_t *element, void *ret, GError **error);
/* struct record_outer_subnet */
bool element_outer_subnet(const json_t *element, void *ret, GError **error);
/* struct record_snat_range */
bool element_snat_range(const json_t *element, void *ret, GError **error);
bool element_ip(const json_t *element, void *ret, GError **error); /* struct ip */
bool element_fixed_ip(
	const json_t *element, void *ret, GError **error);	       /* struct record_fixed_ip */
bool element_pair(const json_t *element, void *ret, GError **error);   /* struct record_pair */
bool element_route(const json_t *element, void *ret, GError **error);  /* struct record_route */
bool element_option(const json_t *element, void *ret, GError **error); /* struct record_option */

/* "tunnel_ips" and "encapsulations". The first address of each family counts, and an encapsulation
 * that is not known is ignored. */
bool field_tunnel(const json_t *object, struct record_tunnel *ret, GError **error);

/* The whole of a BGP speaker's record (record_bgp.c). */
bool decode_bgp_speaker(const json_t *data, struct record *ret, GError **error);
void clear_bgp_speaker(struct record *record);

/* record_appliance.c */
bool decode_appliance(const json_t *data, struct record *ret, GError **error);
void clear_appliance(struct record *record);

/* "network_type" ("flat" or "vlan"), "physical_network" and "segmentation_id". */
bool field_wire(const json_t *object, struct record_wire *ret, GError **error);
/* Without a network_type *ret stays as it is. */
bool field_optional_wire(const json_t *object, struct record_wire *ret, GError **error);

/* record_outside.c, record_port_forwarding.c: a record of that kind; @ret is zero. */
/* record_firewall.c */
bool decode_router_firewall(const json_t *data, struct record *ret, GError **error);
void clear_router_firewall(struct record *record);
bool decode_gateway(const json_t *data, struct record *ret, GError **error);
bool decode_floating_ip(const json_t *data, struct record *ret, GError **error);
bool decode_port_forwarding(const json_t *data, struct record *ret, GError **error);
bool decode_conntrack_helper(const json_t *data, struct record *ret, GError **error);
void clear_conntrack_helper(struct record *record);
