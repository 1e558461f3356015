/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/trunk.h"

#include <string.h>

#include "model/port/port.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const statuses[] = { "ACTIVE", "DOWN", "BUILD", "DEGRADED", "ERROR", NULL };

static const struct attr subport_fields[] = {
	{ .name = "port_id", .type = TYPE_UUID, .flags = ATTR_REQUIRED },
	{ .name = "segmentation_type", .type = TYPE_STRING, .max = 32 },
	{ .name = "segmentation_id", .type = TYPE_INT, .min = 0, .max = 65535 },
	{ 0 },
};
static const struct attr subport_attr = {
	.name = "sub_port", .type = TYPE_OBJECT, .fields = subport_fields
};

static const struct attr attrs[N_TRUNK_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[TRUNK_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "While false, its subports are not to be changed." },
	[TRUNK_PORT_ID] = { .name = "port_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_PORT_IS_TRUNK_PARENT,
		.referrer_index = TRUNK_BY_PORT,
		.doc = "The parent: the port that carries the tagged frames." },
	[TRUNK_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"DOWN\"",
		.doc = "ACTIVE when its host has wired the parent and all subports, DEGRADED when not all of these, else DOWN." },
	[TRUNK_SUB_PORTS] = { .name = "sub_ports",
		.type = TYPE_LIST,
		.item = &subport_attr,
		.max = 4094,
		.flags = ATTR_CREATE | ATTR_COMPUTED,
		.fallback = "[]",
		.doc = "Ports that are reached by a tag; add_subports and remove_subports change them." },
};

static const struct index indexes[N_TRUNK_INDEXES] = {
	[TRUNK_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[TRUNK_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[TRUNK_BY_PORT] = { .name = "port_id",
		.slots = { TRUNK_PORT_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_TRUNK_PARENT_IN_USE },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, TRUNK_PORT_ID);
	const struct object *port = txn_need(txn, KIND_PORT, id, error);
	struct txn_iter iter;

	if (!port)
		return false;
	if (!model_changeable(txn_model(txn), port, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Port %s belongs to another project; only its members may make a trunk of it.",
			id);
	txn_iter_init(&iter, txn, KIND_SUBPORT, SUBPORT_BY_PORT, id, NULL);
	if (txn_iter_next(&iter))
		return weft_fail(error, TRUNK_PORT_IN_USE,
			"Port %s is in use by another trunk, as a subport; take it out there first.",
			id);
	if (object_choice(port, PORT_STATUS) == PORT_ACTIVE)
		object_set_choice(draft, TRUNK_STATUS,
			strcmp(object_str(draft, TRUNK_SUB_PORTS), "[]") ? TRUNK_DEGRADED
									 : TRUNK_ACTIVE);
	return true;
}

static bool on_created(struct txn *txn, const struct object *trunk, GError **error)
{
	json_t *list = object_json(trunk, TRUNK_SUB_PORTS);
	bool ok = subports_add(txn, trunk, list, error);

	json_decref(list);
	return ok;
}

static bool check_enabled(const struct object *trunk, GError **error)
{
	char id[UUID_STRLEN];

	return object_bool(trunk, TRUNK_ADMIN_STATE_UP) ||
	       weft_fail(error, TRUNK_DISABLED,
		       "Trunk %s is currently disabled: set its admin_state_up first.",
		       uuid_format(object_id(trunk), id));
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	(void)txn;
	return check_enabled(old, error);
}

static void compute(
	const struct model *model, const struct object *trunk, unsigned slot, struct json_writer *w)
{
	char id[UUID_STRLEN];

	(void)slot;
	subports_write(model, uuid_format(object_id(trunk), id), false, w);
}

/* The trunk as it will be, as the verbs answer it: without an envelope. */
static json_t *answer(struct txn *txn, const struct object *trunk)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	json_t *json;

	object_write_json(trunk, txn_model(txn), txn_caller(txn), 0, &w);
	json = json_loads(text->str, 0, NULL);
	json_object_set_new(json, "sub_ports", subports_staged(txn, trunk));
	return json;
}

static json_t *need_list(json_t *body, GError **error)
{
	json_t *list = json_object_get(body, "sub_ports");

	if (json_is_array(list) && json_object_size(body) == 1)
		return list;
	weft_fail(error, BAD_REQUEST,
		"Send {\"sub_ports\": [{\"port_id\": \"ID\", …}, …]} and nothing else.");
	return NULL;
}

static bool add(struct txn *txn, const struct object *trunk, json_t *body, json_t **ret_answer,
	GError **error)
{
	json_t *list = need_list(body, error);

	if (!list || !check_enabled(trunk, error) || !subports_add(txn, trunk, list, error) ||
		!trunk_follow_status(txn, object_id(trunk), error))
		return false;
	*ret_answer = answer(txn, txn_get(txn, KIND_TRUNK, object_id(trunk)));
	return true;
}

static bool take_out(struct txn *txn, const struct object *trunk, json_t *body, json_t **ret_answer,
	GError **error)
{
	json_t *list = need_list(body, error);

	if (!list || !check_enabled(trunk, error) || !subports_remove(txn, trunk, list, error) ||
		!trunk_follow_status(txn, object_id(trunk), error))
		return false;
	*ret_answer = answer(txn, txn_get(txn, KIND_TRUNK, object_id(trunk)));
	return true;
}

static bool get(struct txn *txn, const struct object *trunk, json_t *body, json_t **ret_answer,
	GError **error)
{
	(void)body;
	(void)error;
	*ret_answer = json_pack("{s:o}", "sub_ports", subports_staged(txn, trunk));
	return true;
}

static const struct kind_action actions[] = {
	{ "add_subports", .run = add, .doc = "Adds the sub_ports of the body." },
	{ "remove_subports", .run = take_out,
		.doc = "Removes the sub_ports of the body, by port_id." },
	{ "get_subports", .read = true, .run = get, .doc = "Its subports alone." },
	{ 0 },
};

const struct kind trunk_kind = {
	.id = KIND_TRUNK,
	.singular = "trunk",
	.collection = "trunks",
	.command = "network trunk",
	.path = "/v2.0/trunks",
	.doc = "A port whose guest tags its frames to be on further networks.",
	.actions = actions,
	.attrs = attrs,
	.n_slots = N_TRUNK_SLOTS,
	.indexes = indexes,
	.n_indexes = N_TRUNK_INDEXES,
	.quota = { "trunk", QUOTA_UNLIMITED },
	.not_found = WEFT_ERROR_TRUNK_NOT_FOUND,
	.in_use = WEFT_ERROR_TRUNK_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_delete = on_delete,
		.compute = compute },
};

void trunk_write_details(
	const struct model *model, const struct object *port, struct json_writer *w)
{
	const struct object *trunk = NULL;
	char id[UUID_STRLEN];

	if (model_count_all(model, KIND_TRUNK))
		trunk = model_first(
			model, KIND_TRUNK, TRUNK_BY_PORT, uuid_format(object_id(port), id), NULL);
	if (!trunk)
		return jw_null(w);
	jw_begin_object(w);
	jw_member_string(w, "trunk_id", uuid_format(object_id(trunk), id));
	jw_key(w, "sub_ports");
	subports_write(model, id, true, w);
	jw_end_object(w);
}
