/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attribute.h"

#include <stdlib.h>
#include <string.h>

#include "cli/spelling.h"

#define PAIRS_MAX 100 /* characters: a usage line has no room for more */

/* What an option of an attribute does to it. */
enum deed { DEED_SET, DEED_TRUE, DEED_FALSE, DEED_CLEAR };

static bool has_option(const struct attr *attr, enum attribute_use use)
{
	if (!attr->name)
		return false;
	switch (use) {
	case ATTRIBUTE_CREATE:
		return attr->flags & ATTR_CREATE;
	case ATTRIBUTE_SET:
		return attr->flags & ATTR_UPDATE;
	case ATTRIBUTE_FILTER:
		return !(attr->flags & (ATTR_COMPUTED | ATTR_SECRET)) &&
		       attr->type != TYPE_OBJECT && attr->type != TYPE_TIME &&
		       (attr->type != TYPE_LIST || !strcmp(attr->name, "fixed_ips") ||
			       !strcmp(attr->name, "tags"));
	}
	return false;
}

static const char *metavar_of(const struct attr *attr)
{
	static const char *const words[] = {
		[TYPE_BOOL] = NULL,
		[TYPE_INT] = "NUMBER",
		[TYPE_TIME] = "TIME",
		[TYPE_ENUM] = "CHOICE",
		[TYPE_MAC] = "MAC",
		[TYPE_UUID] = "ID",
		[TYPE_STRING] = "TEXT",
		[TYPE_IP] = "ADDRESS",
		[TYPE_CIDR] = "CIDR",
		[TYPE_ADDRESS] = "ADDRESS",
		[TYPE_LIST] = "VALUE",
		[TYPE_OBJECT] = "JSON",
	};
	const struct attr *item = attr->type == TYPE_LIST ? attr->item : attr;

	if (spelling_kind(attr))
		return spelling_metavar(spelling_kind(attr));
	if (!item)
		return words[TYPE_LIST];
	if (item->type == TYPE_OBJECT && item->fields) {
		g_autoptr(GString) pairs = g_string_new(NULL);

		for (const struct attr *f = item->fields; f->name; f++) {
			g_autofree char *key = g_strdelimit(g_strdup(f->name), "_", '-');

			if (spelling_kind(f))
				key[strlen(key) - strlen("-id")] = '\0';
			g_string_append_printf(pairs, "%s%s=…", pairs->len ? "," : "", key);
		}
		return pairs->len > PAIRS_MAX ? "KEY=VALUE,…" : g_intern_string(pairs->str);
	}
	return words[item->type];
}

/* The attribute's sentence without its full stop, as options have it. */
static const char *doc_of(const struct attr *attr, enum deed deed)
{
	g_autofree char *words = g_strdelimit(g_strdup(attr->name), "_:", ' ');
	g_autofree char *doc = g_strdup(attr->doc ? attr->doc : words);

	doc[0] = g_ascii_toupper(doc[0]);
	if (g_str_has_suffix(doc, "."))
		doc[strlen(doc) - 1] = '\0';
	if (deed == DEED_FALSE)
		return g_intern_string("The opposite");
	if (deed == DEED_CLEAR)
		return g_intern_string(attr->type == TYPE_LIST ? "None of these" : "None");
	return g_intern_string(doc);
}

static void add_option(
	GArray *options, const char *name, const struct attr *attr, enum deed deed, unsigned flags)
{
	struct option option = {
		.name = g_intern_string(name),
		.metavar = deed == DEED_SET ? metavar_of(attr) : NULL,
		.doc = doc_of(attr, deed),
		.choices = deed != DEED_SET	     ? NULL
			   : attr->type == TYPE_ENUM ? attr->choices
			   : attr->type == TYPE_LIST && attr->item && attr->item->type == TYPE_ENUM
				   ? attr->item->choices
				   : NULL,
		.flags = (u8)(flags |
			      (attr->type == TYPE_LIST && deed == DEED_SET ? OPTION_REPEAT : 0)),
	};

	g_array_append_val(options, option);
}

static void add_attribute(GArray *options, const struct attr *attr, enum attribute_use use)
{
	g_autofree char *name = spelling_of(attr), *negative = g_strconcat("no-", name, NULL);
	const char *on, *off;

	if (attr->type != TYPE_BOOL) {
		add_option(
			options, name, attr, DEED_SET, use == ATTRIBUTE_FILTER ? OPTION_REPEAT : 0);
		if (use == ATTRIBUTE_SET &&
			(attr->type == TYPE_LIST || (attr->flags & ATTR_NULLABLE)))
			add_option(options, negative, attr, DEED_CLEAR, 0);
		else if (use == ATTRIBUTE_CREATE && (attr->flags & ATTR_NULLABLE) &&
			 (attr->type == TYPE_IP || attr->type == TYPE_LIST))
			add_option(options, negative, attr, DEED_CLEAR, 0);
		return;
	}
	spelling_others(attr, &on, &off);
	add_option(options, name, attr, DEED_TRUE, 0);
	if (on)
		add_option(options, on, attr, DEED_TRUE, OPTION_SPELLING);
	add_option(options, negative, attr, DEED_FALSE, 0);
	if (off)
		add_option(options, off, attr, DEED_FALSE, OPTION_SPELLING);
}

bool attribute_any(const struct kind *kind, enum attribute_use use)
{
	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (has_option(kind_attr(kind, slot), use))
			return true;
	return false;
}

