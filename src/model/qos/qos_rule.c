/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_rule_parts.h"

#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/txn_impl.h"

const char *const qos_directions[] = { "egress", "ingress", NULL };
const char *const qos_directions_any[] = { "egress", "ingress", "any", NULL };

const struct qos_rule_type qos_rule_types[] = {
	{ "bandwidth_limit", KIND_QOS_BANDWIDTH_LIMIT_RULE },
	{ "dscp_marking", KIND_QOS_DSCP_MARKING_RULE },
	{ "minimum_bandwidth", KIND_QOS_MINIMUM_BANDWIDTH_RULE },
	{ "packet_rate_limit", KIND_QOS_PACKET_RATE_LIMIT_RULE },
	{ "minimum_packet_rate", KIND_QOS_MINIMUM_PACKET_RATE_RULE },
	{ 0 },
};

static bool has_direction(const struct object *rule)
{
	return object_kind(rule)->attrs[QOS_RULE_DIRECTION].name;
}

static void unique_keys(const struct object *rule, struct key_sink *sink)
{
	const char *texts[] = { object_str(rule, QOS_RULE_POLICY_ID),
		has_direction(rule) ? object_str(rule, QOS_RULE_DIRECTION) : "" };

	index_add(sink, texts, G_N_ELEMENTS(texts));
}

const struct index qos_rule_indexes[N_QOS_RULE_INDEXES] = {
	[QOS_RULE_BY_POLICY] = { .name = "policy", .slots = { QOS_RULE_POLICY_ID } },
	[QOS_RULE_UNIQUE] = { .name = "direction",
		.keys = unique_keys,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_QOS_RULES_CONFLICT },
};

static const struct qos_rule_type *type_of(const struct object *rule)
{
	const struct qos_rule_type *type = qos_rule_types;

	while (type->kind != object_kind(rule)->id)
		type++;
	return type;
}

void qos_rules_write(const struct model *model, const struct object *policy, struct json_writer *w)
{
	static const struct caller anybody = { CALLER_READER, "" };
	char id[UUID_STRLEN];

	uuid_format(object_id(policy), id);
	jw_begin_array(w);
	for (const struct qos_rule_type *type = qos_rule_types; type->name; type++) {
		const struct object *rule;
		struct model_iter iter;

		model_iter_init(&iter, model, type->kind, QOS_RULE_BY_POLICY, id, NULL);
		while ((rule = model_iter_next(&iter))) {
			object_write_json(rule, model, &anybody, 0, w);
			g_string_truncate(w->text, w->text->len - 1);
			jw_member_string(w, "type", type->name);
			jw_end_object(w);
		}
	}
	jw_end_array(w);
}

static bool check_same(struct txn *txn, const struct object *draft, GError **error)
{
	const char *policy = object_str(draft, QOS_RULE_POLICY_ID);
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, object_kind(draft)->id, QOS_RULE_UNIQUE, policy,
		has_direction(draft) ? object_str(draft, QOS_RULE_DIRECTION) : "", NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)))
			return weft_fail(error, QOS_RULES_CONFLICT,
				"A %s rule of this direction conflicts with rule %s: QoS policy %s has one of a type for each direction.",
				type_of(draft)->name, uuid_format(object_id(other), id), policy);
	return true;
}

static bool fail_value(
	const struct object *draft, const char *value, const struct object *other, GError **error)
{
	char buf[VALUE_TEXT];
	unsigned slot = object_kind(draft)->id == KIND_QOS_MINIMUM_PACKET_RATE_RULE
				? QOS_RULE_DIRECTION
				: QOS_RULE_VALUE;

	return weft_fail(error, QOS_RULE_VALUE,
		"%s of a %s rule contradicts a %s rule of QoS policy %s, which has %s.", value,
		type_of(draft)->name, type_of(other)->name, object_str(draft, QOS_RULE_POLICY_ID),
		object_text(other, slot, buf));
}

