/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a policy ready: references become pointers, names become places in the kinds' tables. */
#include "model/object_impl.h"
#include "model/access/policy_impl.h"

enum colour { WHITE, GREY, BLACK };

static struct rule *find(const struct policy *policy, const char *name)
{
	return g_hash_table_lookup(policy->by_name, name);
}

static bool resolve(struct policy *policy, struct expr *expr, GError **error)
{
	struct rule *rule;

	if (!expr)
		return true;
	if (expr->op != EXPR_RULE)
		return resolve(policy, expr->a, error) && resolve(policy, expr->b, error);
	rule = find(policy, expr->text);
	if (!rule)
		return weft_fail(error, INVALID_INPUT,
			"it refers to 'rule:%s', which is not there; weftd --print-policy lists those that are",
			expr->text);
	rule->referred = true;
	expr->rule = rule;
	return true;
}

/* Compiles the rule, once for each text. */
static bool compile(struct policy *policy, struct rule *rule, GError **error)
{
	struct expr *expr = g_hash_table_lookup(policy->exprs, rule->text);

	if (!expr) {
		expr = expr_parse(policy, rule->text, error);
		if (!expr)
			return false;
		g_hash_table_insert(policy->exprs, (gpointer)rule->text, expr);
	}
	rule->expr = expr;
	return resolve(policy, expr, error);
}

static bool visit(struct rule *rule, GError **error);

static bool visit_references(const struct expr *expr, GError **error)
{
	if (!expr)
		return true;
	if (expr->op == EXPR_RULE)
		return visit((struct rule *)expr->rule, error);
	return visit_references(expr->a, error) && visit_references(expr->b, error);
}

static bool visit(struct rule *rule, GError **error)
{
	if (rule->colour == BLACK)
		return true;
	if (rule->colour == GREY)
		return weft_fail(error, INVALID_INPUT,
			"rule:%s refers to itself, directly or through others", rule->name);
	rule->colour = GREY;
	if (!visit_references(rule->expr, error))
		return false;
	rule->colour = BLACK;
	return true;
}

static const struct rule *rule_of_attr(const struct policy *policy, const char *kind_name,
	enum policy_operation operation, const char *attr, const char *field)
{
	g_autofree char *name = g_strdup_printf("%s_%s:%s%s%s", policy_operation_names[operation],
		kind_name, attr, field ? ":" : "", field ?: "");

	return find(policy, name);
}

static void place_attr(struct policy *policy, const struct kind *kind, const char *kind_name,
	enum policy_operation operation, unsigned slot)
{
	struct kind_rules *rules = &policy->kinds[kind->id];
	const struct attr *attr = &kind->attrs[slot];
	const struct attr *field = policy_fields(attr);

	rules->attrs[operation][slot] =
		rule_of_attr(policy, kind_name, operation, attr->name, NULL);
	if (rules->attrs[operation][slot])
		rules->restricted[operation] |= SLOT_BIT(slot);
	for (; field && field->name; field++) {
		struct field_rule entry = { operation, slot, field->name,
			rule_of_attr(policy, kind_name, operation, attr->name, field->name) };

		if (entry.rule)
			g_array_append_val(rules->fields, entry);
	}
}

static void place(struct policy *policy, const struct kind *kind)
{
	g_autofree char *name = policy_kind_name(kind);

	for (unsigned operation = 0; operation < N_POLICY_OPERATIONS; operation++)
		for (unsigned slot = 0; slot < kind->n_slots; slot++)
			if (kind->attrs[slot].name)
				place_attr(policy, kind, name, operation, slot);
}

static bool check_asked(const struct rule *rule, GError **error)
{
	return rule->asked || rule->referred ||
	       weft_fail(error, INVALID_INPUT,
		       "there is no rule '%s': nothing asks for it, and no other rule refers to it; weftd --print-policy lists those that there are",
		       rule->name);
}

bool policy_link(struct policy *policy, const char **ret_rule, GError **error)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		struct rule *rule = policy->rules->pdata[i];

		*ret_rule = rule->name;
		if (!compile(policy, rule, error))
			return false;
	}
	for (guint i = 0; i < policy->rules->len; i++) {
		struct rule *rule = policy->rules->pdata[i];

		*ret_rule = rule->name;
		if (!visit(rule, error) || !check_asked(rule, error))
			return false;
	}
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		if (!(kind_by_id((enum kind_id)id)->flags & KIND_NOT_NETWORKING))
			place(policy, kind_by_id((enum kind_id)id));
	policy->is_admin = find(policy, "context_is_admin");
	return true;
}

const struct policy *policy_default(void)
{
	static struct policy *built_in;
	const char *rule;
	GError *error = NULL;

	if (built_in)
		return built_in;
	built_in = policy_new();
	if (!policy_link(built_in, &rule, &error))
		g_error("the built-in rule %s: %s", rule, error->message);
	return built_in;
}
