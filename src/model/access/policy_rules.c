/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules there are. Those that others refer to are listed here; those that the API asks for
 * follow from the kinds' tables: four of each kind, one of each verb, one of each attribute that is
 * the administrator's. A kind lists (kind.h: `rules`) where it differs. An attribute without a rule
 * may be given by whoever may create or change the object, unless a policy file has one for it.
 */
#include <string.h>

#include "model/object_impl.h"
#include "model/access/policy_impl.h"

#define TEXT_MAX 4096 /* characters of a rule */

const char *const policy_operation_names[N_POLICY_OPERATIONS] = {
	[POLICY_CREATE] = "create",
	[POLICY_GET] = "get",
	[POLICY_UPDATE] = "update",
	[POLICY_DELETE] = "delete",
};

static const struct kind_rule common[] = {
	{ "context_is_admin", "role:admin", "Who is the cloud's administrator." },
	{ "admin_only", "rule:context_is_admin", "The administrator." },
	{ "owner", "project_id:%(project_id)s", "The project that it belongs to." },
	{ "admin_or_owner", "rule:context_is_admin or rule:owner",
		"The administrator, or the project that it belongs to." },
	{ "system_reader", "role:reader and system_scope:all", "A reader of the whole system." },
	{ "admin_or_system_reader", "rule:context_is_admin or rule:system_reader",
		"Who may see what is the administrator's." },
	{ "project_reader", "role:reader and rule:owner", "A reader of its project." },
	{ "project_member", "role:member and rule:owner", "A member of its project." },
	{ "admin_or_project_member", "rule:context_is_admin or rule:project_member",
		"The administrator, or a member of its project." },
	{ "network_owner", "project_id:%(network:project_id)s",
		"The project that its network belongs to." },
	{ "admin_or_network_owner", "rule:context_is_admin or (role:member and rule:network_owner)",
		"The administrator, or a member of its network's project." },
	{ "ext_parent_owner", "project_id:%(ext_parent:project_id)s",
		"The project that owns what it is part of." },
	{ "admin_or_ext_parent_owner",
		"rule:context_is_admin or (role:member and rule:ext_parent_owner)",
		"The administrator, or a member of the project that owns what it is part of." },
	{ "shared", "field:networks:shared=True", "It, or its network, is shared to the caller." },
	{ "network_device",
		"field:ports:device_owner=~^network:", "A port of the network's own devices." },
	{ "admin_or_data_plane_int", "rule:context_is_admin or role:data_plane_integrator",
		"Who may say how a port's datapath does." },
	{ "regular_user", "", "Everybody." },
	{ "context_is_advsvc", "role:advsvc", "A service that does more than projects may." },
	{ "admin_owner_or_network_owner", "rule:owner or rule:admin_or_network_owner",
		"The project that it, or its network, belongs to, or the administrator." },
	{ "sg_owner", "project_id:%(security_group:project_id)s",
		"The project that its security group belongs to." },
	{ "admin_or_sg_owner", "rule:context_is_admin or rule:sg_owner",
		"The administrator, or the project that its security group belongs to." },
	{ "admin_owner_or_sg_owner", "rule:owner or rule:admin_or_sg_owner",
		"The project that it, or its security group, belongs to, or the administrator." },
	{ "external", "field:networks:router:external=True", "It, or its network, is external." },
	{ "shared_address_groups", "field:address_groups:shared=True",
		"An address group that is shared to the caller." },
	{ "shared_address_scopes", "field:address_scopes:shared=True",
		"An address scope that is shared to the caller." },
	{ "shared_subnetpools", "field:subnetpools:shared=True",
		"A subnet pool that is shared to the caller." },
	{ "default", "rule:admin_or_owner",
		"In OpenStack for what has no rule; here everything has one, and nothing asks for this." },
	{ "restrict_wildcard", "rule:context_is_admin or not field:rbac_policies:target_tenant=*",
		"Only the administrator shares with everybody." },
	{ 0 },
};

