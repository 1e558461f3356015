/* SPDX-License-Identifier: Apache-2.0 */
/* Of policies that apply the first one wins, but whatever their order those that reject come before
 * those that redirect to elsewhere, and these before those that choose a pool: as the Load Balancer
 * API says, and as HAProxy does it. */
#include "appliance/render/render_haproxy.h"

static const char *const matches[] = {
	[BALANCER_EQUAL_TO] = "str",
	[BALANCER_STARTS_WITH] = "beg",
	[BALANCER_ENDS_WITH] = "end",
	[BALANCER_CONTAINS] = "sub",
	[BALANCER_REGEX] = "reg",
};

static void append_rule(const struct balancer_rule *rule, guint policy, guint i, GString *text)
{
	g_string_append_printf(text, "\tacl p%u.%u ", policy, i);
	switch (rule->type) {
	case BALANCER_RULE_HOST_NAME:
		g_string_append(text, "req.hdr(host),host_only -i");
		break;
	case BALANCER_RULE_PATH:
		g_string_append(text, "path");
		break;
	case BALANCER_RULE_FILE_TYPE:
		g_string_append(text, "path,word(-1,/),word(-1,.)");
		break;
	case BALANCER_RULE_HEADER:
		g_string_append_printf(text, "req.hdr(%s)", rule->key);
		break;
	case BALANCER_RULE_COOKIE:
		g_string_append_printf(text, "req.cook(%s)", rule->key);
		break;
	}
	g_string_append_printf(text, " -m %s -- ", matches[rule->compare]);
	haproxy_append_word(rule->value, text);
	g_string_append_c(text, '\n');
}

/* In a format of HAProxy's '%' begins something. */
static void append_format(const char *url, GString *text)
{
	g_auto(GStrv) parts = g_strsplit(url, "%", -1);
	g_autofree char *format = g_strjoinv("%%", parts);

	haproxy_append_word(format, text);
}

static void append_action(const struct balancer_policy *policy,
	const struct balancer_listener *listener, GString *text)
{
	switch (policy->action) {
	case BALANCER_REJECT:
		g_string_append(text, "\thttp-request deny");
		break;
	case BALANCER_REDIRECT_TO_URL:
	case BALANCER_REDIRECT_PREFIX:
		g_string_append_printf(text, "\thttp-request redirect code %u %s ", policy->code,
			policy->action == BALANCER_REDIRECT_PREFIX ? "prefix" : "location");
		append_format(policy->url, text);
		break;
	case BALANCER_REDIRECT_TO_POOL:
		g_string_append(text, "\tuse_backend ");
		haproxy_append_backend_name(policy->pool, listener, text);
		break;
	}
}

static unsigned rank(enum balancer_action action)
{
	return action == BALANCER_REJECT ? 0 : action == BALANCER_REDIRECT_TO_POOL ? 2 : 1;
}

static void append_policy(const struct balancer_listener *listener, guint n, GString *text)
{
	const struct balancer_policy *policy =
		&g_array_index(listener->policies, struct balancer_policy, n);
	const struct balancer_rule *rules = (const struct balancer_rule *)policy->rules->data;

	append_action(policy, listener, text);
	g_string_append(text, " if");
	for (guint i = 0; i < policy->rules->len; i++)
		g_string_append_printf(text, " %sp%u.%u", rules[i].invert ? "!" : "", n, i);
	g_string_append_c(text, '\n');
}

void haproxy_append_policies(const struct balancer_listener *listener, GString *text)
{
	const struct balancer_policy *policies =
		(const struct balancer_policy *)listener->policies->data;

	for (guint n = 0; n < listener->policies->len; n++)
		for (guint i = 0; i < policies[n].rules->len; i++)
			append_rule(&g_array_index(policies[n].rules, struct balancer_rule, i), n,
				i, text);
	for (unsigned turn = 0; turn <= 2; turn++)
		for (guint n = 0; n < listener->policies->len; n++)
			if (policies[n].rules->len && rank(policies[n].action) == turn)
				append_policy(listener, n, text);
}
