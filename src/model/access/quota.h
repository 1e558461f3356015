/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many objects of a kind a project may have. What counts against which quota is said by the
 * kinds' tables (kind.h: `quota`); a limit is what was set for the project, else what the
 * configuration says, else the table's. Counting is constant-time: an index knows how many objects
 * a project has, a transaction how many it makes.
 */
#pragma once

#include "model/txn.h"

/* One limit of one project. */
enum quota_slot {
	QUOTA_RESOURCE = N_STANDARD_SLOTS, /* name of the quota: "network" */
	QUOTA_LIMIT,			   /* QUOTA_UNLIMITED: none */
	N_QUOTA_SLOTS
};
enum quota_index {
	QUOTA_BY_PROJECT,
	QUOTA_BY_PROJECT_RESOURCE, /* unique */
	QUOTA_BY_RESOURCE,
	N_QUOTA_INDEXES
};
#define QUOTA_LIMIT_MAX G_MAXINT32

/* What is limited and is no kind of object: how many tracked connections the ports of a project
 * have on each host. Hosts count it, and refuse what is more. */
#define QUOTA_CONNECTION "tracked_connection"

extern const struct kind quota_kind;

/* The kind that counts against the quota @name, or NULL. */
const struct kind *quota_find_kind(const char *name);

/* What holds for every project that has no limit of its own, and that of one. */
void quota_set_default(struct model *model, enum kind_id kind, s64 limit);
s64 quota_default(const struct model *model, const struct kind *kind);
s64 quota_limit(const struct model *model, const struct kind *kind, const char *project_id);
unsigned quota_used(const struct model *model, const struct kind *kind, const char *project_id);

/* Sets one limit of a project; removes all of them (*@ret_any: there were some). */
bool quota_set(struct txn *txn, const struct kind *kind, const char *project_id, s64 limit,
	GError **error);
/* What holds for every project holds for this one again. */
bool quota_unset(struct txn *txn, const struct kind *kind, const char *project_id, GError **error);
bool quota_set_connections(struct txn *txn, const char *project_id, s64 limit, GError **error);
s64 quota_connections(const struct model *model, const char *project_id);
bool quota_reset(struct txn *txn, const char *project_id, bool *ret_any, GError **error);

/* OVER_QUOTA when @created, which is staged, is more than its project may have. */
bool quota_check(const struct txn *txn, const struct object *created, GError **error);