/* What handlers ask for by name: policy_check_named(). */
static const struct kind_rule named[] = {
	{ "get_rule_type", "rule:admin_only", "See the details of a type of QoS rules." },
	{ "create_flavor_service_profile", "rule:admin_only", "Give a flavor a service profile." },
	{ "get_flavor_service_profile", "rule:get_flavor",
		"See that a flavor has a service profile." },
	{ "delete_flavor_service_profile", "rule:admin_only",
		"Take a service profile from a flavor." },
	/* OpenStack's policy files have these, too; nobody may do it, whatever they say. */
	{ "update_network:provider:network_type", "rule:admin_only",
		"Change what carries a network: refused to everybody." },
	{ "update_network:provider:physical_network", "rule:admin_only",
		"Change what carries a network: refused to everybody." },
	{ "update_network:segments", "rule:admin_only",
		"Change what carries a network: refused to everybody." },
	{ 0 },
};

static void rule_free(gpointer data)
{
	struct rule *rule = data;

	g_free(rule->name);
	g_free(rule);
}

static struct rule *find(const struct policy *policy, const char *name)
{
	return g_hash_table_lookup(policy->by_name, name);
}

static struct rule *add(struct policy *policy, const char *name, const char *text, const char *doc)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->name = g_strdup(name);
	rule->text = g_intern_string(text ? text : "");
	rule->fallback = text ? rule->text : NULL;
	rule->doc = doc;
	g_ptr_array_add(policy->rules, rule);
	g_hash_table_insert(policy->by_name, rule->name, rule);
	return rule;
}

/* A default; what the kind lists comes first and stays. */
static const struct rule *ask(
	struct policy *policy, const char *name, const char *text, const char *doc)
{
	struct rule *rule = find(policy, name);

	if (!rule)
		rule = add(policy, name, text, doc);
	rule->asked = true;
	return rule;
}

/* "qos_policy" has the name "policy" in rules, as it has in the API; what is below it has its name
 * before its own. */
char *policy_kind_name(const struct kind *kind)
{
	if (!kind_is_nested(kind))
		return g_strdup(kind->singular);
	return g_strconcat(kind_by_id(kind_parent(kind))->singular, "_", kind->singular, NULL);
}

static const char *default_text(const struct kind *kind, enum policy_operation operation)
{
	if (operation == POLICY_GET)
		return kind->flags & (KIND_ADMIN_ONLY | KIND_NOT_NETWORKING)
			       ? "rule:admin_or_system_reader"
			       : "role:reader";
	if (kind->flags & (KIND_ADMIN_ONLY | KIND_ADMIN_WRITE | KIND_NOT_NETWORKING))
		return "rule:admin_only";
	if (kind_parent(kind))
		return "rule:admin_or_ext_parent_owner";
	return kind->attrs[SLOT_PROJECT_ID].name ? "rule:admin_or_project_member"
						 : "rule:admin_only";
}

static const char *operation_doc(const struct kind *kind, enum policy_operation operation)
{
	g_autofree char *doc = NULL;
	static const char *const verbs[] = { "Create", "See", "Change", "Delete" };

	doc = g_strdup_printf("%s a %s.", verbs[operation], kind->singular);
	return g_intern_string(doc);
}

static const char *attr_doc(
	const struct kind *kind, enum policy_operation operation, const struct attr *attr)
{
	static const char *const verbs[] = { "Give", "See", "Change" };
	g_autofree char *doc =
		g_strdup_printf("%s %s of a %s.", verbs[operation], attr->name, kind->singular);

	return g_intern_string(doc);
}

/* Which attributes have a rule by default: what is the administrator's. */
static const char *attr_text(const struct attr *attr, enum policy_operation operation)
{
	if (operation == POLICY_GET)
		return attr->flags & ATTR_ADMIN_READ ? "rule:admin_or_system_reader" : NULL;
	return attr->flags & ATTR_ADMIN_SET ? "rule:admin_only" : NULL;
}

static bool concerns(const struct attr *attr, enum policy_operation operation)
{
	if (!attr->name)
		return false;
	return (operation == POLICY_GET && !(attr->flags & ATTR_SECRET)) ||
	       (operation == POLICY_CREATE && attr->flags & ATTR_CREATE) ||
	       (operation == POLICY_UPDATE && attr->flags & ATTR_UPDATE);
}

static void add_attr(struct policy *policy, const struct kind *kind, const char *kind_name,
	enum policy_operation operation, const struct attr *attr)
{
	const char *text = attr_text(attr, operation);
	g_autofree char *name = g_strdup_printf(
		"%s_%s:%s", policy_operation_names[operation], kind_name, attr->name);

