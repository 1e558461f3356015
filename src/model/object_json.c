/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as JSON: as a caller sees them, and as the store keeps them. */
#include <string.h>

#include "model/object_impl.h"
#include "model/access/policy.h"
#include "model/access/rbac.h"

static void write_id(const struct object *object, struct json_writer *w)
{
	char text[UUID_STRLEN + 2] = "\"";

	uuid_format(&object->id, text + 1);
	text[UUID_STRLEN] = '"';
	jw_raw(w, text, UUID_STRLEN + 1);
}

static void write_slot(const struct object *object, const struct model *model,
	const struct caller *caller, unsigned slot, struct json_writer *w)
{
	const struct kind *kind = object_kind(object);
	const struct attr *attr = &kind->attrs[slot];

	if (slot == SLOT_ID)
		write_id(object, w);
	else if (kind->rbac && slot == kind->shared_slot && model)
		jw_bool(w, rbac_shared_to(model, object, caller));
	else if (!(attr->flags & ATTR_COMPUTED))
		value_write_json(attr, object->values[slot], w);
	else if (kind->hooks.compute && model)
		kind->hooks.compute(model, object, slot, w);
	else
		jw_null(w);
}

void object_write_json(const struct object *object, const struct model *model,
	const struct caller *caller, u64 fields, struct json_writer *w)
{
	const struct kind *kind = object_kind(object);
	const struct kind_tables *tables = kind_tables(kind);
	u64 visible = policy_readable(caller, model, object);

	jw_begin_object(w);
	for_each_slot(slot, fields ? visible & fields : visible)
	{
		jw_raw_key(w, tables->keys[slot], tables->key_len[slot]);
		write_slot(object, model, caller, (unsigned)slot, w);
		if (!tables->aliases[slot])
			continue;
		jw_raw_key(w, tables->aliases[slot], strlen(tables->aliases[slot]));
		write_slot(object, model, caller, (unsigned)slot, w);
	}
	jw_end_object(w);
}

void object_store_json(const struct object *object, struct json_writer *w)
{
	const struct kind *kind = object_kind(object);
	const struct kind_tables *tables = kind_tables(kind);

	jw_begin_object(w);
	for_each_slot(slot, tables->stored)
	{
		const struct attr *attr = &kind->attrs[slot];

		if (value_equal(attr, object->values[slot], tables->fallback[slot]))
			continue;
		jw_raw_key(w, tables->keys[slot], tables->key_len[slot]);
		value_write_json(attr, object->values[slot], w);
	}
	jw_end_object(w);
}

/* Sets one stored member; one that this version does not know is an error: it was written by a
 * newer one, and dropping it would lose it. */
static bool load_member(struct object *object, const char *name, json_t *json, GError **error)
{
	const struct kind *kind = object_kind(object);
	char id[UUID_STRLEN];
	union value value;
	int slot = kind_slot(kind, name);

	if (slot <= SLOT_ID || kind->attrs[slot].flags & ATTR_COMPUTED ||
		!value_load(&kind->attrs[slot], json, &value))
		return weft_fail(error, STORE_CORRUPT,
			"the stored %s %s has a '%s' that this version of weft does not understand",
			kind->singular, uuid_format(&object->id, id), name);
	object_set_value(object, (unsigned)slot, value);
	return true;
}

struct object *object_load(const struct kind *kind, const struct uuid *id, u64 revision,
	const char *text, GError **error)
{
	json_error_t reason;
	json_t *json = json_loads(text, 0, &reason);
	char id_text[UUID_STRLEN];
	const char *name;
	json_t *value;

	if (!json_is_object(json)) {
		json_decref(json);
		weft_fail(error, STORE_CORRUPT, "the stored %s %s is no JSON object: %s",
			kind->singular, uuid_format(id, id_text), reason.text);
		return NULL;
	}

	struct object *object = object_new(kind, id);

	object->revision = revision;
	json_object_foreach(json, name, value) {
		if (load_member(object, name, value, error))
			continue;
		g_clear_pointer(&object, object_unref);
		break;
	}
	json_decref(json);
	return object;
}
