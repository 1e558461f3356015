/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RBAC policies: which other projects may see and use an object. A kind takes part by two lines in
 * its table (kind.h: `rbac`, `shared_slot`). Policies are the truth; the object's `shared` says
 * whether there is one for every project, and a network is external while there is one that says
 * so. Who has what is found by indexes: by object and project, and by kind and project.
 */
#pragma once

#include "model/txn.h"

enum rbac_slot {
	RBAC_OBJECT_TYPE = N_STANDARD_SLOTS, /* name of a kind */
	RBAC_OBJECT_ID,
	RBAC_ACTION, /* enum rbac_choice */
	RBAC_TARGET, /* id of a project, or RBAC_EVERYBODY */
	N_RBAC_SLOTS
};
enum rbac_choice { RBAC_ACCESS_AS_SHARED, RBAC_ACCESS_AS_EXTERNAL };
enum rbac_index {
	RBAC_BY_PROJECT,
	RBAC_BY_OBJECT,
	RBAC_BY_TARGET, /* texts: kind, target */
	RBAC_BY_GRANT,	/* unique: object, action, target */
	N_RBAC_INDEXES
};
#define RBAC_EVERYBODY "*"

extern const struct kind rbac_policy_kind;

/* Does a policy let @project_id do one of @actions (mask of enum rbac_action) with the object? */
bool rbac_allows(const struct model *model, const struct object *object, const char *project_id,
	unsigned actions);

/* May @caller see the object by a policy? */
bool rbac_visible(
	const struct model *model, const struct object *object, const struct caller *caller);

/* What `shared` of the object is for @caller. */
bool rbac_shared_to(
	const struct model *model, const struct object *object, const struct caller *caller);

/* Makes the policies for everybody what the attributes of @draft say; @old is NULL when it has been
 * created. INVALID_SHARED when somebody needs what is taken away. */
bool rbac_follow(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error);

/* Stages the deletion of all policies of a deleted object. */
bool rbac_forget(struct txn *txn, const struct object *object, GError **error);
