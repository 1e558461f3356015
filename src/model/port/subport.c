/* SPDX-License-Identifier: Apache-2.0 */
/* The subports of trunks: what a port must be to be one, and the tag by which it is reached. */
#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/provider.h"
#include "model/standard.h"
#include "model/port/trunk.h"

static const char *const types[] = { "vlan", NULL };

static const struct attr attrs[N_SUBPORT_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_REVISION_NUMBER] = { .name = "revision_number",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Counts its changes." },
	[SLOT_CREATED_AT] = { .name = "created_at", .type = TYPE_TIME, .doc = "In UTC." },
	[SLOT_UPDATED_AT] = { .name = "updated_at", .type = TYPE_TIME, .doc = "In UTC." },
	[SUBPORT_TRUNK_ID] = { .name = "trunk_id",
		.type = TYPE_UUID,
		.flags = ATTR_INTERN | ATTR_REVISES,
		.refers = KIND_TRUNK,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SUBPORT_BY_TRUNK,
		.doc = "The trunk." },
	[SUBPORT_PORT_ID] = { .name = "port_id",
		.type = TYPE_UUID,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_PORT_IS_SUBPORT,
		.referrer_index = SUBPORT_BY_PORT,
		.doc = "The port." },
	[SUBPORT_TYPE] = { .name = "segmentation_type",
		.type = TYPE_ENUM,
		.choices = types,
		.fallback = "\"vlan\"",
		.doc = "How its frames are told apart." },
	[SUBPORT_SEGMENT] = { .name = "segmentation_id",
		.type = TYPE_INT,
		.min = VLAN_FIRST,
		.max = VLAN_LAST,
		.doc = "The tag." },
};

static const struct index indexes[N_SUBPORT_INDEXES] = {
	[SUBPORT_BY_TRUNK] = { .name = "trunk", .slots = { SUBPORT_TRUNK_ID } },
	[SUBPORT_BY_PORT] = { .name = "port_id",
		.slots = { SUBPORT_PORT_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_TRUNK_PORT_IN_USE },
	[SUBPORT_BY_SEGMENT] = { .name = "segmentation_id",
		.slots = { SUBPORT_TRUNK_ID, SUBPORT_TYPE, SUBPORT_SEGMENT },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_SUBPORT_DUPLICATE },
};

const struct kind subport_kind = {
	.id = KIND_SUBPORT,
	.singular = "subport",
	.collection = "subports",
	.path = "/v2.0/trunks/{parent}/subports",
	.doc = "A port that is reached by a tag on a trunk's port.",
	.parent_slot = SUBPORT_TRUNK_ID,
	.flags = KIND_ADMIN_ONLY | KIND_OWN_PATHS,
	.attrs = attrs,
	.n_slots = N_SUBPORT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SUBPORT_INDEXES,
	.not_found = WEFT_ERROR_SUBPORT_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_delete = subport_on_delete },
};

static s64 mtu_of(struct txn *txn, const struct object *port)
{
	const struct object *network =
		port ? txn_get_text(txn, KIND_NETWORK, object_str(port, PORT_NETWORK_ID)) : NULL;

	return network ? object_int(network, NETWORK_MTU) : 0;
}

/* May @port be a subport of the trunk? What other trunks have is told by unique indexes. */
static bool check_port(
	struct txn *txn, const struct object *trunk, const struct object *port, GError **error)
{
	const struct object *parent =
		txn_get_text(txn, KIND_PORT, object_str(trunk, TRUNK_PORT_ID));
	s64 mtu = mtu_of(txn, port), parent_mtu = mtu_of(txn, parent);
	struct txn_iter iter;
	char id[UUID_STRLEN], trunk_id[UUID_STRLEN];

	uuid_format(object_id(port), id);
	uuid_format(object_id(trunk), trunk_id);
	if (!model_changeable(txn_model(txn), port, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Port %s belongs to another project; only its members may put it on a trunk.",
			id);
	txn_iter_init(&iter, txn, KIND_TRUNK, TRUNK_BY_PORT, id, NULL);
	if (txn_iter_next(&iter))
		return weft_fail(error, TRUNK_PARENT_IN_USE,
			"Port %s is currently in use and is not eligible as a subport: it is a trunk's parent port.",
			id);
	if (*object_str(port, PORT_DEVICE_ID))
		return weft_fail(error, PORT_IN_USE,
			"Unable to put port %s on a trunk: it is in use by device %s.", id,
			object_str(port, PORT_DEVICE_ID));
	if (mtu > parent_mtu)
		return weft_fail(error, SUBPORT_MTU,
			"MTU %" G_GINT64_FORMAT
			" of subport %s cannot be greater than MTU %" G_GINT64_FORMAT
			" of trunk %s.",
			mtu, id, parent_mtu, trunk_id);
	return true;
}

/* The tag of an item of a request. @network is the port's, of which "inherit" takes it. */
static bool parse_segment(json_t *item, const struct object *network, s64 *ret, GError **error)
{
	json_t *type = json_object_get(item, "segmentation_type");
	json_t *id = json_object_get(item, "segmentation_id");
	const char *name = json_string_value(type), *text = json_string_value(id);
	gint64 number = json_integer_value(id);

	if (name && !strcmp(name, "inherit")) {
		name = object_str(network, NETWORK_PROVIDER_TYPE) ?: "multi-segment";
		number = object_int(network, NETWORK_PROVIDER_SEGMENT);
	} else if (!name || !id) {
		return weft_fail(error, INVALID_INPUT,
			"Invalid subport details: missing segmentation information. Must specify both segmentation_id and segmentation_type.");
	} else if (!json_is_integer(id) &&
		   !(text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &number, NULL))) {
		return weft_fail(error, INVALID_INPUT,
			"Invalid subport details: the segmentation_id is not an integer.");
	}
	if (strcmp(name, "vlan"))
		return weft_fail(error, INVALID_INPUT,
			"Unknown segmentation_type '%.32s': it is vlan, or inherit on a network of that type.",
			name);
	if (number < VLAN_FIRST || number > VLAN_LAST)
		return weft_fail(error, INVALID_INPUT,
			"Segmentation ID '%" G_GINT64_FORMAT
			"' is not in range: a VLAN is %u to %u.",
			number, VLAN_FIRST, VLAN_LAST);
	*ret = number;
	return true;
}

