/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/identity/identity_options.h"
#include "model/standard.h"

static const struct attr hash_attr = { .name = "hash", .type = TYPE_STRING };

static const struct attr attrs[N_USER_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[USER_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = USER_BY_DOMAIN,
		.doc = "The domain that it is in." },
	[USER_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether it may log in." },
	[USER_DEFAULT_PROJECT_ID] = { .name = "default_project_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CLEAR,
		.referrer_index = USER_BY_DEFAULT_PROJECT,
		.doc = "Where it works when it names no project." },
	[USER_EMAIL] = { .name = "email",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.doc = "For people." },
	[USER_PASSWORD_HASH] = { .name = "password_hash",
		.type = TYPE_STRING,
		.flags = ATTR_SECRET | ATTR_NULLABLE },
	[USER_GENERATION] = { .name = "generation",
		.type = TYPE_INT,
		.flags = ATTR_SECRET,
		.fallback = "0" },
	[USER_OPTIONS] = OPTIONS_ATTR(options_of_user),
	[USER_PASSWORD_EXPIRES_AT] = { .name = "password_expires_at",
		.type = TYPE_TIME,
		.flags = ATTR_NULLABLE,
		.doc = "From when on its password has to be changed; null: never." },
	[USER_PASSWORD_CREATED_AT] = { .name = "password_created_at",
		.type = TYPE_TIME,
		.flags = ATTR_SECRET | ATTR_NULLABLE },
	[USER_PASSWORD_SELF_SERVICE] = { .name = "password_self_service",
		.type = TYPE_BOOL,
		.flags = ATTR_SECRET,
		.fallback = "false" },
	[USER_PASSWORD_HISTORY] = { .name = "password_history",
		.type = TYPE_LIST,
		.item = &hash_attr,
		.flags = ATTR_SECRET | ATTR_NULLABLE },
};

static const struct index indexes[N_USER_INDEXES] = {
	[USER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[USER_BY_DOMAIN] = { .name = "domain", .slots = { USER_DOMAIN_ID } },
	[USER_BY_DOMAIN_NAME] = { .name = "name in its domain",
		.slots = { USER_DOMAIN_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[USER_BY_DEFAULT_PROJECT] = { .name = "default project",
		.slots = { USER_DEFAULT_PROJECT_ID } },
};

static bool check_rules(const struct object *draft, GError **error)
{
	json_t *options = object_json(draft, USER_OPTIONS), *rule;
	json_t *rules = json_object_get(options, OPTION_MFA_RULES);
	bool good = true;
	size_t i;

	json_array_foreach(rules, i, rule)
		good = good && json_array_size(rule);
	json_decref(options);
	return good || weft_fail(error, INVALID_INPUT,
			       "Invalid input for options." OPTION_MFA_RULES
			       ": each rule is a list of methods, like [\"password\", \"totp\"].");
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	options_merge(NULL, draft, USER_OPTIONS);
	return check_rules(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	options_merge(old, draft, USER_OPTIONS);
	return check_rules(draft, error);
}

const struct kind user_kind = {
	.id = KIND_USER,
	.singular = "user",
	.collection = "users",
	.path = "/v3/users",
	.doc = "Somebody who may log in.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_USER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_USER_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
