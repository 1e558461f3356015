/* SPDX-License-Identifier: Apache-2.0 */
#include "model/parse.h"

#include <string.h>

#include "model/access/caller.h"
#include "model/object_impl.h"

enum operation { CREATE, UPDATE };

/* What somebody could have meant by @name: the names that he may give. */
static bool fail_unknown(
	const struct kind *kind, const char *name, enum operation operation, GError **error)
{
	unsigned flag = operation == CREATE ? ATTR_CREATE : ATTR_UPDATE;
	g_autoptr(GString) known = g_string_new(NULL);

	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (kind->attrs[slot].name && kind->attrs[slot].flags & flag)
			g_string_append_printf(
				known, "%s%s", known->len ? ", " : "", kind->attrs[slot].name);
	return weft_fail(error, INVALID_INPUT,
		"Unrecognized attribute(s) '%.64s': a %s may be given %s.", name, kind->singular,
		known->str);
}

static bool may_be_given(const struct attr *attr, enum operation operation)
{
	return attr->flags & (operation == CREATE ? ATTR_CREATE : ATTR_UPDATE);
}

static bool fail_not_now(const struct kind *kind, const struct attr *attr, GError **error)
{
	return weft_fail(error, BAD_REQUEST, "Attribute '%s' of a %s %s.", attr->name,
		kind->singular,
		attr->flags & ATTR_CREATE   ? "can be given only when it is created"
		: attr->flags & ATTR_UPDATE ? "can't be given when it is created, only in an update"
					    : "can't be given: weft sets it");
}

static bool parse_member(struct object *draft, const char *name, json_t *json,
	enum operation operation, GError **error)
{
	const struct kind *kind = object_kind(draft);
	int slot = kind_slot(kind, name);
	const struct attr *attr = slot < 0 ? NULL : &kind->attrs[slot];
	union value value;

	if (!attr || (attr->flags & ATTR_SECRET && !(attr->flags & (ATTR_CREATE | ATTR_UPDATE))))
		return fail_unknown(kind, name, operation, error);
	if (!may_be_given(attr, operation))
		return fail_not_now(kind, attr, error);
	if (!value_parse(attr, json, name, &value, error))
		return false;
	if (object_given(draft) & SLOT_BIT(slot) &&
		!value_equal(attr, draft->values[slot], value)) {
		value_clear(attr, value);
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: it is given twice, under two names.", name);
	}
	object_set_value(draft, (unsigned)slot, value);
	draft->values[SLOT_ID].number |= (s64)SLOT_BIT(slot);
	return true;
}

static bool parse_members(
	struct object *draft, json_t *body, enum operation operation, GError **error)
{
	const char *name;
	json_t *json;

	if (!json_is_object(body))
		return weft_fail(error, BAD_REQUEST,
			"The request's body has no object '%s': send {\"%s\": {…}}.",
			object_kind(draft)->singular, object_kind(draft)->singular);
	json_object_foreach(body, name, json)
		if (!parse_member(draft, name, json, operation, error))
			return false;
	return true;
}

static bool check_required(const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);

	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (kind->attrs[slot].flags & ATTR_REQUIRED &&
			!(object_given(draft) & SLOT_BIT(slot)))
			return weft_fail(error, BAD_REQUEST,
				"Attribute '%s' is missing: a %s can't be created without it.",
				kind->attrs[slot].name, kind->singular);
	return true;
}

struct object *parse_create(const struct kind *kind, const char *parent, json_t *body,
	const struct caller *caller, GError **error)
{
	g_autoptr(object) draft = object_new(kind, NULL);

	if (parent)
		object_set_str(draft, kind->parent_slot, parent);
	if (kind->attrs[SLOT_PROJECT_ID].name)
		object_set_str(draft, SLOT_PROJECT_ID, caller->project_id);
	if (!parse_members(draft, body, CREATE, error) || !check_required(draft, error))
		return NULL;
	return g_steal_pointer(&draft);
}

struct object *parse_update(const struct object *old, json_t *body, GError **error)
{
	g_autoptr(object) draft = object_edit(old);

	if (!parse_members(draft, body, UPDATE, error))
		return NULL;
	return g_steal_pointer(&draft);
}
