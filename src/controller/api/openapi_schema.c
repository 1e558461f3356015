/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a kind as schemas of OpenAPI 3.0. */
#include <string.h>

#include "controller/api/openapi.h"

enum view { VIEW_ANSWER, VIEW_CREATE, VIEW_UPDATE };

static void write_schema(struct json_writer *w, const struct attr *attr, enum view view);

static void write_format(struct json_writer *w, const char *format)
{
	jw_member_string(w, "type", "string");
	if (format)
		jw_member_string(w, "format", format);
}

static void write_choices(struct json_writer *w, const struct attr *attr)
{
	bool numbers = attr->flags & ATTR_DECIMALS;

	jw_member_string(w, "type", numbers ? "number" : "string");
	jw_key(w, "enum");
	jw_begin_array(w);
	for (unsigned i = 0; attr->choices[i]; i++)
		if (numbers)
			jw_raw(w, attr->choices[i], strlen(attr->choices[i]));
		else
			jw_string(w, attr->choices[i]);
	if (attr->flags & ATTR_NULLABLE)
		jw_null(w);
	jw_end_array(w);
}

/* An integer without limits in the table is the product's own count. */
static void write_int(struct json_writer *w, const struct attr *attr)
{
	jw_member_string(w, "type", "integer");
	jw_member_string(w, "format", "int64");
	if (attr->min == attr->max)
		return;
	jw_member_int(w, "minimum", attr->min);
	jw_member_int(w, "maximum", attr->max);
}

static void write_list(struct json_writer *w, const struct attr *attr, enum view view)
{
	jw_member_string(w, "type", "array");
	if (attr->max)
		jw_member_int(w, "maxItems", attr->max);
	if (attr->flags & ATTR_UNIQUE_ITEMS)
		jw_member_bool(w, "uniqueItems", true);
	jw_key(w, "items");
	if (attr->item)
		return write_schema(w, attr->item, view);
	jw_begin_object(w);
	jw_end_object(w);
}

static void write_fields(struct json_writer *w, const struct attr *attr, enum view view)
{
	bool any = false;

	jw_member_string(w, "type", "object");
	if (!attr->fields)
		return;
	jw_member_bool(w, "additionalProperties", false);
	jw_key(w, "properties");
	jw_begin_object(w);
	for (const struct attr *field = attr->fields; field->name; field++) {
		jw_key(w, field->name);
		write_schema(w, field, view);
		any = any || field->flags & ATTR_REQUIRED;
	}
	jw_end_object(w);
	if (!any) /* an empty list is not allowed */
		return;
	jw_key(w, "required");
	jw_begin_array(w);
	for (const struct attr *field = attr->fields; field->name; field++)
		if (field->flags & ATTR_REQUIRED)
			jw_string(w, field->name);
	jw_end_array(w);
}

static void write_type(struct json_writer *w, const struct attr *attr, enum view view)
{
	switch (attr->type) {
	case TYPE_BOOL:
		return jw_member_string(w, "type", "boolean");
	case TYPE_INT:
		return write_int(w, attr);
	case TYPE_TIME:
		return write_format(w, "date-time");
	case TYPE_ENUM:
		return write_choices(w, attr);
	case TYPE_MAC:
		return write_format(w, "mac");
	case TYPE_UUID:
		return write_format(w, "uuid");
	case TYPE_IP:
		return write_format(w, "ip");
	case TYPE_CIDR:
		return write_format(w, "cidr");
	case TYPE_ADDRESS:
		return write_format(w, "ip-or-cidr");
	case TYPE_LIST:
		return write_list(w, attr, view);
	case TYPE_OBJECT:
		return write_fields(w, attr, view);
	case TYPE_STRING:
		write_format(w, NULL);
		if (attr->max)
			jw_member_int(w, "maxLength", attr->max);
	}
}

static void write_rights(struct json_writer *w, const struct attr *attr)
{
	if (attr->flags & ATTR_ADMIN_READ)
		jw_member_bool(w, "x-weft-admin-read", true);
	if (attr->flags & ATTR_ADMIN_SET)
		jw_member_bool(w, "x-weft-admin-set", true);
	if (attr->refers)
		jw_member_string(w, "x-weft-refers", kind_name(kind_by_id(attr->refers)));
}

static void write_schema(struct json_writer *w, const struct attr *attr, enum view view)
{
	jw_begin_object(w);
	if (attr->doc)
		jw_member_string(w, "description", attr->doc);
	/* What is converted is taken in more than one form. */
	if (view == VIEW_ANSWER || !attr->convert) {
		write_type(w, attr, view);
		if (attr->flags &
			(ATTR_NULLABLE | (view == VIEW_ANSWER ? 0 : ATTR_NULL_IS_DEFAULT)))
			jw_member_bool(w, "nullable", true);
	}
	if (view == VIEW_CREATE && attr->fallback && strcmp(attr->fallback, "null"))
		jw_member_raw(w, "default", attr->fallback);
	write_rights(w, attr);
	jw_end_object(w);
}

/* Is it in that view at all? What a nested kind is part of is said by the path. */
static bool is_in(const struct kind *kind, unsigned slot, enum view view)
{
	const struct attr *attr = kind_attr(kind, slot);

	if (!attr->name)
		return false;
	if (view == VIEW_ANSWER)
		return !(attr->flags & (ATTR_REQUEST | ATTR_SECRET));
	if (slot == kind->parent_slot && kind_is_nested(kind))
		return false;
	return attr->flags & (view == VIEW_CREATE ? ATTR_CREATE : ATTR_UPDATE);
}

static bool is_required(const struct kind *kind, unsigned slot, enum view view)
{
	const struct attr *attr = kind_attr(kind, slot);

	if (!is_in(kind, slot, view) || view == VIEW_UPDATE)
		return false;
	return view == VIEW_ANSWER ? !(attr->flags & ATTR_ADMIN_READ) : attr->flags & ATTR_REQUIRED;
}

static void write_required(struct json_writer *w, const struct kind *kind, enum view view)
{
	bool any = false;

	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		any = any || is_required(kind, slot, view);
	if (!any)
		return;
	jw_key(w, "required");
	jw_begin_array(w);
	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (is_required(kind, slot, view))
			jw_string(w, kind_attr(kind, slot)->name);
	jw_end_array(w);
}

static void write_view(
	struct json_writer *w, const struct kind *kind, const char *suffix, enum view view)
{
	g_autofree char *name = g_strconcat(kind_name(kind), suffix, NULL);

	jw_key(w, name);
	jw_begin_object(w);
	jw_member_string(w, "type", "object");
	jw_member_string(w, "description", kind->doc);
	if (kind->rbac & RBAC_SHARED)
		jw_member_bool(w, "x-weft-rbac", true);
	jw_member_bool(w, "additionalProperties", false);
	jw_key(w, "properties");
	jw_begin_object(w);
	for (unsigned slot = 0; slot < kind->n_slots; slot++) {
		const struct attr *attr = kind_attr(kind, slot);

		if (!is_in(kind, slot, view))
			continue;
		jw_key(w, attr->name);
		write_schema(w, attr, view);
		if (!attr->alias)
			continue;
		jw_key(w, attr->alias);
		write_schema(w, attr, view);
	}
	jw_end_object(w);
	write_required(w, kind, view);
	jw_end_object(w);
}

void openapi_write_schemas(struct json_writer *w, const struct kind *kind)
{
	write_view(w, kind, "", VIEW_ANSWER);
	write_view(w, kind, "_create", VIEW_CREATE);
	write_view(w, kind, "_update", VIEW_UPDATE);
}
