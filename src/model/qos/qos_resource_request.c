/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port with minimum rules asks of the placement service, as Nova reads it: one group of
 * resources for bandwidth, which is of a physical network and so none of an overlay's, and one for
 * packet rates. A group's id is stable: version 5 of RFC 4122, of the port and its rules.
 */
#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/qos/qos_policy.h"
#include "model/qos/qos_rule.h"
#include "model/network/segment.h"

static const char *const bandwidth_classes[] = { "NET_BW_EGR_KILOBIT_PER_SEC",
	"NET_BW_IGR_KILOBIT_PER_SEC" };
static const char *const packet_classes[] = { "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC",
	"NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_KILOPACKET_PER_SEC" };

/* One group of resources. */
struct group {
	enum kind_id kind;
	const char *const *classes; /* by enum qos_direction */
	const char *physical;	    /* of bandwidth; NULL: of packet rates */
	char id[UUID_STRLEN];	    /* "": the policy has no such rule */
};

static void make_id(struct group *group, const struct object *port, const char *names)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize len = sizeof digest;
	struct uuid id;

	g_checksum_update(sum, object_id(port)->b, sizeof(id.b));
	g_checksum_update(sum, (const guchar *)names, (gssize)strlen(names));
	g_checksum_get_digest(sum, digest, &len);
	memcpy(id.b, digest, sizeof(id.b));
	id.b[6] = (u8)((id.b[6] & 0x0f) | 0x50);
	id.b[8] = (u8)((id.b[8] & 0x3f) | 0x80);
	uuid_format(&id, group->id);
}

static void find_rules(struct group *group, const struct model *model, const struct object *port,
	const char *policy)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const struct object *rule;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, group->kind, QOS_RULE_BY_POLICY, policy, NULL);
	while ((rule = model_iter_next(&iter)))
		g_string_append_printf(
			names, "%s%s", names->len ? ":" : "", uuid_format(object_id(rule), id));
	if (names->len)
		make_id(group, port, names->str);
}

/* A trait's name: capitals, digits and underscores. */
static void write_trait(struct json_writer *w, const char *prefix, const char *name)
{
	g_autofree char *trait = g_strconcat(prefix, name, NULL);

	for (char *at = trait; *at; at++)
		*at = g_ascii_isalnum(*at) ? g_ascii_toupper(*at) : '_';
	jw_string(w, trait);
}

static void write_group(const struct group *group, const struct model *model,
	const struct object *port, const char *policy, struct json_writer *w)
{
	const struct object *rule;
	struct model_iter iter;

	jw_begin_object(w);
	jw_member_string(w, "id", group->id);
	jw_key(w, "required");
	jw_begin_array(w);
	if (group->physical)
		write_trait(w, "CUSTOM_PHYSNET_", group->physical);
	write_trait(w, "CUSTOM_VNIC_TYPE_", object_str(port, PORT_VNIC_TYPE));
	jw_end_array(w);
	jw_key(w, "resources");
	jw_begin_object(w);
	model_iter_init(&iter, model, group->kind, QOS_RULE_BY_POLICY, policy, NULL);
	while ((rule = model_iter_next(&iter)))
		jw_member_int(w, group->classes[object_choice(rule, QOS_RULE_DIRECTION)],
			object_int(rule, QOS_RULE_VALUE));
	jw_end_object(w);
	jw_end_object(w);
}

static void write_groups(const struct group groups[2], const struct model *model,
	const struct object *port, const char *policy, struct json_writer *w)
{
	jw_begin_object(w);
	jw_key(w, "request_groups");
	jw_begin_array(w);
	for (unsigned i = 0; i < 2; i++)
		if (groups[i].id[0])
			write_group(&groups[i], model, port, policy, w);
	jw_end_array(w);
	jw_key(w, "same_subtree");
	jw_begin_array(w);
	for (unsigned i = 0; i < 2; i++)
		if (groups[i].id[0])
			jw_string(w, groups[i].id);
	jw_end_array(w);
	jw_end_object(w);
}

/* Of the network's first segment; NULL: an overlay has none. */
static const char *physical_network(const struct model *model, const struct object *network)
{
	char id[UUID_STRLEN];
	const struct object *segment = model_first(
		model, KIND_SEGMENT, SEGMENT_BY_NETWORK, uuid_format(object_id(network), id), NULL);

	return segment ? object_str(segment, SEGMENT_PHYSICAL) : NULL;
}

void qos_write_resource_request(
	const struct model *model, const struct object *port, struct json_writer *w)
{
	const char *policy = qos_policy_of_port(model, port);
	const struct object *network =
		policy ? model_get_text(model, KIND_NETWORK, object_str(port, PORT_NETWORK_ID))
		       : NULL;
	struct group groups[2] = {
		{ KIND_QOS_MINIMUM_BANDWIDTH_RULE, bandwidth_classes },
		{ KIND_QOS_MINIMUM_PACKET_RATE_RULE, packet_classes },
	};

	if (network) {
		groups[0].physical = physical_network(model, network);
		if (groups[0].physical)
			find_rules(&groups[0], model, port, policy);
		find_rules(&groups[1], model, port, policy);
	}
	if (groups[0].id[0] || groups[1].id[0])
		write_groups(groups, model, port, policy, w);
	else
		jw_null(w);
}
