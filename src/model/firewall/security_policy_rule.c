/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/security_policy_rule.h"

#include <string.h>

#include "model/access/caller.h"
#include "model/firewall/security_tier.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define DOMAIN_MAX 253

static const char *const actions[] = { "allow", "deny", "pass", NULL };

/* "www.example.com", or "*.example.com" for whatever ends in ".example.com"; in lower case, without
 * the dot at the end. */
static bool convert_domain(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value);
	g_autofree char *name = text ? g_ascii_strdown(text, -1) : NULL;
	size_t len = name ? strlen(name) : 0;
	bool wild = name && g_str_has_prefix(name, "*.");

	(void)attr;
	if (len && name[len - 1] == '.')
		name[--len] = '\0';
	if (!len || len > DOMAIN_MAX || !check_dns_name(attr, wild ? name + 2 : name, NULL) ||
		!name[wild ? 2 : 0])
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: give a domain name, such as www.example.com, or *.example.com for all below it.",
			path);
	*ret = g_steal_pointer(&name);
	return true;
}

static const struct attr attrs[N_SECURITY_POLICY_RULE_SLOTS] = {
	STANDARD_ATTRS_WITHOUT_NAME,
	MATCH_ATTRS(SECURITY_POLICY_RULE_BY_ADDRESS_GROUP),
	[MATCH_GROUP_ID] = { .name = "remote_group_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_SECURITY_GROUP,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SECURITY_POLICY_RULE_BY_REMOTE_GROUP,
		.doc = "The other side is a port of this security group." },
	[SECURITY_POLICY_RULE_POLICY_ID] = { .name = "security_policy_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_REVISES,
		.refers = KIND_SECURITY_POLICY,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SECURITY_POLICY_RULE_BY_POLICY,
		.doc = "The policy that it is part of." },
	[SECURITY_POLICY_RULE_PRIORITY] = { .name = "priority",
		.type = TYPE_INT,
		.max = SECURITY_PRIORITY_MAX,
		.flags = GIVEN | ATTR_REQUIRED,
		.fallback = "0",
		.doc = "Lower ones are asked first; no two rules of a policy have the same." },
	[SECURITY_POLICY_RULE_ACTION] = { .name = "action",
		.type = TYPE_ENUM,
		.choices = actions,
		.flags = GIVEN | ATTR_REQUIRED | ATTR_ANY_CASE,
		.fallback = "\"allow\"",
		.doc = "What becomes of what matches: it is let through, dropped, or left to the next tier." },
	[SECURITY_POLICY_RULE_DOMAIN] = { .name = "remote_domain",
		.type = TYPE_STRING,
		.max = DOMAIN_MAX,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.convert = convert_domain,
		.doc = "The other side's name, as the DNS has told it to guests; \"*.\" before a name stands for all below it. For egress." },
};

static const struct index indexes[N_SECURITY_POLICY_RULE_INDEXES] = {
	[SECURITY_POLICY_RULE_BY_POLICY] = { .name = "policy",
		.slots = { SECURITY_POLICY_RULE_POLICY_ID } },
	[SECURITY_POLICY_RULE_BY_REMOTE_GROUP] = { .name = "remote group",
		.slots = { MATCH_GROUP_ID } },
	[SECURITY_POLICY_RULE_BY_ADDRESS_GROUP] = { .name = "remote address group",
		.slots = { MATCH_ADDRESS_GROUP_ID } },
	[SECURITY_POLICY_RULE_BY_PRIORITY] = { .name = "priority in its policy",
		.slots = { SECURITY_POLICY_RULE_POLICY_ID, SECURITY_POLICY_RULE_PRIORITY },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_SECURITY_POLICY_RULE_EXISTS },
};

static bool check_domain(const struct object *draft, GError **error)
{
	if (object_is_null(draft, SECURITY_POLICY_RULE_DOMAIN))
		return true;
	if (!object_is_null(draft, MATCH_IP_PREFIX) || !object_is_null(draft, MATCH_GROUP_ID) ||
		!object_is_null(draft, MATCH_ADDRESS_GROUP_ID))
		return weft_fail(error, RULE_REMOTES,
			"Only one of remote_ip_prefix, remote_group_id, remote_address_group_id or remote_domain may be provided.");
	return object_choice(draft, MATCH_DIRECTION) == MATCH_EGRESS ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for remote_domain: it is for egress, because names are learnt from what guests ask for.");
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *group = object_str(draft, MATCH_GROUP_ID);
	const char *addresses = object_str(draft, MATCH_ADDRESS_GROUP_ID);

	return match_check(draft, error) && match_check_extension(draft, error) &&
	       check_domain(draft, error) &&
	       txn_need(txn, KIND_SECURITY_POLICY,
		       object_str(draft, SECURITY_POLICY_RULE_POLICY_ID), error) &&
	       (!group || txn_need(txn, KIND_SECURITY_GROUP, group, error)) &&
	       (!addresses || txn_need(txn, KIND_ADDRESS_GROUP, addresses, error));
}

static gint compare(gconstpointer a, gconstpointer b)
{
	const struct object *x = *(const struct object *const *)a,
			    *y = *(const struct object *const *)b;
	s64 p = object_int(x, SECURITY_POLICY_RULE_PRIORITY);
	s64 q = object_int(y, SECURITY_POLICY_RULE_PRIORITY);

	return p < q ? -1 : p > q;
}

void security_policy_rules_write(
	const struct model *model, const struct object *policy, struct json_writer *w)
{
	static const struct caller admin = { CALLER_ADMIN, "" };
	g_autoptr(GPtrArray) rules = g_ptr_array_new();
	const struct object *rule;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_SECURITY_POLICY_RULE, SECURITY_POLICY_RULE_BY_POLICY,
		uuid_format(object_id(policy), id), NULL);
	while ((rule = model_iter_next(&iter)))
		g_ptr_array_add(rules, (gpointer)rule);
	g_ptr_array_sort(rules, compare);
	jw_begin_array(w);
	for (guint i = 0; i < rules->len; i++)
		object_write_json(rules->pdata[i], model, &admin, 0, w);
	jw_end_array(w);
}

const struct kind security_policy_rule_kind = {
	.id = KIND_SECURITY_POLICY_RULE,
	.singular = "security_policy_rule",
	.collection = "security_policy_rules",
	.path = "/v2.0/security-policy-rules",
	.doc = "What a policy of the provider's lets through, drops, or leaves to the next tier.",
	.flags = KIND_ADMIN_ONLY,
	.parent_slot = SECURITY_POLICY_RULE_POLICY_ID,
	.attrs = attrs,
	.n_slots = N_SECURITY_POLICY_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SECURITY_POLICY_RULE_INDEXES,
	.not_found = WEFT_ERROR_SECURITY_POLICY_RULE_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create },
};