struct option *attribute_options(const struct kind *kind, enum attribute_use use)
{
	GArray *options = g_array_new(TRUE, TRUE, sizeof(struct option));

	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (has_option(kind_attr(kind, slot), use))
			add_attribute(options, kind_attr(kind, slot), use);
	return (struct option *)(void *)g_array_free(options, FALSE);
}

struct context {
	attribute_resolve resolve;
	void *data;
	const char *option; /* for messages */
};

static json_t *value_of(
	const struct context *context, const struct attr *attr, const char *text, GError **error);

/* "key=value,key=value", or JSON. */
static json_t *object_of(
	const struct context *context, const struct attr *attr, const char *text, GError **error)
{
	g_auto(GStrv) pairs = g_strsplit(text, ",", 0);
	json_t *object;

	if (text[0] == '{' || !attr->fields) {
		object = json_loads(text, 0, NULL);
		if (!object)
			cli_usage(error, "--%s %s: this is no JSON object", context->option, text);
		return object;
	}
	object = json_object();
	for (char **pair = pairs; *pair; pair++) {
		char *equal = strchr(*pair, '=');
		const struct attr *field = NULL;
		json_t *value = NULL;

		if (equal) {
			*equal = '\0';
			field = spelling_field(attr->fields, *pair);
		}
		if (field)
			value = value_of(context, field, equal + 1, error);
		else
			cli_usage(error, "--%s %s: '%s' is not known here; wanted is %s",
				context->option, text, *pair, metavar_of(attr));
		if (!value) {
			json_decref(object);
			return NULL;
		}
		json_object_set_new(object, field->name, value);
	}
	return object;
}

static json_t *value_of(
	const struct context *context, const struct attr *attr, const char *text, GError **error)
{
	const struct kind *kind = spelling_kind(attr);
	gint64 number;

	if ((attr->flags & ATTR_NULLABLE) && !strcmp(text, "none"))
		return json_null();
	if (kind) {
		g_autofree char *id = context->resolve(context->data, kind, text, error);

		return id ? json_string(id) : NULL;
	}
	switch (attr->type) {
	case TYPE_INT:
		if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL))
			return json_integer(number);
		cli_usage(error, "--%s %s: must be a number", context->option, text);
		return NULL;
	case TYPE_OBJECT:
		return object_of(context, attr, text, error);
	default:
		return json_string(text);
	}
}

/* All values that an attribute's option was given. */
static json_t *given_value(
	const struct context *context, const struct attr *attr, GPtrArray *texts, GError **error)
{
	if (attr->type != TYPE_LIST)
		return value_of(context, attr, texts->pdata[texts->len - 1], error);
	json_t *list = json_array();

	for (unsigned i = 0; i < texts->len; i++) {
		json_t *item = attr->item ? value_of(context, attr->item, texts->pdata[i], error)
					  : json_string(texts->pdata[i]);

		if (!item) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, item);
	}
	return list;
}

bool attribute_body(const struct cli *cli, const struct kind *kind, enum attribute_use use,
	attribute_resolve resolve, void *data, json_t *body, GError **error)
{
	for (unsigned slot = 0; slot < kind->n_slots; slot++) {
		const struct attr *attr = kind_attr(kind, slot);

		if (!has_option(attr, use))
			continue;
		g_autofree char *name = spelling_of(attr),
				*negative = g_strconcat("no-", name, NULL);
		struct context context = { resolve, data, name };
		GPtrArray *texts = cli_options(cli, name);
		bool cleared = cli_flag(cli, negative);
		json_t *value = NULL;

		if (texts && cleared)
			return cli_usage(error, "--%s and --%s exclude each other", name, negative);
		if (texts && attr->type == TYPE_BOOL)
			value = json_true();
		else if (texts)
			value = given_value(&context, attr, texts, error);
		else if (cleared)
			value = attr->type == TYPE_BOOL	  ? json_false()
				: attr->type == TYPE_LIST ? json_array()
							  : json_null();
		if (texts && !value)
			return false;
		if (value)
			json_object_set_new(body, attr->name, value);
	}
	return true;
}

static bool add_filter(GString *query, const struct context *context, const struct attr *attr,
	const char *text, GError **error)
{
	g_autofree char *plain = g_strdup(text);
	const struct kind *kind = spelling_kind(attr);

	if (kind) {
		g_free(plain);
		plain = context->resolve(context->data, kind, text, error);
		if (!plain)
			return false;
	} else if (attr->type == TYPE_LIST && strchr(text, '=')) { /* ip-address=… */
		g_strdelimit(plain, "-", '_');
	}
	g_autofree char *value = g_uri_escape_string(plain, NULL, FALSE);

	g_string_append_printf(query, "%c%s=%s", query->len ? '&' : '?', attr->name, value);
	return true;
}

char *attribute_query(const struct cli *cli, const struct kind *kind, attribute_resolve resolve,
	void *data, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	for (unsigned slot = 0; slot < kind->n_slots; slot++) {
		const struct attr *attr = kind_attr(kind, slot);

		if (!has_option(attr, ATTRIBUTE_FILTER))
			continue;
		g_autofree char *name = spelling_of(attr),
				*negative = g_strconcat("no-", name, NULL);
		struct context context = { resolve, data, name };
		GPtrArray *texts = cli_options(cli, name);

		for (unsigned i = 0; texts && i < texts->len; i++)
			if (!add_filter(query, &context, attr,
				    attr->type == TYPE_BOOL ? "true" : texts->pdata[i], error))
				return NULL;
		if (attr->type == TYPE_BOOL && cli_flag(cli, negative) &&
			!add_filter(query, &context, attr, "false", error))
			return NULL;
	}
	return g_string_free(g_steal_pointer(&query), FALSE);
}
