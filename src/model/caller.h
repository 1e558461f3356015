/* SPDX-License-Identifier: Apache-2.0 */
/* On whose behalf something is read or written. Authentication (controller/auth) makes one. */
#pragma once

enum caller_role {
	CALLER_READER, /* sees its project's objects */
	CALLER_MEMBER, /* … and changes them */
	CALLER_ADMIN,  /* sees and changes all, and attributes that are the administrator's */
	CALLER_SYSTEM, /* weftd itself: writes computed attributes too (a port's status) */
};

struct caller {
	enum caller_role role;
	const char *project_id; /* never NULL; "" has no project */
};

static inline int caller_is_admin(const struct caller *caller)
{
	return caller->role >= CALLER_ADMIN;
}