	if (text || find(policy, name))
		ask(policy, name, text, attr_doc(kind, operation, attr));
}

static void add_operation(struct policy *policy, const struct kind *kind, const char *kind_name,
	enum policy_operation operation)
{
	g_autofree char *name =
		g_strdup_printf("%s_%s", policy_operation_names[operation], kind_name);

	policy->kinds[kind->id].operations[operation] =
		ask(policy, name, default_text(kind, operation), operation_doc(kind, operation));
	if (operation == POLICY_DELETE)
		return;
	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (concerns(&kind->attrs[slot], operation))
			add_attr(policy, kind, kind_name, operation, &kind->attrs[slot]);
}

/* A verb has its own name, as "add_router_interface" has; one that several kinds have, the kind's
 * name behind it. */
static void add_verb(struct policy *policy, const char *kind_name, const struct kind_action *action,
	struct action_rules *ret)
{
	g_autofree char *name = g_strdup(action->name);
	g_autofree char *text =
		g_strdup_printf("rule:%s_%s", action->read ? "get" : "update", kind_name);

	if (find(policy, name) && find(policy, name)->asked) {
		g_free(name);
		name = g_strdup_printf("%s_%s", action->name, kind_name);
	}
	ret->run = ask(policy, name, text, action->doc);
}

/* As OpenStack names them: "get_dhcp-networks", "create_dhcp-network". */
static void add_collection(
	struct policy *policy, const struct kind_action *action, struct action_rules *ret)
{
	g_autofree char *get = g_strconcat("get_", action->name, NULL);
	g_autofree char *create = g_strconcat("create_", action->item, NULL);
	g_autofree char *delete = g_strconcat("delete_", action->item, NULL);

	ret->run = ask(policy, get, "rule:admin_or_system_reader", action->doc);
	if (!action->add)
		return;
	ret->add = ask(policy, create, "rule:admin_only", "Add to them.");
	ret->remove = ask(policy, delete, "rule:admin_only", "Take out of them.");
}

static void add_actions(struct policy *policy, const struct kind *kind, const char *kind_name)
{
	struct action_rules *rules;
	unsigned n = 0;

	while (kind->actions && kind->actions[n].name)
		n++;
	rules = policy->kinds[kind->id].actions = g_new0(struct action_rules, n + 1);
	for (unsigned i = 0; i < n; i++)
		if (kind->actions[i].item)
			add_collection(policy, &kind->actions[i], &rules[i]);
		else
			add_verb(policy, kind_name, &kind->actions[i], &rules[i]);
}

/* By default fields have rules only where the kind lists them. */
static bool is_field_rule(const struct kind *kind, const char *rule)
{
	for (unsigned slot = 0; slot < kind->n_slots; slot++) {
		const struct attr *attr = &kind->attrs[slot];
		const struct attr *field = policy_fields(attr);

		for (; field && field->name; field++) {
			g_autofree char *end = g_strdup_printf(":%s:%s", attr->name, field->name);

			if (g_str_has_suffix(rule, end))
				return true;
		}
	}
	return false;
}

/* Where objects are found without their parent, that rule is asked, too. */
static void add_aliases(struct policy *policy, const struct kind *kind, const char *kind_name)
{
	for (unsigned operation = POLICY_GET; operation < N_POLICY_OPERATIONS; operation++) {
		const char *verb = policy_operation_names[operation];
		g_autofree char *name = g_strdup_printf("%s_%s", verb, kind->alias_singular);
		g_autofree char *text = g_strdup_printf("rule:%s_%s", verb, kind_name);

		ask(policy, name, text, operation_doc(kind, operation));
	}
}

/* The Identity API asks for none. */
static void add_identity_kind(struct policy *policy, const struct kind *kind)
{
	for (unsigned operation = 0; operation < N_POLICY_OPERATIONS; operation++)
		policy->kinds[kind->id].operations[operation] =
			find(policy, default_text(kind, operation) + strlen("rule:"));
}

