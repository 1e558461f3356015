/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_policy.h"

#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/qos/qos_rule.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr attrs[N_QOS_POLICY_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[QOS_POLICY_SHARED] = SHARED_ATTR(GIVEN),
	[QOS_POLICY_IS_DEFAULT] = { .name = "is_default",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "false",
		.doc = "New networks of its project that name no policy have it." },
	[QOS_POLICY_RULES] = { .name = "rules",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Its rules of all types." },
};

static void default_keys(const struct object *policy, struct key_sink *sink)
{
	if (object_bool(policy, QOS_POLICY_IS_DEFAULT))
		index_add(sink, (const char *const[]){ object_str(policy, SLOT_PROJECT_ID) }, 1);
}

static const struct index indexes[N_QOS_POLICY_INDEXES] = {
	[QOS_POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[QOS_POLICY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[QOS_POLICY_DEFAULT] = { .name = "project of a default policy",
		.keys = default_keys,
		.depends_on = QOS_POLICY_IS_DEFAULT,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_QOS_DEFAULT_EXISTS },
};

static const struct object *find_default(struct txn *txn, const char *project)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_QOS_POLICY, QOS_POLICY_DEFAULT, project, NULL);
	return txn_iter_next(&iter);
}

static bool check_default(struct txn *txn, const struct object *draft, GError **error)
{
	const char *project = object_str(draft, SLOT_PROJECT_ID);
	const struct object *other;
	char id[UUID_STRLEN];

	if (!object_bool(draft, QOS_POLICY_IS_DEFAULT))
		return true;
	other = find_default(txn, project);
	if (!other || uuid_equal(object_id(other), object_id(draft)))
		return true;
	return weft_fail(error, QOS_DEFAULT_EXISTS,
		"Project %s has a default QoS policy: %s; unset is_default of that first.", project,
		uuid_format(object_id(other), id));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_default(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check_default(txn, draft, error);
}

static void compute(const struct model *model, const struct object *policy, unsigned slot,
	struct json_writer *w)
{
	g_assert(slot == QOS_POLICY_RULES);
	qos_rules_write(model, policy, w);
}

const struct kind qos_policy_kind = {
	.id = KIND_QOS_POLICY,
	.singular = "policy",
	.collection = "policies",
	.name = "qos_policy",
	.command = "network qos policy",
	.path = "/v2.0/qos/policies",
	.doc = "A set of rules for the traffic of networks, ports and floating IPs.",
	.flags = KIND_ADMIN_WRITE,
	.rbac = RBAC_SHARED,
	.shared_slot = QOS_POLICY_SHARED,
	.attrs = attrs,
	.n_slots = N_QOS_POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_QOS_POLICY_INDEXES,
	.not_found = WEFT_ERROR_QOS_POLICY_NOT_FOUND,
	.in_use = WEFT_ERROR_QOS_POLICY_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};

bool qos_policy_check(struct txn *txn, const struct object *old, const struct object *draft,
	unsigned slot, GError **error)
{
	const char *before = old ? object_str(old, slot) : NULL;

	if (old && object_equal(old, draft, slot))
		return true;
	if (before && !txn_need(txn, KIND_QOS_POLICY, before, NULL))
		return weft_fail(error, QOS_POLICY_REMOVE,
			"QoS policy %s is another project's, and not yours to take away; ask an administrator.",
			before);
	return object_is_null(draft, slot) ||
	       txn_need(txn, KIND_QOS_POLICY, object_str(draft, slot), error);
}

void qos_policy_fill_default(struct txn *txn, struct object *draft, unsigned slot)
{
	const struct object *policy;
	char id[UUID_STRLEN];

	if (!object_is_null(draft, slot))
		return;
	policy = find_default(txn, object_str(draft, SLOT_PROJECT_ID));
	if (policy)
		object_set_str(draft, slot, uuid_format(object_id(policy), id));
}

const char *qos_policy_of_port(const struct model *model, const struct object *port)
{
	const struct object *network;

	if (!object_is_null(port, PORT_QOS_POLICY_ID))
		return object_str(port, PORT_QOS_POLICY_ID);
	network = model_get_text(model, KIND_NETWORK, object_str(port, PORT_NETWORK_ID));
	return network ? object_str(network, NETWORK_QOS_POLICY_ID) : NULL;
}

void qos_policy_write_networks(
	const struct model *model, const char *network_id, struct json_writer *w)
{
	const struct object *network = model_get_text(model, KIND_NETWORK, network_id);

	jw_string(w, network ? object_str(network, NETWORK_QOS_POLICY_ID) : NULL);
}
