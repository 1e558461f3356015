/* SPDX-License-Identifier: Apache-2.0 */
#include "model/query_impl.h"

#include <string.h>

#include "model/object_impl.h"
#include "model/access/rbac.h"
#include "model/value.h"

void filter_free(gpointer data)
{
	struct filter *filter = data;

	g_ptr_array_unref(filter->values);
	g_free(filter->field);
	g_free(filter);
}

/* What is not shown, but asked for. */
static bool is_request(const struct kind *kind, const struct attr *attr)
{
	return kind->flags & KIND_COMPUTED && attr->flags & ATTR_REQUEST;
}

static enum filter_type tag_filter_type(const char *name)
{
	static const struct {
		const char *name;
		enum filter_type type;
	} names[] = {
		{ "tags", FILTER_ALL_TAGS },
		{ "tags-any", FILTER_ANY_TAG },
		{ "not-tags", FILTER_NOT_ALL_TAGS },
		{ "not-tags-any", FILTER_NOT_ANY_TAG },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i].name, name))
			return names[i].type;
	return FILTER_VALUE;
}

static bool is_time_filter(const struct kind *kind, const char *name)
{
	return !strcmp(name, "changed_since") && kind->attrs[SLOT_UPDATED_AT].name;
}

static struct filter *add_filter(
	GPtrArray *filters, enum filter_type type, unsigned slot, const char *field)
{
	struct filter *filter = g_new(struct filter, 1);

	*filter = (struct filter){ type, slot, g_strdup(field),
		g_ptr_array_new_with_free_func(g_free) };
	g_ptr_array_add(filters, filter);
	return filter;
}

/* Values of one name are alternatives. */
static struct filter *find_or_add(
	GPtrArray *filters, enum filter_type type, unsigned slot, const char *field)
{
	struct filter *filter;

	for (guint i = 0; i < filters->len; i++) {
		filter = filters->pdata[i];
		if (filter->type == type && filter->slot == slot &&
			!g_strcmp0(filter->field, field))
			return filter;
	}
	return add_filter(filters, type, slot, field);
}

static void add_value(struct filter *filter, const char *value)
{
	for (guint i = 0; i < filter->values->len; i++)
		if (!strcmp(filter->values->pdata[i], value))
			return;
	g_ptr_array_add(filter->values, g_strdup(value));
}

static char *converted(const struct attr *attr, const char *value)
{
	json_t *json = json_string(value);
	g_autofree char *text = NULL;
	bool ok = attr->convert(attr, json, attr->name, &text, NULL);

	json_decref(json);
	return ok && text ? g_steal_pointer(&text) : g_strdup(value);
}

static const char *known_choice(const struct attr *attr, const char *value)
{
	for (int i = 0; attr->flags & ATTR_ANY_CASE && attr->choices[i]; i++)
		if (!g_ascii_strcasecmp(attr->choices[i], value))
			return attr->choices[i];
	return value;
}

/* The value as object_text() would write it, so that texts can be compared: addresses canonical,
 * booleans "true" or "false". What is no address is left as it is, and equals none. */
static char *canonical(const struct attr *attr, const char *value, GError **error)
{
	char buf[PREFIX_STRLEN];
	struct prefix prefix;
	struct mac mac;
	struct ip ip;
	bool flag;

	if (attr->convert)
		return converted(attr, value);
	switch (attr->type) {
	case TYPE_ENUM:
		return g_strdup(known_choice(attr, value));
	case TYPE_BOOL:
		if (value_bool_word(value, &flag))
			return g_strdup(flag ? "true" : "false");
		weft_fail(error, INVALID_INPUT, "Invalid filter %s=%.64s: it is true or false.",
			attr->name, value);
		return NULL;
	case TYPE_MAC:
		return g_strdup(mac_parse(value, &mac) ? mac_format(&mac, buf) : value);
	case TYPE_IP:
	case TYPE_ADDRESS:
		return g_strdup(ip_parse(value, &ip) ? ip_format(&ip, buf) : value);
	case TYPE_CIDR:
		return g_strdup(prefix_parse(value, &prefix) ? prefix_format(&prefix, buf) : value);
	case TYPE_UUID:
		return g_ascii_strdown(value, -1);
	default:
		return g_strdup(value);
	}
}

/* "ip_address_substr" asks for a part of the field "ip_address". */
static bool is_part_of(const char *name, const struct attr *field)
{
	size_t len = strlen(field->name);

	return !strncmp(name, field->name, len) && !strcmp(name + len, "_substr");
}

