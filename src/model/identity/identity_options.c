/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity_options.h"

#include <string.h>

#define OPTION_FLAG(option)                                                 \
	{                                                                   \
		.name = (option), .type = TYPE_BOOL, .flags = ATTR_NULLABLE \
	}

const struct attr options_of_resource[] = { OPTION_FLAG(OPTION_IMMUTABLE), { .name = NULL } };

/* Those that there are: a rule with others could not be fulfilled. */
static const char *const methods[] = { "password", "token", "application_credential", "totp",
	NULL };
static const struct attr method_attr = { .name = "method", .type = TYPE_ENUM, .choices = methods };
static const struct attr rule_attr = { .name = "rule",
	.type = TYPE_LIST,
	.item = &method_attr,
	.max = 16,
	.flags = ATTR_UNIQUE_ITEMS };

const struct attr options_of_user[] = {
	OPTION_FLAG(OPTION_IGNORE_FIRST_USE),
	OPTION_FLAG(OPTION_IGNORE_EXPIRY),
	OPTION_FLAG(OPTION_IGNORE_LOCKOUT),
	OPTION_FLAG(OPTION_LOCK_PASSWORD),
	OPTION_FLAG(OPTION_MFA_ENABLED),
	{ .name = OPTION_MFA_RULES,
		.type = TYPE_LIST,
		.item = &rule_attr,
		.max = 16,
		.flags = ATTR_NULLABLE | ATTR_UNIQUE_ITEMS },
	{ .name = NULL },
};

bool options_flag(const struct object *object, unsigned slot, const char *name)
{
	json_t *options = object_json(object, slot);
	bool flag = json_is_true(json_object_get(options, name));

	json_decref(options);
	return flag;
}

/* In the table's order, as all nested values are. */
static char *canonical(const struct attr *fields, json_t *options)
{
	json_t *ordered = json_object(), *value;
	char *text;

	for (; fields->name; fields++) {
		value = json_object_get(options, fields->name);
		if (value && !json_is_null(value))
			json_object_set(ordered, fields->name, value);
	}
	text = json_dumps(ordered, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(ordered);
	return text;
}

void options_merge(const struct object *old, struct object *draft, unsigned slot)
{
	json_t *before = old ? object_json(old, slot) : NULL, *given = object_json(draft, slot);
	json_t *merged = before ? before : json_object();
	char *text;

	if (object_given(draft) & SLOT_BIT(slot)) {
		json_object_update(merged, given);
		text = canonical(kind_attr(object_kind(draft), slot)->fields, merged);
		object_set_str(draft, slot, text);
		free(text);
	}
	json_decref(given);
	json_decref(merged);
}

bool options_permit(
	const struct object *old, const struct object *draft, unsigned slot, GError **error)
{
	const struct kind *kind = object_kind(old);
	char id[UUID_STRLEN];

	if (!options_flag(old, slot, OPTION_IMMUTABLE) ||
		(draft && !options_flag(draft, slot, OPTION_IMMUTABLE)))
		return true;
	return weft_fail(error, FORBIDDEN,
		"The %s %s is immutable and can't be %s; set its option \"immutable\" to false first.",
		kind_words(kind), uuid_format(object_id(old), id), draft ? "changed" : "deleted");
}