/* A limit is no less than what is guaranteed, whatever the directions. */
static bool check_bounds(struct txn *txn, const struct object *draft, GError **error)
{
	bool limit = object_kind(draft)->id == KIND_QOS_BANDWIDTH_LIMIT_RULE;
	enum kind_id kind = limit ? KIND_QOS_MINIMUM_BANDWIDTH_RULE : KIND_QOS_BANDWIDTH_LIMIT_RULE;
	s64 value = object_int(draft, QOS_RULE_VALUE);
	const struct object *other;
	struct txn_iter iter;
	char buf[VALUE_TEXT];

	if (!limit && object_kind(draft)->id != KIND_QOS_MINIMUM_BANDWIDTH_RULE)
		return true;
	txn_iter_init(
		&iter, txn, kind, QOS_RULE_BY_POLICY, object_str(draft, QOS_RULE_POLICY_ID), NULL);
	while ((other = txn_iter_next(&iter))) {
		s64 bound = object_int(other, QOS_RULE_VALUE);

		if (limit ? value < bound : value > bound)
			return fail_value(
				draft, object_text(draft, QOS_RULE_VALUE, buf), other, error);
	}
	return true;
}

/* A minimum is for both directions together, or for each of them. */
static bool check_any(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other;
	struct txn_iter iter;

	if (object_kind(draft)->id != KIND_QOS_MINIMUM_PACKET_RATE_RULE)
		return true;
	txn_iter_init(&iter, txn, KIND_QOS_MINIMUM_PACKET_RATE_RULE, QOS_RULE_BY_POLICY,
		object_str(draft, QOS_RULE_POLICY_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) &&
			(object_choice(other, QOS_RULE_DIRECTION) == QOS_ANY) !=
				(object_choice(draft, QOS_RULE_DIRECTION) == QOS_ANY))
			return fail_value(
				draft, object_str(draft, QOS_RULE_DIRECTION), other, error);
	return true;
}

static bool is_guests(const struct object *port)
{
	return g_str_has_prefix(object_str(port, PORT_DEVICE_OWNER), "compute:");
}

/* A guest's port on which the policy is in effect, or NULL. */
static const struct object *find_guest(struct txn *txn, const char *policy)
{
	const struct object *network, *port;
	struct txn_iter iter, ports;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_QOS_POLICY, policy, NULL);
	while ((port = txn_iter_next(&iter)))
		if (is_guests(port))
			return port;
	txn_iter_init(&iter, txn, KIND_NETWORK, NETWORK_BY_QOS_POLICY, policy, NULL);
	while ((network = txn_iter_next(&iter))) {
		txn_iter_init(&ports, txn, KIND_PORT, PORT_BY_NETWORK,
			uuid_format(object_id(network), id), NULL);
		while ((port = txn_iter_next(&ports)))
			if (object_is_null(port, PORT_QOS_POLICY_ID) && is_guests(port))
				return port;
	}
	return NULL;
}

/* What guests have been placed by must not change under them. */
static bool check_placement(struct txn *txn, const struct object *rule, GError **error)
{
	enum kind_id kind = object_kind(rule)->id;
	const struct object *port;
	char id[UUID_STRLEN];

	if (kind != KIND_QOS_MINIMUM_BANDWIDTH_RULE && kind != KIND_QOS_MINIMUM_PACKET_RATE_RULE)
		return true;
	port = find_guest(txn, object_str(rule, QOS_RULE_POLICY_ID));
	if (!port)
		return true;
	return weft_fail(error, NOT_IMPLEMENTED,
		"A minimum rule does not change while guests that were placed by it run: port %s has the policy; give it another one first.",
		uuid_format(object_id(port), id));
}

bool qos_rule_on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_bounds(txn, draft, error) && check_any(txn, draft, error) &&
	       check_same(txn, draft, error) && check_placement(txn, draft, error);
}

bool qos_rule_on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return qos_rule_on_create(txn, draft, error);
}

/* With its policy, which nothing has then, it may go. */
bool qos_rule_on_delete(struct txn *txn, const struct object *old, GError **error)
{
	return check_placement(txn, old, error);
}
