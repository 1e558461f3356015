/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: rules in the language of OpenStack's policy files. A rule has a name that says
 * what it is asked for ("create_network", "update_network:shared", "delete_port") and an expression
 * over the caller and the object:
 *
 *	rule:admin_only or (role:member and project_id:%(project_id)s)
 *
 * Which rules there are, and what they are unless a policy file says otherwise, follows from the
 * kinds' tables (policy_rules.c). Rules are compiled once; asking one allocates nothing.
 *
 * A caller carries the policy that holds for him. Rules narrow, within what is in his sight: his
 * project's objects, what is shared to him, and for administrators and readers of the system all.
 */
#pragma once

#include "base/autoptr.h"
#include "model/access/caller.h"
#include "model/txn.h"

enum policy_operation { POLICY_CREATE, POLICY_GET, POLICY_UPDATE, POLICY_DELETE };
#define N_POLICY_OPERATIONS 4

/* What a rule is asked about: as a transaction sees it, or (@txn NULL) as the model has it. @object
 * may be NULL: then no condition on it holds. */
struct policy_target {
	const struct model *model;
	const struct txn *txn;
	const struct object *object;
};

/*
 * The built-in rules, to be changed by policy_set() and then, once, made ready by policy_link().
 * policy_set() fails for what is no expression, and for a name that nothing asks for unless it is
 * one for other rules to refer to; policy_link() fails when a rule refers to one that is not there,
 * or to itself, or is referred to by none, and gives its name as *@ret_rule (borrowed).
 */
struct policy *policy_new(void);
void policy_free(struct policy *policy);
DEFINE_AUTOPTR(policy, policy_free)
bool policy_set(struct policy *policy, const char *name, const char *text, GError **error);
bool policy_link(struct policy *policy, const char **ret_rule, GError **error);

/* The built-in one, ready. */
const struct policy *policy_default(void);

/* For struct caller.roles: the role's bit, 0 when no rule asks for it. */
u64 policy_role(const struct policy *policy, const char *role);
bool policy_has_roles(const struct policy *policy); /* other than admin, member, reader */

/* Every rule that has a default, in the order of definition. */
void policy_foreach(const struct policy *policy,
	void (*visit)(const char *name, const char *text, const char *doc, void *user), void *user);

/* May @caller? */
bool policy_allows(const struct caller *caller, const struct kind *kind,
	enum policy_operation operation, const struct policy_target *target);

/* The attributes of @object that @caller may read, as a mask of SLOT_BIT(). */
u64 policy_readable(
	const struct caller *caller, const struct model *model, const struct object *object);

/* FORBIDDEN, with the rule, unless @caller may do what the rule of that name is about. */
bool policy_check_named(const struct caller *caller, const char *rule,
	const struct policy_target *target, GError **error);

/* FORBIDDEN, with the rule, unless the transaction's caller may create @draft with what it gives;
 * make @draft of @old; delete @object; do @action with it. */
bool policy_check_create(const struct txn *txn, const struct object *draft, GError **error);
bool policy_check_update(const struct txn *txn, const struct object *old,
	const struct object *draft, GError **error);
bool policy_check(const struct txn *txn, enum policy_operation operation,
	const struct object *object, GError **error);
/* @operation: POLICY_CREATE or POLICY_DELETE for what it adds or takes out, else to do it. */
bool policy_check_action(const struct txn *txn, const struct kind_action *action,
	enum policy_operation operation, const struct object *object, GError **error);
