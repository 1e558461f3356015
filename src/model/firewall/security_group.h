/* SPDX-License-Identifier: Apache-2.0 */
/* A set of rules for ports, and of ports that rules refer to. */
#pragma once

#include "model/txn.h"

enum security_group_slot {
	SECURITY_GROUP_STATEFUL = N_STANDARD_SLOTS,
	SECURITY_GROUP_SHARED,
	SECURITY_GROUP_RULES, /* computed */
	N_SECURITY_GROUP_SLOTS
};

enum security_group_index {
	SECURITY_GROUP_BY_NAME,
	SECURITY_GROUP_BY_PROJECT,
	SECURITY_GROUP_DEFAULT, /* unique; text: the project of a default group */
	N_SECURITY_GROUP_INDEXES
};

extern const struct kind security_group_kind;

/* Is it the one that its project's ports have unless they ask for others? */
bool security_group_is_default(const struct object *group);

/* The default group of @project, staged with its rules when there is none yet. Of no project (""):
 * NULL, and no error. */
bool security_group_default(
	struct txn *txn, const char *project, const struct object **ret, GError **error);

/* kind_hooks.on_list: a list of groups or rules has the default ones. */
bool security_group_on_list(struct txn *txn, const char *project, GError **error);
