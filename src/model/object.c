/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/object_impl.h"

struct object *object_alloc(const struct kind *kind, const struct uuid *id)
{
	struct object *object =
		g_malloc(sizeof(*object) + kind->n_slots * sizeof(object->values[0]));

	object->id = id && !uuid_is_zero(id) ? *id : uuid_random();
	object->refs = 1;
	object->kind = (u8)kind->id;
	object->sealed = false;
	object->revision = 0;
	return object;
}

static void ref_texts(struct object *object, const struct kind_tables *tables)
{
	for_each_slot(slot, tables->texts) text_ref(object->values[slot].text);
}

struct object *object_new(const struct kind *kind, const struct uuid *id)
{
	const struct kind_tables *tables = kind_tables(kind);
	struct object *object = object_alloc(kind, id);

	memcpy(object->values, tables->fallback, kind->n_slots * sizeof(object->values[0]));
	object->values[SLOT_ID].number = 0;
	ref_texts(object, tables);
	return object;
}

struct object *object_edit(const struct object *old)
{
	const struct kind *kind = object_kind(old);
	struct object *object = object_alloc(kind, &old->id);

	memcpy(object->values, old->values, kind->n_slots * sizeof(object->values[0]));
	object->values[SLOT_ID].number = 0;
	ref_texts(object, kind_tables(kind));
	return object;
}

struct object *object_ref(const struct object *object)
{
	struct object *writable = (struct object *)object;

	writable->refs++;
	return writable;
}

void object_unref(struct object *object)
{
	if (!object || --object->refs)
		return;
	for_each_slot(slot, kind_tables(object_kind(object))->texts)
		text_unref(object->values[slot].text);
	g_free(object);
}

const struct kind *object_kind(const struct object *object)
{
	return kind_by_id(object->kind);
}

const struct uuid *object_id(const struct object *object)
{
	return &object->id;
}

u64 object_revision(const struct object *object)
{
	return object->revision;
}

u64 object_given(const struct object *draft)
{
	return (u64)draft->values[SLOT_ID].number;
}

/* The attribute in @slot, which must be stored and of a type in the mask @types. */
static const struct attr *stored_attr(const struct object *object, unsigned slot, unsigned types)
{
	const struct kind *kind = object_kind(object);

	g_assert(slot != SLOT_ID && slot < kind->n_slots);
	g_assert(1u << kind->attrs[slot].type & types);
	return &kind->attrs[slot];
}

#define TEXTS                                                                    \
	(1u << TYPE_UUID | 1u << TYPE_STRING | 1u << TYPE_IP | 1u << TYPE_CIDR | \
		1u << TYPE_ADDRESS | 1u << TYPE_LIST | 1u << TYPE_OBJECT | 1u << TYPE_ENUM)

bool object_is_null(const struct object *object, unsigned slot)
{
	return value_is_null(stored_attr(object, slot, ~0u), object->values[slot]);
}

bool object_bool(const struct object *object, unsigned slot)
{
	stored_attr(object, slot, 1u << TYPE_BOOL);
	return object->values[slot].number == 1;
}

s64 object_int(const struct object *object, unsigned slot)
{
	s64 number = object->values[slot].number;

	stored_attr(object, slot, 1u << TYPE_INT | 1u << TYPE_TIME);
	return number == VALUE_NULL ? 0 : number;
}

const char *object_str(const struct object *object, unsigned slot)
{
	const struct attr *attr = stored_attr(object, slot, TEXTS);

	if (attr->type != TYPE_ENUM)
		return object->values[slot].text;
	if (object->values[slot].number == VALUE_NULL)
		return NULL;
	return attr->choices[object->values[slot].number];
}

int object_choice(const struct object *object, unsigned slot)
{
	s64 number = object->values[slot].number;

	stored_attr(object, slot, 1u << TYPE_ENUM);
	return number == VALUE_NULL ? -1 : (int)number;
}

struct mac object_mac(const struct object *object, unsigned slot)
{
	u64 number = (u64)object->values[slot].number;
	struct mac mac = { 0 };

