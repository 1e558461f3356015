/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/metering_label_rule.h"

#include "model/standard.h"

static const char *const directions[] = { "ingress", "egress", NULL };

#define PREFIX_ATTR(attr_name, sentence)                                                      \
	{                                                                                     \
		.name = (attr_name), .type = TYPE_CIDR, .flags = ATTR_CREATE | ATTR_NULLABLE, \
		.convert = convert_to_prefix, .doc = (sentence)                               \
	}

static const struct attr attrs[N_METERING_LABEL_RULE_SLOTS] = {
	PART_ATTRS,
	[METERING_LABEL_RULE_LABEL_ID] = { .name = "metering_label_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_METERING_LABEL,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = METERING_LABEL_RULE_BY_LABEL,
		.doc = "The label that it is part of." },
	[METERING_LABEL_RULE_DIRECTION] = { .name = "direction",
		.type = TYPE_ENUM,
		.choices = directions,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.fallback = "\"ingress\"",
		.doc = "As seen from the router's subnets: ingress is what comes in by the gateway." },
	[METERING_LABEL_RULE_EXCLUDED] = { .name = "excluded",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "false",
		.doc = "What matches is not counted, whatever the label's other rules say." },
	[METERING_LABEL_RULE_REMOTE] = PREFIX_ATTR(
		"remote_ip_prefix", "The address on the subnets' side; for older clients."),
	[METERING_LABEL_RULE_SOURCE] = PREFIX_ATTR("source_ip_prefix", "The packets' source."),
	[METERING_LABEL_RULE_DESTINATION] =
		PREFIX_ATTR("destination_ip_prefix", "The packets' destination."),
};

static const struct index indexes[N_METERING_LABEL_RULE_INDEXES] = {
	[METERING_LABEL_RULE_BY_LABEL] = { .name = "label",
		.slots = { METERING_LABEL_RULE_LABEL_ID } },
};

static bool check_prefixes(const struct object *draft, GError **error)
{
	bool remote = !object_is_null(draft, METERING_LABEL_RULE_REMOTE);
	bool other = !object_is_null(draft, METERING_LABEL_RULE_SOURCE) ||
		     !object_is_null(draft, METERING_LABEL_RULE_DESTINATION);

	if (remote && other)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for remote_ip_prefix: it can't be combined with source_ip_prefix and destination_ip_prefix; leave it out.");
	return remote || other ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for metering_label_rule: give source_ip_prefix, destination_ip_prefix or both.");
}

static bool is_alike(const struct object *a, const struct object *b)
{
	struct prefix one = object_prefix(a, METERING_LABEL_RULE_REMOTE);
	struct prefix two = object_prefix(b, METERING_LABEL_RULE_REMOTE);

	return object_equal(a, b, METERING_LABEL_RULE_DIRECTION) &&
	       object_equal(a, b, METERING_LABEL_RULE_EXCLUDED) && prefix_overlaps(&one, &two);
}

/* No packet is counted twice by the older attribute. */
static bool check_overlap(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (object_is_null(draft, METERING_LABEL_RULE_REMOTE))
		return true;
	txn_iter_init(&iter, txn, KIND_METERING_LABEL_RULE, METERING_LABEL_RULE_BY_LABEL,
		object_str(draft, METERING_LABEL_RULE_LABEL_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (!object_is_null(other, METERING_LABEL_RULE_REMOTE) && is_alike(other, draft))
			return weft_fail(error, METERING_RULE_OVERLAPS,
				"The remote_ip_prefix %s overlaps %s of rule %s of the same label.",
				object_str(draft, METERING_LABEL_RULE_REMOTE),
				object_str(other, METERING_LABEL_RULE_REMOTE),
				uuid_format(object_id(other), id));
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *label = txn_get_text(
		txn, KIND_METERING_LABEL, object_str(draft, METERING_LABEL_RULE_LABEL_ID));

	return part_check_project(draft, label, error) && check_prefixes(draft, error) &&
	       check_overlap(txn, draft, error);
}

const struct kind metering_label_rule_kind = {
	.id = KIND_METERING_LABEL_RULE,
	.singular = "metering_label_rule",
	.collection = "metering_label_rules",
	.command = "network meter rule",
	.path = "/v2.0/metering/metering-label-rules",
	.doc = "Which packets a metering label counts.",
	.parent_slot = METERING_LABEL_RULE_LABEL_ID,
	.flags = KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_METERING_LABEL_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_METERING_LABEL_RULE_INDEXES,
	.not_found = WEFT_ERROR_METERING_RULE_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create },
};
