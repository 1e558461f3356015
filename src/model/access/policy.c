/* SPDX-License-Identifier: Apache-2.0 */
/* Asking rules. */
#include "model/access/policy.h"

#include <string.h>

#include "model/object_impl.h"
#include "model/access/policy_impl.h"
#include "model/access/rbac.h"

const struct policy *policy_of(const struct caller *caller)
{
	return caller->policy ?: policy_default();
}

static const struct object *look_up(
	const struct policy_target *target, enum kind_id kind, const char *id)
{
	return target->txn     ? txn_get_text(target->txn, kind, id)
	       : target->model ? model_get_text(target->model, kind, id)
			       : NULL;
}

static const struct object *parent_of(
	const struct policy_target *target, const struct object *object)
{
	const struct kind *kind = object_kind(object);

	if (!kind_parent(kind))
		return NULL;
	return look_up(target, kind_parent(kind), object_str(object, kind->parent_slot));
}

/* What the object's attribute "@of_id" refers to. */
static const struct object *referred(
	const struct policy_target *target, const struct object *object, const char *of)
{
	const struct kind *kind = object_kind(object);
	size_t len = strlen(of);

	for (unsigned slot = N_STANDARD_SLOTS; slot < kind->n_slots; slot++) {
		const struct attr *attr = &kind->attrs[slot];

		if (attr->name && attr->refers && g_str_has_prefix(attr->name, of) &&
			!strcmp(attr->name + len, "_id"))
			return look_up(target, attr->refers, object_str(object, slot));
	}
	return NULL;
}

/* The text of the attribute; NULL: the object has none. Of a parent also what only its own parent
 * has, as a project. */
static const char *target_text(const struct operand *operand, const struct policy_target *target,
	char buf[static VALUE_TEXT])
{
	const struct object *object = target->object;
	bool climb = operand->of && !strcmp(operand->of, OPERAND_PARENT);
	int slot;

	if (object && operand->of)
		object = climb ? parent_of(target, object) : referred(target, object, operand->of);
	while (object) {
		slot = kind_slot(object_kind(object), operand->text);
		if (slot >= 0)
			return kind_attr(object_kind(object), (unsigned)slot)->flags & ATTR_COMPUTED
				       ? NULL
				       : object_text(object, (unsigned)slot, buf);
		object = climb ? parent_of(target, object) : NULL;
	}
	return NULL;
}

static const char *operand_text(const struct operand *operand, const struct caller *caller,
	const struct policy_target *target, char buf[static VALUE_TEXT])
{
	switch (operand->type) {
	case OPERAND_PROJECT:
		return caller->project_id;
	case OPERAND_USER:
		return caller->user_id;
	case OPERAND_TARGET:
		return target_text(operand, target, buf);
	case OPERAND_LITERAL:
		break;
	}
	return operand->text;
}

/* What is not there equals nothing, not even what else is not there. */
static bool match_holds(
	const struct expr *expr, const struct caller *caller, const struct policy_target *target)
{
	char left[VALUE_TEXT], right[VALUE_TEXT];
	const char *a = operand_text(&expr->left, caller, target, left);
	const char *b = operand_text(&expr->right, caller, target, right);

	return a && b && *a && !strcmp(a, b);
}

/* The object itself, or what it refers to that is of the kind: a port's network. */
static const struct object *of_kind(const struct policy_target *target, const struct kind *wanted)
{
	const struct object *object = target->object;
	const struct kind *kind = object ? object_kind(object) : NULL;

	if (!object || kind == wanted)
		return object;
	for (unsigned slot = N_STANDARD_SLOTS; slot < kind->n_slots; slot++)
		if (kind->attrs[slot].name && kind->attrs[slot].refers == wanted->id &&
			!object_is_null(object, slot))
			return look_up(target, wanted->id, object_str(object, slot));
	return NULL;
}

static bool field_holds(
	const struct expr *expr, const struct caller *caller, const struct policy_target *target)
{
	const struct object *object = of_kind(target, expr->kind);
	char buf[VALUE_TEXT];
	const char *text;

	if (!object)
		return false;
	if (expr->kind->rbac && expr->slot == expr->kind->shared_slot && target->model)
		text = rbac_shared_to(target->model, object, caller) ? "true" : "false";
	else
		text = object_text(object, expr->slot, buf);
	if (!text)
		return false;
	if (expr->regex)
		return g_regex_match(expr->regex, text, 0, NULL);
	return kind_attr(expr->kind, expr->slot)->type == TYPE_BOOL
		       ? !g_ascii_strcasecmp(expr->text, text)
		       : !strcmp(expr->text, text);
}

static bool holds(
	const struct expr *expr, const struct caller *caller, const struct policy_target *target)
{
	switch (expr->op) {
	case EXPR_TRUE:
		return true;
	case EXPR_FALSE:
		return false;
	case EXPR_NOT:
		return !holds(expr->a, caller, target);
	case EXPR_AND:
		return holds(expr->a, caller, target) && holds(expr->b, caller, target);
	case EXPR_OR:
		return holds(expr->a, caller, target) || holds(expr->b, caller, target);
	case EXPR_RULE:
		return holds(expr->rule->expr, caller, target);
	case EXPR_RANK:
		return caller->role >= expr->rank;
	case EXPR_ROLE:
		return caller->roles & expr->role;
	case EXPR_ADMIN:
		return caller_is_admin(caller);
	case EXPR_SYSTEM:
		return caller->system;
	case EXPR_MATCH:
		return match_holds(expr, caller, target);
	case EXPR_FIELD:
		return field_holds(expr, caller, target);
	}
	return false;
}

bool rule_holds(
	const struct rule *rule, const struct caller *caller, const struct policy_target *target)
{
	return !rule || caller->role == CALLER_SYSTEM || holds(rule->expr, caller, target);
}

bool caller_is_admin(const struct caller *caller)
{
	static const struct policy_target nothing = { 0 };

	return rule_holds(policy_of(caller)->is_admin, caller, &nothing);
}

bool caller_sees_all(const struct caller *caller)
{
	return (caller->system && caller->role >= CALLER_READER) || caller_is_admin(caller);
}

bool policy_allows(const struct caller *caller, const struct kind *kind,
	enum policy_operation operation, const struct policy_target *target)
{
	return rule_holds(policy_of(caller)->kinds[kind->id].operations[operation], caller, target);
}

/* Equal texts are one expression, and stand beside each other: each is asked once. */
static u64 readable(
	const struct caller *caller, const struct kind *kind, const struct policy_target *target)
{
	const struct kind_rules *rules = &policy_of(caller)->kinds[kind->id];
	u64 mask = kind_tables(kind)->shown;
	const struct expr *asked = NULL;
	bool answer = true;

	for_each_slot(slot, rules->restricted[POLICY_GET] & mask)
	{
		const struct rule *rule = rules->attrs[POLICY_GET][slot];

		if (rule->expr != asked) {
			asked = rule->expr;
			answer = rule_holds(rule, caller, target);
		}
		if (!answer)
			mask &= ~SLOT_BIT(slot);
	}
	return mask;
}

u64 policy_readable(
	const struct caller *caller, const struct model *model, const struct object *object)
{
	const struct policy_target target = { .model = model, .object = object };

	return readable(caller, object_kind(object), &target);
}

bool attr_readable(const struct kind *kind, unsigned slot, const struct caller *caller)
{
	static const struct policy_target nothing = { 0 };

	return kind->attrs[slot].name && readable(caller, kind, &nothing) & SLOT_BIT(slot);
}
