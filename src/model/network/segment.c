/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/segment.h"

#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/provider.h"
#include "model/network/segment_space.h"
#include "model/standard.h"

static const struct attr attrs[N_SEGMENT_SLOTS] = {
	PART_ATTRS,
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = DESCRIPTION_MAX,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "\"\"",
		.doc = "For people." },
	[SLOT_NAME] = { .name = "name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.doc = "For people." },
	[SEGMENT_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SEGMENT_BY_NETWORK,
		.doc = "The network that it carries." },
	[SEGMENT_TYPE] = { .name = "network_type",
		.type = TYPE_ENUM,
		.choices = provider_types,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "geneve or vxlan: an overlay; vlan or flat: of a physical network." },
	[SEGMENT_PHYSICAL] = { .name = "physical_network",
		.type = TYPE_STRING,
		.max = PHYSICAL_NETWORK_MAX,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "Of vlan and flat." },
	[SEGMENT_NUMBER] = { .name = "segmentation_id",
		.type = TYPE_INT,
		.min = 1,
		.max = VNI_LAST,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Its VNI, or its VLAN; the next free one by default." },
};

static const struct index indexes[N_SEGMENT_INDEXES] = {
	[SEGMENT_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SEGMENT_BY_NETWORK] = { .name = "network", .slots = { SEGMENT_NETWORK_ID } },
	[SEGMENT_BY_PHYSICAL] = { .name = "physical network", .slots = { SEGMENT_PHYSICAL } },
	[SEGMENT_BY_VNI] = { .name = "segmentation_id",
		.keys = segment_vni_keys,
		.depends_on = SEGMENT_NUMBER,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_VNI_IN_USE },
	[SEGMENT_BY_VLAN] = { .name = "segmentation_id",
		.keys = segment_vlan_keys,
		.depends_on = SEGMENT_NUMBER,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_VLAN_IN_USE },
	[SEGMENT_BY_FLAT] = { .name = "physical_network",
		.keys = segment_flat_keys,
		.depends_on = SEGMENT_PHYSICAL,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_FLAT_IN_USE },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *network =
		txn_need(txn, KIND_NETWORK, object_str(draft, SEGMENT_NETWORK_ID), error);

	return network && part_check_project(draft, network, error) &&
	       segment_settle(txn, draft, object_str(network, SLOT_PROJECT_ID), error);
}

static bool on_created(struct txn *txn, const struct object *segment, GError **error)
{
	return provider_follow(txn, object_str(segment, SEGMENT_NETWORK_ID), error);
}

bool segment_reaches(const struct object *segment, const struct object *host)
{
	return provider_is_overlay(object_choice(segment, SEGMENT_TYPE)) ||
	       host_has_physical(host, object_str(segment, SEGMENT_PHYSICAL));
}

const struct object *segment_of_host(
	const struct model *model, const char *network_id, const struct object *host)
{
	const struct object *segment, *found = NULL;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_SEGMENT, SEGMENT_BY_NETWORK, network_id, NULL);
	while ((segment = model_iter_next(&iter))) {
		if (provider_is_overlay(object_choice(segment, SEGMENT_TYPE)))
			return segment;
		if (!found && segment_reaches(segment, host))
			found = segment;
	}
	return found;
}

/* A port that is bound and carried by the segment, or NULL. */
static const struct object *bound_port(const struct model *model, const struct object *segment)
{
	g_autoptr(GHashTable) others = g_hash_table_new(g_str_hash, g_str_equal);
	const char *network = object_str(segment, SEGMENT_NETWORK_ID);
	const struct object *port, *host;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter))) {
		const char *name = object_str(port, PORT_HOST_ID);

		if (!*name || g_hash_table_contains(others, name))
			continue;
		host = host_find(model, name);
		if (host && segment_of_host(model, network, host) == segment)
			return port;
		g_hash_table_add(others, (gpointer)name);
	}
	return NULL;
}

/* With its network it goes without a question. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const char *network = object_str(old, SEGMENT_NETWORK_ID);
	char id[UUID_STRLEN], port_id[UUID_STRLEN];
	const struct object *port;

	if (!txn_get_text(txn, KIND_NETWORK, network))
		return true;
	port = bound_port(txn_model(txn), model_get(txn_model(txn), KIND_SEGMENT, object_id(old)));
	if (port)
		return weft_fail(error, SEGMENT_IN_USE,
			"Segment '%s' cannot be deleted: The segment is still bound with port(s) %s; unbind or delete them first.",
			uuid_format(object_id(old), id), uuid_format(object_id(port), port_id));
	return provider_follow(txn, network, error);
}

const struct kind segment_kind = {
	.id = KIND_SEGMENT,
	.singular = "segment",
	.collection = "segments",
	.command = "network segment",
	.path = "/v2.0/segments",
	.doc = "One way in which a network is carried.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_SEGMENT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SEGMENT_INDEXES,
	.not_found = WEFT_ERROR_SEGMENT_NOT_FOUND,
	.in_use = WEFT_ERROR_SEGMENT_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_delete = on_delete,
		.observe = segment_space_observe,
		.state_new = segment_space_new,
		.state_free = segment_space_free },
};

bool segments_complete(struct txn *txn, GError **error)
{
	const struct object *network;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_all(&iter, txn_model(txn), KIND_NETWORK, NULL);
	while ((network = model_iter_next(&iter)))
		if (!model_count(txn_model(txn), KIND_SEGMENT, SEGMENT_BY_NETWORK,
			    uuid_format(object_id(network), id), NULL) &&
			!provider_make_segments(txn, network, error))
			return false;
	return true;
}
