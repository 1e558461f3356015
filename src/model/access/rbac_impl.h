/* SPDX-License-Identifier: Apache-2.0 */
/* What rbac.c (who may what) and rbac_policy.c (the kind) share. Inside of src/model. */
#pragma once

#include "model/access/rbac.h"

static inline unsigned rbac_action_of(unsigned choice)
{
	return choice == RBAC_ACCESS_AS_SHARED ? RBAC_SHARED : RBAC_EXTERNAL;
}

/* An object of another project that depends on @object and may do so by @policy only, would
 * @instead (NULL: nothing) take its place; NULL: there is none. */
const struct object *rbac_find_user(struct txn *txn, const struct object *object,
	const struct object *policy, const struct object *instead);