/* "ip_address=10.0.0.3" of a list of objects; the plain value of any other list. */
static bool add_item_filter(GPtrArray *filters, const struct attr *attr, unsigned slot,
	const char *value, GError **error)
{
	const struct attr *fields = attr->item ? attr->item->fields : NULL;
	const char *equals = strchr(value, '=');
	g_autofree char *name = NULL, *text = NULL;

	if (!fields) {
		text = canonical(attr->item, value, error);
		if (text)
			add_value(find_or_add(filters, FILTER_ITEM, slot, NULL), text);
		return text;
	}
	if (equals)
		name = g_strndup(value, (gsize)(equals - value));
	for (const struct attr *field = fields; name && field->name; field++) {
		if (is_part_of(name, field)) {
			add_value(find_or_add(filters, FILTER_ITEM_PART, slot, field->name),
				equals + 1);
			return true;
		}
		if (strcmp(field->name, name))
			continue;
		text = canonical(field, equals + 1, error);
		if (text)
			add_value(find_or_add(filters, FILTER_ITEM, slot, name), text);
		return text;
	}
	return weft_fail(error, INVALID_INPUT,
		"Invalid filter %s=%.64s: name a field of its items and the value, like %s=%s=VALUE.",
		attr->name, value, attr->name, fields[0].name);
}

/* Seconds since the epoch, as text; NULL: it is no time. */
static char *seconds_of(const char *name, const char *value, GError **error)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(value, utc);

	if (time)
		return g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(time));
	weft_fail(error, INVALID_INPUT,
		"Invalid filter %s=%.64s: it is a time in UTC like 2026-01-31T12:00:00Z.", name,
		value);
	return NULL;
}

static bool add_time_filter(GPtrArray *filters, const char *value, GError **error)
{
	g_autofree char *text = seconds_of("changed_since", value, error);

	if (text)
		add_value(find_or_add(filters, FILTER_CHANGED_SINCE, SLOT_UPDATED_AT, NULL), text);
	return text;
}

static const char *const comparators[] = { "lt", "lte", "gt", "gte", "eq", "neq", NULL };

/* "lt:2026-01-31T12:00:00Z" */
static bool is_comparison(const struct attr *attr, const char *value)
{
	g_autofree char *word = g_strndup(value, strcspn(value, ":"));

	return attr->type == TYPE_TIME && !(attr->flags & ATTR_COMPUTED) &&
	       g_strv_contains(comparators, word);
}

static bool add_comparison(GPtrArray *filters, const struct attr *attr, unsigned slot,
	const char *value, GError **error)
{
	size_t len = strcspn(value, ":");
	g_autofree char *word = g_strndup(value, len);
	g_autofree char *text = seconds_of(attr->name, value + len + !!value[len], error);

	if (text)
		add_value(find_or_add(filters, FILTER_TIME, slot, word), text);
	return text;
}

bool filter_add(GPtrArray *filters, const struct kind *kind, const struct caller *caller,
	const char *name, const char *value, GError **error)
{
	enum filter_type type = tag_filter_type(name);
	const struct attr *attr;
	g_autofree char *text = NULL;
	int slot;

	if (type != FILTER_VALUE && kind->attrs[SLOT_TAGS].name) {
		g_auto(GStrv) tags = g_strsplit(value, ",", -1);

		for (unsigned i = 0; tags[i]; i++)
			add_value(find_or_add(filters, type, SLOT_TAGS, NULL), tags[i]);
		return true;
	}
	if (is_time_filter(kind, name))
		return add_time_filter(filters, value, error);
	slot = kind_slot(kind, name);
	attr = slot < 0 ? NULL : kind_attr(kind, (unsigned)slot);
	if (!attr || !(is_request(kind, attr) || attr_readable(kind, (unsigned)slot, caller)))
		return weft_fail(error, INVALID_INPUT,
			"Invalid filter '%.64s': a %s has no such attribute.", name,
			kind->singular);
	if (attr->type == TYPE_LIST && !(attr->flags & ATTR_COMPUTED))
		return add_item_filter(filters, attr, (unsigned)slot, value, error);
	if (is_comparison(attr, value))
		return add_comparison(filters, attr, (unsigned)slot, value, error);
	text = canonical(attr, value, error);
	if (text)
		add_value(find_or_add(filters, FILTER_VALUE, (unsigned)slot, NULL), text);
	return text;
}

void filter_add_value(GPtrArray *filters, unsigned slot, const char *text)
{
	add_value(add_filter(filters, FILTER_VALUE, slot, NULL), text);
}