	stored_attr(object, slot, 1u << TYPE_MAC);
	if (object->values[slot].number != VALUE_NULL)
		for (int i = 5; i >= 0; i--, number >>= 8)
			mac.b[i] = (u8)number;
	return mac;
}

struct ip object_ip(const struct object *object, unsigned slot)
{
	struct ip ip = { 0 };

	stored_attr(object, slot, 1u << TYPE_IP);
	if (object->values[slot].text)
		ip_parse(object->values[slot].text, &ip);
	return ip;
}

struct prefix object_prefix(const struct object *object, unsigned slot)
{
	struct prefix prefix = { 0 };

	stored_attr(object, slot, 1u << TYPE_CIDR);
	if (object->values[slot].text)
		prefix_parse(object->values[slot].text, &prefix);
	return prefix;
}

bool object_uuid(const struct object *object, unsigned slot, struct uuid *ret)
{
	stored_attr(object, slot, 1u << TYPE_UUID);
	return object->values[slot].text && uuid_parse(object->values[slot].text, ret);
}

json_t *object_json(const struct object *object, unsigned slot)
{
	stored_attr(object, slot, 1u << TYPE_LIST | 1u << TYPE_OBJECT);
	if (!object->values[slot].text)
		return NULL;
	return json_loads(object->values[slot].text, 0, NULL);
}

void object_set_value(struct object *draft, unsigned slot, union value value)
{
	g_assert(!draft->sealed);
	value_clear(&object_kind(draft)->attrs[slot], draft->values[slot]);
	draft->values[slot] = value;
}

void object_set_bool(struct object *draft, unsigned slot, bool value)
{
	stored_attr(draft, slot, 1u << TYPE_BOOL);
	object_set_value(draft, slot, (union value){ .number = value });
}

void object_set_int(struct object *draft, unsigned slot, s64 value)
{
	stored_attr(draft, slot, 1u << TYPE_INT | 1u << TYPE_TIME);
	object_set_value(draft, slot, (union value){ .number = value });
}

void object_set_choice(struct object *draft, unsigned slot, int choice)
{
	stored_attr(draft, slot, 1u << TYPE_ENUM);
	object_set_value(draft, slot, (union value){ .number = choice < 0 ? VALUE_NULL : choice });
}

void object_set_str(struct object *draft, unsigned slot, const char *value)
{
	const struct attr *attr = stored_attr(draft, slot, TEXTS);

	object_set_value(draft, slot, value_from_text(attr, value));
}

void object_set_mac(struct object *draft, unsigned slot, const struct mac *value)
{
	char text[MAC_STRLEN];
	const struct attr *attr = stored_attr(draft, slot, 1u << TYPE_MAC);

	object_set_value(draft, slot, value_from_text(attr, mac_format(value, text)));
}

void object_copy(struct object *draft, const struct object *from, unsigned slot)
{
	object_copy_to(draft, slot, from, slot);
}

void object_copy_to(
	struct object *draft, unsigned slot, const struct object *from, unsigned from_slot)
{
	const struct attr *attr = stored_attr(from, from_slot, ~0u);
	union value value = from->values[from_slot];

	stored_attr(draft, slot, 1u << attr->type);
	if (type_is_text(attr->type))
		text_ref(value.text);
	object_set_value(draft, slot, value);
}

void object_set_null(struct object *draft, unsigned slot)
{
	object_set_value(draft, slot, value_null(stored_attr(draft, slot, ~0u)));
}

bool object_equal(const struct object *a, const struct object *b, unsigned slot)
{
	return value_equal(stored_attr(a, slot, ~0u), a->values[slot], b->values[slot]);
}

const char *object_text(const struct object *object, unsigned slot, char buf[static VALUE_TEXT])
{
	if (slot == SLOT_ID)
		return uuid_format(&object->id, buf);
	return value_text(&object_kind(object)->attrs[slot], object->values[slot], buf);
}