static const struct object *need_port(struct txn *txn, json_t *item, GError **error)
{
	const char *id = json_string_value(json_object_get(item, "port_id"));

	if (id)
		return txn_need(txn, KIND_PORT, id, error);
	weft_fail(error, INVALID_INPUT, "Invalid input for sub_ports: an item lacks its port_id.");
	return NULL;
}

static bool add_one(struct txn *txn, const struct object *trunk, json_t *item, GError **error)
{
	const struct object *port = need_port(txn, item, error), *network;
	struct object *draft;
	char id[UUID_STRLEN];
	s64 segment = 0;

	if (!port || !check_port(txn, trunk, port, error))
		return false;
	network = txn_get_text(txn, KIND_NETWORK, object_str(port, PORT_NETWORK_ID));
	if (!parse_segment(item, network, &segment, error))
		return false;
	draft = object_new(&subport_kind, NULL);
	object_set_str(draft, SUBPORT_TRUNK_ID, uuid_format(object_id(trunk), id));
	object_set_str(draft, SUBPORT_PORT_ID, uuid_format(object_id(port), id));
	object_set_int(draft, SUBPORT_SEGMENT, segment);
	uuid_format(object_id(port), id);
	return txn_put(txn, draft, error) && subport_place(txn, trunk, id, error);
}

bool subports_add(struct txn *txn, const struct object *trunk, const json_t *list, GError **error)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!add_one(txn, trunk, item, error))
			return false;
	return true;
}

bool subports_remove(
	struct txn *txn, const struct object *trunk, const json_t *list, GError **error)
{
	char trunk_id[UUID_STRLEN];
	json_t *item;
	size_t i;

	uuid_format(object_id(trunk), trunk_id);
	json_array_foreach(list, i, item) {
		const char *id = json_string_value(json_object_get(item, "port_id"));
		const struct object *subport = NULL;
		struct txn_iter iter;

		txn_iter_init(&iter, txn, KIND_SUBPORT, SUBPORT_BY_PORT, id ?: "", NULL);
		subport = txn_iter_next(&iter);
		if (!subport || strcmp(object_str(subport, SUBPORT_TRUNK_ID), trunk_id))
			return weft_fail(error, SUBPORT_NOT_FOUND,
				"SubPort %.64s on trunk %s could not be found.", id ?: "null",
				trunk_id);
		if (!txn_remove(txn, subport, error))
			return false;
	}
	return true;
}

void subports_write(
	const struct model *model, const char *trunk_id, bool with_mac, struct json_writer *w)
{
	const struct object *subport, *port;
	struct model_iter iter;
	char text[MAC_STRLEN];
	struct mac mac;

	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_SUBPORT, SUBPORT_BY_TRUNK, trunk_id, NULL);
	while ((subport = model_iter_next(&iter))) {
		jw_begin_object(w);
		jw_member_string(w, "port_id", object_str(subport, SUBPORT_PORT_ID));
		jw_member_string(w, "segmentation_type", object_str(subport, SUBPORT_TYPE));
		jw_member_int(w, "segmentation_id", object_int(subport, SUBPORT_SEGMENT));
		port = model_get_text(model, KIND_PORT, object_str(subport, SUBPORT_PORT_ID));
		if (with_mac && port) {
			mac = object_mac(port, PORT_MAC_ADDRESS);
			jw_member_string(w, "mac_address", mac_format(&mac, text));
		}
		jw_end_object(w);
	}
	jw_end_array(w);
}

json_t *subports_staged(struct txn *txn, const struct object *trunk)
{
	json_t *list = json_array();
	const struct object *subport;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBPORT, SUBPORT_BY_TRUNK, uuid_format(object_id(trunk), id),
		NULL);
	while ((subport = txn_iter_next(&iter)))
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I}", "port_id",
				      object_str(subport, SUBPORT_PORT_ID), "segmentation_type",
				      object_str(subport, SUBPORT_TYPE), "segmentation_id",
				      (json_int_t)object_int(subport, SUBPORT_SEGMENT)));
	return list;
}