int filter_index(const struct filter *filter, const struct kind *kind)
{
	for (unsigned i = 0; i < kind->n_indexes; i++) {
		const struct index *index = &kind->indexes[i];

		if (filter->type == FILTER_VALUE && filter->slot != SLOT_ID &&
			index->slots[0] == filter->slot && !index->slots[1])
			return (int)i;
		if (filter->type == FILTER_ITEM && index->field &&
			index->depends_on == filter->slot &&
			!strcmp(index->field, filter->field ?: ""))
			return (int)i;
	}
	return -1;
}

static bool has_value(const struct filter *filter, const char *text)
{
	bool part = filter->type == FILTER_ITEM_PART;

	for (guint i = 0; i < filter->values->len; i++)
		if (part ? strstr(text, filter->values->pdata[i]) != NULL
			 : !strcmp(filter->values->pdata[i], text))
			return true;
	return false;
}

/* A computed attribute is compared as the caller would read it, without quotes; null as "". */
static bool computed_matches(
	const struct filter *filter, const struct object *object, const struct model *model)
{
	const struct kind *kind = object_kind(object);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	if (!kind->hooks.compute)
		return false;
	kind->hooks.compute(model, object, filter->slot, &w);
	if (!strcmp(text->str, "null"))
		g_string_truncate(text, 0);
	if (text->len >= 2 && text->str[0] == '"') {
		g_string_truncate(text, text->len - 1);
		g_string_erase(text, 0, 1);
	}
	return has_value(filter, text->str);
}

/* How many of the filter's values are in a list, or in a field of its items. */
static unsigned count_in(
	const struct filter *filter, const struct object *object, unsigned slot, const char *field)
{
	json_t *list = object_json(object, slot);
	char buf[VALUE_TEXT];
	unsigned n = 0;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		json_t *value = field ? json_object_get(item, field) : item;

		n += has_value(filter, value_json_text(value, buf));
	}
	json_decref(list);
	return n;
}

static unsigned count_items(const struct filter *filter, const struct object *object)
{
	return count_in(filter, object, filter->slot, filter->field);
}

static bool value_matches(const struct filter *filter, const struct object *object,
	const struct model *model, const struct caller *caller)
{
	const struct kind *kind = object_kind(object);
	const struct attr *attr = kind_attr(kind, filter->slot);
	char buf[VALUE_TEXT];
	const char *text;

	if (is_request(kind, attr))
		return true; /* hooks.all has seen to it */
	if (attr->listed_in && !object_is_null(object, attr->listed_in))
		return count_in(filter, object, attr->listed_in, attr->name) > 0;
	if (kind->rbac && filter->slot == kind->shared_slot)
		return has_value(filter, rbac_shared_to(model, object, caller) ? "true" : "false");
	if (attr->flags & ATTR_COMPUTED)
		return computed_matches(filter, object, model);
	text = object_text(object, filter->slot, buf);
	return has_value(filter, text ? text : "");
}

static bool changed_since(const struct filter *filter, const struct object *object)
{
	s64 changed = object_int(object, SLOT_UPDATED_AT);

	for (guint i = 0; i < filter->values->len; i++)
		if (changed >= g_ascii_strtoll(filter->values->pdata[i], NULL, 10))
			return true;
	return false;
}

static bool compares(const char *word, s64 left, s64 right)
{
	if (!strcmp(word, "eq") || !strcmp(word, "neq"))
		return (left == right) == (*word == 'e');
	if (left == right)
		return word[2] == 'e';
	return (left < right) == (*word == 'l');
}

/* What has no time stands to none. */
static bool time_matches(const struct filter *filter, const struct object *object)
{
	if (object_is_null(object, filter->slot))
		return false;
	for (guint i = 0; i < filter->values->len; i++)
		if (!compares(filter->field, object_int(object, filter->slot),
			    g_ascii_strtoll(filter->values->pdata[i], NULL, 10)))
			return false;
	return true;
}

bool filter_matches(const struct filter *filter, const struct object *object,
	const struct model *model, const struct caller *caller)
{
	switch (filter->type) {
	case FILTER_VALUE:
		return value_matches(filter, object, model, caller);
	case FILTER_ITEM:
	case FILTER_ITEM_PART:
	case FILTER_ANY_TAG:
		return count_items(filter, object) > 0;
	case FILTER_ALL_TAGS: /* tags are unique */
		return count_items(filter, object) == filter->values->len;
	case FILTER_NOT_ALL_TAGS:
		return count_items(filter, object) < filter->values->len;
	case FILTER_NOT_ANY_TAG:
		return count_items(filter, object) == 0;
	case FILTER_CHANGED_SINCE:
		return changed_since(filter, object);
	case FILTER_TIME:
		return time_matches(filter, object);
	}
	return false;
}
