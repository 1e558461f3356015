/* SPDX-License-Identifier: Apache-2.0 */
#include "model/access/quota.h"

#include <string.h>

#include "model/model_impl.h"
#include "model/standard.h"
#include "model/txn_impl.h"

static const struct attr attrs[N_QUOTA_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[QUOTA_RESOURCE] = { .name = "resource",
		.type = TYPE_STRING,
		.max = 64,
		.flags = ATTR_INTERN,
		.doc = "What is limited." },
	[QUOTA_LIMIT] = { .name = "limit",
		.type = TYPE_INT,
		.min = QUOTA_UNLIMITED,
		.max = QUOTA_LIMIT_MAX,
		.fallback = "0",
		.doc = "How many; -1: no limit." },
};

static const struct index indexes[N_QUOTA_INDEXES] = {
	[QUOTA_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[QUOTA_BY_PROJECT_RESOURCE] = { .name = "resource",
		.slots = { SLOT_PROJECT_ID, QUOTA_RESOURCE },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[QUOTA_BY_RESOURCE] = { .name = "resource of all", .slots = { QUOTA_RESOURCE } },
};

/* Limits of who has none of his own, by kind. */
struct defaults {
	s64 limits[N_KINDS];
};

static void *state_new(void)
{
	struct defaults *defaults = g_new0(struct defaults, 1);

	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		defaults->limits[id] = kind_by_id(id)->quota.limit;
	return defaults;
}

const struct kind quota_kind = {
	.id = KIND_QUOTA,
	.singular = "quota",
	.collection = "quotas",
	.path = "/v2.0/quotas",
	.doc = "How many objects of a kind a project may have.",
	.flags = KIND_ADMIN_ONLY | KIND_OWN_PATHS,
	.attrs = attrs,
	.n_slots = N_QUOTA_SLOTS,
	.indexes = indexes,
	.n_indexes = N_QUOTA_INDEXES,
	.not_found = WEFT_ERROR_QUOTA_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .state_new = state_new, .state_free = g_free },
};

const struct kind *quota_find_kind(const char *name)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id(id);

		if (kind->quota.name && !strcmp(kind->quota.name, name))
			return kind;
	}
	return NULL;
}

void quota_set_default(struct model *model, enum kind_id kind, s64 limit)
{
	struct defaults *defaults = model_state(model, KIND_QUOTA);

	defaults->limits[kind] = limit;
}

s64 quota_default(const struct model *model, const struct kind *kind)
{
	const struct defaults *defaults = model_state(model, KIND_QUOTA);

	return defaults->limits[kind->id];
}

s64 quota_limit(const struct model *model, const struct kind *kind, const char *project_id)
{
	const struct object *own = model_first(
		model, KIND_QUOTA, QUOTA_BY_PROJECT_RESOURCE, project_id, kind->quota.name, NULL);

	return own ? object_int(own, QUOTA_LIMIT) : quota_default(model, kind);
}

static unsigned project_index(const struct kind *kind)
{
	return (unsigned)kind_tables(kind)->project_index;
}

unsigned quota_used(const struct model *model, const struct kind *kind, const char *project_id)
{
	return model_count(model, kind->id, project_index(kind), project_id, NULL);
}

/* NULL: what holds for every project holds for this one. */
static const struct object *own_limit(
	const struct txn *txn, const char *resource, const char *project_id)
{
	struct txn_iter iter;

	txn_iter_init(
		&iter, txn, KIND_QUOTA, QUOTA_BY_PROJECT_RESOURCE, project_id, resource, NULL);
	return txn_iter_next(&iter);
}

static bool set_limit(
	struct txn *txn, const char *resource, const char *project_id, s64 limit, GError **error)
{
	const struct object *old = own_limit(txn, resource, project_id);
	struct object *draft;

	draft = old ? object_edit(old) : object_new(&quota_kind, NULL);
	object_set_str(draft, SLOT_PROJECT_ID, project_id);
	object_set_str(draft, QUOTA_RESOURCE, resource);
	object_set_int(draft, QUOTA_LIMIT, limit);
	return txn_put(txn, draft, error);
}

bool quota_set(
	struct txn *txn, const struct kind *kind, const char *project_id, s64 limit, GError **error)
{
	return set_limit(txn, kind->quota.name, project_id, limit, error);
}

bool quota_unset(struct txn *txn, const struct kind *kind, const char *project_id, GError **error)
{
	const struct object *own = own_limit(txn, kind->quota.name, project_id);

	return !own || txn_remove(txn, own, error);
}

bool quota_set_connections(struct txn *txn, const char *project_id, s64 limit, GError **error)
{
	return set_limit(txn, QUOTA_CONNECTION, project_id, limit, error);
}

s64 quota_connections(const struct model *model, const char *project_id)
{
	const struct object *own = model_first(
		model, KIND_QUOTA, QUOTA_BY_PROJECT_RESOURCE, project_id, QUOTA_CONNECTION, NULL);

	return own ? object_int(own, QUOTA_LIMIT) : QUOTA_UNLIMITED;
}

bool quota_reset(struct txn *txn, const char *project_id, bool *ret_any, GError **error)
{
	const struct object *limit;
	struct model_iter iter;
	bool any = false;

	model_iter_init(&iter, txn_model(txn), KIND_QUOTA, QUOTA_BY_PROJECT, project_id, NULL);
	while ((limit = model_iter_next(&iter))) {
		if (!txn_remove(txn, limit, error))
			return false;
		any = true;
	}
	*ret_any = any;
	return true;
}

bool quota_check(const struct txn *txn, const struct object *created, GError **error)
{
	const struct kind *kind = object_kind(created);
	const char *project;
	s64 limit, count;

	if (!kind->quota.name)
		return true;
	project = object_str(created, SLOT_PROJECT_ID);
	if (!*project)
		return true;
	limit = quota_limit(txn_model(txn), kind, project);
	count = (s64)quota_used(txn_model(txn), kind, project) + txn_made(txn, created);
	if (limit == QUOTA_UNLIMITED || count <= limit)
		return true;
	return weft_fail(error, OVER_QUOTA,
		"Quota exceeded for resources: ['%s']. Project %s may have %" G_GINT64_FORMAT
		" %s; delete some, or have an administrator raise the quota.",
		kind->quota.name, project, limit, kind->collection);
}
