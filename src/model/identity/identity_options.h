/* SPDX-License-Identifier: Apache-2.0 */
/* The attribute "options" of Identity's kinds: settings that an administrator may give to single
 * objects. An update names those that change; null takes one away. */
#pragma once

#include "model/txn.h"

extern const struct attr options_of_resource[], options_of_user[];

#define OPTIONS_ATTR(of)                                                                           \
	{                                                                                          \
		.name = "options", .type = TYPE_OBJECT, .flags = ATTR_CREATE | ATTR_UPDATE,        \
		.fields = (of), .fallback = "{}", .doc = "Settings of this one; null removes one." \
	}

/* The one that every kind but users has. */
#define OPTION_IMMUTABLE "immutable"
/* Those of users. */
#define OPTION_IGNORE_FIRST_USE "ignore_change_password_upon_first_use"
#define OPTION_IGNORE_EXPIRY "ignore_password_expiry"
#define OPTION_IGNORE_LOCKOUT "ignore_lockout_failure_attempts"
#define OPTION_LOCK_PASSWORD "lock_password"
#define OPTION_MFA_ENABLED "multi_factor_auth_enabled"
#define OPTION_MFA_RULES "multi_factor_auth_rules"

/* Is the option there, and true? @slot is that of the attribute. */
bool options_flag(const struct object *object, unsigned slot, const char *name);

/* For hooks: what @draft's body gave goes over what @old (NULL: nothing) has. */
void options_merge(const struct object *old, struct object *draft, unsigned slot);

/* FORBIDDEN when @old is immutable, unless @draft (NULL: a deletion) takes that away. */
bool options_permit(
	const struct object *old, const struct object *draft, unsigned slot, GError **error);
