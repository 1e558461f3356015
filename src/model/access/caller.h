/* SPDX-License-Identifier: Apache-2.0 */
/* On whose behalf something is read or written. Authentication (controller/auth) makes one. */
#pragma once

#include "base/types.h"

struct policy;

/* Each has what those before it have. */
enum caller_role {
	CALLER_NONE,   /* what rules give to roles of other names, and nothing else */
	CALLER_READER, /* by default: sees its project's objects */
	CALLER_MEMBER, /* … and changes them */
	CALLER_ADMIN,  /* sees and changes all, and attributes that are the administrator's */
	CALLER_SYSTEM, /* weftd itself: writes computed attributes too (a port's status) */
};

struct caller {
	enum caller_role role;
	const char *project_id;	     /* never NULL; "" has no project */
	const char *user_id;	     /* NULL: nobody in particular */
	u64 roles;		     /* further ones: policy_role() of each */
	bool system;		     /* his token is for the system, not for a project */
	const struct policy *policy; /* NULL: the built-in one */
};

/* By the rule context_is_admin. */
bool caller_is_admin(const struct caller *caller);

/* Is nothing hidden from him because it is another project's? An administrator, or a reader of the
 * system. */
bool caller_sees_all(const struct caller *caller);