static void add_kind(struct policy *policy, const struct kind *kind)
{
	g_autofree char *name = policy_kind_name(kind);

	if (kind->flags & KIND_INTERNAL)
		return;
	if (kind->flags & KIND_IDENTITY)
		return add_identity_kind(policy, kind);
	for (const struct kind_rule *own = kind->rules; own && own->name; own++)
		add(policy, own->name, own->text, own->doc)->asked = is_field_rule(kind, own->name);
	for (unsigned operation = 0; operation < N_POLICY_OPERATIONS; operation++)
		add_operation(policy, kind, name, operation);
	add_actions(policy, kind, name);
	if (kind->alias_singular)
		add_aliases(policy, kind, name);
}

struct policy *policy_new(void)
{
	struct policy *policy = g_new0(struct policy, 1);

	policy->rules = g_ptr_array_new_with_free_func(rule_free);
	policy->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	policy->exprs = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)expr_free);
	policy->roles = g_ptr_array_new_with_free_func(g_free);
	for (const struct kind_rule *rule = common; rule->name; rule++)
		ask(policy, rule->name, rule->text, rule->doc);
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		policy->kinds[id].fields = g_array_new(FALSE, FALSE, sizeof(struct field_rule));
		add_kind(policy, kind_by_id((enum kind_id)id));
	}
	for (const struct kind_rule *rule = named; rule->name; rule++)
		ask(policy, rule->name, rule->text, rule->doc);
	return policy;
}

void policy_free(struct policy *policy)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		g_array_unref(policy->kinds[id].fields);
		g_free(policy->kinds[id].actions);
	}
	g_ptr_array_unref(policy->roles);
	g_hash_table_destroy(policy->exprs);
	g_hash_table_destroy(policy->by_name);
	g_ptr_array_unref(policy->rules);
	g_free(policy);
}

/* Does @rest, as in "create_port:REST", name the attribute, or a field of it that may be given? */
static bool names_attr(const struct attr *attr, enum policy_operation operation, const char *rest)
{
	size_t len = strlen(attr->name);

	if (strncmp(rest, attr->name, len) != 0)
		return false;
	if (!rest[len])
		return true;
	if (rest[len] != ':' || operation == POLICY_GET)
		return false;
	for (const struct attr *field = policy_fields(attr); field && field->name; field++)
		if (!strcmp(field->name, rest + len + 1))
			return true;
	return false;
}

static bool asks_for(const struct kind *kind, enum policy_operation operation, const char *name)
{
	g_autofree char *kind_name = policy_kind_name(kind);
	g_autofree char *prefix =
		g_strdup_printf("%s_%s:", policy_operation_names[operation], kind_name);

	if (kind->flags & KIND_NOT_NETWORKING || !g_str_has_prefix(name, prefix))
		return false;
	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (concerns(&kind->attrs[slot], operation) &&
			names_attr(&kind->attrs[slot], operation, name + strlen(prefix)))
			return true;
	return false;
}

/* Is it a rule that the API would ask for, was there one? */
static bool is_possible(const char *name)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		for (unsigned op = 0; op < N_POLICY_OPERATIONS; op++)
			if (asks_for(kind_by_id((enum kind_id)id), op, name))
				return true;
	return false;
}

bool policy_set(struct policy *policy, const char *name, const char *text, GError **error)
{
	struct rule *rule = find(policy, name);

	if (strlen(text) > TEXT_MAX)
		return weft_fail(
			error, INVALID_INPUT, "the rule has more than %d characters", TEXT_MAX);
	if (!g_hash_table_contains(policy->exprs, g_intern_string(text))) {
		struct expr *expr = expr_parse(policy, text, error);

		if (!expr)
			return false;
		g_hash_table_insert(policy->exprs, (gpointer)g_intern_string(text), expr);
	}
	if (!rule) {
		rule = add(policy, name, NULL, NULL);
		rule->asked = is_possible(name);
	}
	rule->text = g_intern_string(text);
	return true;
}

void policy_foreach(const struct policy *policy,
	void (*visit)(const char *name, const char *text, const char *doc, void *user), void *user)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct rule *rule = policy->rules->pdata[i];

		if (rule->fallback)
			visit(rule->name, rule->text, rule->doc, user);
	}
}

u64 policy_role(const struct policy *policy, const char *role)
{
	for (guint bit = 0; bit < policy->roles->len; bit++)
		if (!g_ascii_strcasecmp(policy->roles->pdata[bit], role))
			return 1ull << bit;
	return 0;
}

bool policy_has_roles(const struct policy *policy)
{
	return policy->roles->len > 0;
}
