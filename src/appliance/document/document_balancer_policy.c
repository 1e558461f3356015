/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_balancer.h"

#include <string.h>

#define RULES_MAX 32 /* what a line of HAProxy's has room for */
#define CODE_DEFAULT 302

static bool check_key(const struct balancer_rule *rule, GError **error)
{
	bool needed = rule->type == BALANCER_RULE_HEADER || rule->type == BALANCER_RULE_COOKIE;

	return needed == !!*rule->key ||
	       weft_fail(error, INVALID_INPUT,
		       needed ? "key: must be the name of the header or cookie"
			      : "key: is for rules of type HEADER and COOKIE");
}

/* What is no expression HAProxy would refuse as well, with all of the configuration. */
static bool check_value(const struct balancer_rule *rule, GError **error)
{
	g_autoptr(GError) reason = NULL;
	g_autoptr(GRegex) regex = NULL;

	if (!*rule->value)
		return weft_fail(error, INVALID_INPUT, "value: must not be empty");
	if (rule->type == BALANCER_RULE_FILE_TYPE && rule->compare != BALANCER_EQUAL_TO &&
		rule->compare != BALANCER_REGEX)
		return weft_fail(error, INVALID_INPUT,
			"compare_type: must be EQUAL_TO or REGEX for FILE_TYPE");
	if (rule->compare != BALANCER_REGEX)
		return true;
	regex = g_regex_new(rule->value, G_REGEX_RAW, 0, &reason);
	return regex || weft_fail(error, INVALID_INPUT, "value: is no regular expression: %s",
				reason->message);
}

static bool read_rule(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "type", "compare_type", "key", "value", "invert",
		NULL };
	static const char *const types[] = { "HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE",
		NULL };
	static const char *const compares[] = { "EQUAL_TO", "STARTS_WITH", "ENDS_WITH", "CONTAINS",
		"REGEX", NULL };
	struct balancer_rule rule = { 0 };
	unsigned type = 0, compare = 0;

	if (!field_check(value, known, error) || !field_need(value, "type", error) ||
		!field_need(value, "compare_type", error) || !field_need(value, "value", error) ||
		!field_choice(value, "type", types, &type, error) ||
		!field_choice(value, "compare_type", compares, &compare, error) ||
		!field_text(value, "key", BALANCER_NAME_FORM, balancer_is_name, rule.key,
			sizeof(rule.key), error) ||
		!field_text(value, "value", "of printable ASCII characters", balancer_is_printable,
			rule.value, sizeof(rule.value), error) ||
		!field_bool(value, "invert", &rule.invert, error))
		return false;
	rule.type = (enum balancer_rule_type)type;
	rule.compare = (enum balancer_compare)compare;
	if (!check_key(&rule, error) || !check_value(&rule, error))
		return false;
	g_array_append_val(array, rule);
	return true;
}

static bool check_code(unsigned code, GError **error)
{
	static const unsigned codes[] = { 301, 302, 303, 307, 308 };

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i] == code)
			return true;
	return weft_fail(error, INVALID_INPUT,
		"redirect_http_code: must be 301, 302, 303, 307 or 308, not %u", code);
}

/* Each action has the member that it needs, and no other. */
static bool check_action(const json_t *value, enum balancer_action action, GError **error)
{
	static const char *const needs[] = { NULL, "redirect_url", "redirect_prefix",
		"redirect_pool_id" };

	for (size_t i = 1; i < G_N_ELEMENTS(needs); i++)
		if ((i == action) != (json_object_get(value, needs[i]) != NULL))
			return weft_fail(error, INVALID_INPUT,
				i == action ? "%s: must be given for this action"
					    : "%s: is for another action",
				needs[i]);
	return true;
}

static bool fill(const json_t *value, struct balancer_policy *ret, GError **error)
{
	static const char *const known[] = { "action", "redirect_pool_id", "redirect_url",
		"redirect_prefix", "redirect_http_code", "rules", NULL };
	static const char *const actions[] = { "REJECT", "REDIRECT_TO_URL", "REDIRECT_PREFIX",
		"REDIRECT_TO_POOL", NULL };
	unsigned action = 0;
	u64 code = CODE_DEFAULT;

	if (!field_check(value, known, error) || !field_need(value, "action", error) ||
		!field_choice(value, "action", actions, &action, error) ||
		!check_action(value, (enum balancer_action)action, error) ||
		!field_uuid(value, "redirect_pool_id", ret->pool, error) ||
		!field_text(value, "redirect_url", BALANCER_WORD_FORM, balancer_is_word, ret->url,
			sizeof(ret->url), error) ||
		!field_text(value, "redirect_prefix", BALANCER_WORD_FORM, balancer_is_word,
			ret->url, sizeof(ret->url), error) ||
		!field_number(value, "redirect_http_code", 300, 399, &code, error) ||
		!check_code((unsigned)code, error))
		return false;
	ret->action = (enum balancer_action)action;
	ret->code = (unsigned)code;
	return field_list(value, "rules", RULES_MAX, read_rule, ret->rules, error);
}

void balancer_clear_policy(gpointer policy)
{
	g_array_unref(((struct balancer_policy *)policy)->rules);
}

bool balancer_read_policy(const json_t *value, GArray *array, GError **error)
{
	struct balancer_policy policy = {
		.rules = balancer_array(sizeof(struct balancer_rule), NULL),
	};

	if (!fill(value, &policy, error)) {
		balancer_clear_policy(&policy);
		return false;
	}
	g_array_append_val(array, policy);
	return true;
}
