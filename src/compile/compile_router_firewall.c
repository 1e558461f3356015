/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall group of a router's port is in the scope of the router, with all its rules, where
 * hosts ask it; what another provider asks it is told of. */
#include <string.h>

#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/records.h"
#include "compile/router_firewall.h"
#include "compile/touched.h"

#include "model/firewall/firewall_group.h"
#include "model/firewall/firewall_policy.h"
#include "model/firewall/firewall_provider.h"
#include "model/firewall/firewall_rule.h"
#include "model/port/port.h"

/* Objects as they were (with a compilation), or are. */
struct sight {
	const struct compilation *c; /* NULL: as they are */
	const struct model *model;
};

static const struct object *see(const struct sight *sight, enum kind_id kind, const struct uuid *id)
{
	return sight->c ? compile_old(sight->c, kind, id) : model_get(sight->model, kind, id);
}

static void member_prefix(struct json_writer *w, const struct object *rule, unsigned slot)
{
	const char *text = object_str(rule, slot);
	g_autofree char *whole = NULL;

	if (!text)
		return;
	if (!strchr(text, '/')) /* one address */
		whole = g_strdup_printf("%s/%d", text, strchr(text, ':') ? 128 : 32);
	jw_member_string(w, object_kind(rule)->attrs[slot].name, whole ?: text);
}

static void member_ports(
	struct json_writer *w, const struct object *rule, unsigned slot, const char *key)
{
	g_autofree char *from = g_strdup_printf("%s_first", key);
	g_autofree char *to = g_strdup_printf("%s_last", key);
	u16 first, last;

	if (!firewall_rule_ports(rule, slot, &first, &last))
		return;
	jw_member_int(w, from, first);
	jw_member_int(w, to, last);
}

/* By reference: each host knows which group a port is in. */
static void member_group(struct json_writer *w, const struct object *rule, unsigned slot)
{
	if (!object_is_null(rule, slot))
		jw_member_string(w, object_kind(rule)->attrs[slot].name, object_str(rule, slot));
}

static void write_rule(struct json_writer *w, const struct object *rule)
{
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(rule), id));
	jw_member_string(w, "action", object_str(rule, FIREWALL_RULE_ACTION));
	jw_member_int(w, "ip_version", object_int(rule, FIREWALL_RULE_IP_VERSION));
	jw_member_string(w, "name", object_str(rule, SLOT_NAME));
	if (firewall_rule_protocol(rule) >= 0)
		jw_member_int(w, "protocol", firewall_rule_protocol(rule));
	member_prefix(w, rule, FIREWALL_RULE_SOURCE_IP);
	member_prefix(w, rule, FIREWALL_RULE_DESTINATION_IP);
	member_ports(w, rule, FIREWALL_RULE_SOURCE_PORT, "source_port");
	member_ports(w, rule, FIREWALL_RULE_DESTINATION_PORT, "destination_port");
	member_group(w, rule, FIREWALL_RULE_SOURCE_GROUP);
	member_group(w, rule, FIREWALL_RULE_DESTINATION_GROUP);
	jw_end_object(w);
}

static void write_policy_name(struct json_writer *w, const struct sight *sight,
	const struct object *group, unsigned slot, const char *key)
{
	const struct object *policy = NULL;
	struct uuid id;

	if (object_uuid(group, slot, &id))
		policy = see(sight, KIND_FIREWALL_POLICY, &id);
	if (!policy)
		return;
	jw_member_string(w, object_kind(group)->attrs[slot].name, object_str(group, slot));
	jw_member_string(w, key, object_str(policy, SLOT_NAME));
}

static void write_policy(struct json_writer *w, const struct sight *sight,
	const struct object *group, unsigned slot, const char *key)
{
	const struct object *policy, *rule;
	json_t *rules = NULL, *item;
	struct uuid id;
	size_t i;

	jw_key(w, key);
	jw_begin_array(w);
	if (object_bool(group, FIREWALL_GROUP_ADMIN_STATE_UP) && object_uuid(group, slot, &id)) {
		policy = see(sight, KIND_FIREWALL_POLICY, &id);
		rules = policy ? object_json(policy, FIREWALL_POLICY_RULES) : NULL;
	}
	json_array_foreach(rules, i, item) {
		rule = uuid_parse(json_string_value(item), &id)
			       ? see(sight, KIND_FIREWALL_RULE, &id)
			       : NULL;
		if (rule && object_bool(rule, FIREWALL_RULE_ENABLED))
			write_rule(w, rule);
	}
	json_decref(rules);
	jw_end_array(w);
}

static void write_record(const struct sight *sight, const struct object *group,
	const struct uuid *router, GString *text)
{
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN];

	jw_begin_object(&w);
	jw_member_string(&w, "router_id", uuid_format(router, id));
	jw_member_string(&w, "firewall_group_id", uuid_format(object_id(group), id));
	jw_member_string(&w, "name", object_str(group, SLOT_NAME));
	jw_member_string(&w, "project_id", object_str(group, SLOT_PROJECT_ID));
	write_policy_name(&w, sight, group, FIREWALL_GROUP_INGRESS_POLICY, "ingress_policy_name");
	write_policy_name(&w, sight, group, FIREWALL_GROUP_EGRESS_POLICY, "egress_policy_name");
	write_policy(&w, sight, group, FIREWALL_GROUP_INGRESS_POLICY, "ingress");
	write_policy(&w, sight, group, FIREWALL_GROUP_EGRESS_POLICY, "egress");
	jw_end_object(&w);
}

void router_firewall_write(const struct model *model, const struct object *group,
	const struct uuid *router, GString *text)
{
	struct sight now = { NULL, model };

	write_record(&now, group, router, text);
}

static void add_ports(GHashTable *ports, const struct object *group)
{
	json_t *list = group ? object_json(group, FIREWALL_GROUP_PORTS) : NULL, *item;
	struct uuid id;
	size_t i;

	json_array_foreach(list, i, item)
		if (uuid_parse(json_string_value(item), &id))
			g_hash_table_add(ports, g_memdup2(&id, sizeof(id)));
	json_decref(list);
}

static void add_by_policy(const struct compilation *c, GHashTable *ports, const struct uuid *policy)
{
	static const unsigned indexes[] = { FIREWALL_GROUP_BY_INGRESS, FIREWALL_GROUP_BY_EGRESS };
	const struct object *group;
	struct model_iter iter;
	char id[UUID_STRLEN];

	for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
		model_iter_init(&iter, c->model, KIND_FIREWALL_GROUP, indexes[i],
			uuid_format(policy, id), NULL);
		while ((group = model_iter_next(&iter)))
			add_ports(ports, group);
	}
}

static bool hosts_ask(const struct object *router)
{
	char buf[PROVIDER_NAME_MAX + 1];

	return router && !firewall_provider(router, buf);
}

/* A router that hosts begin to route for, or do no more. */
static void add_by_router(
	const struct compilation *c, const struct change *change, GHashTable *ports)
{
	if (change->old && change->new &&hosts_ask(change->old) != hosts_ask(change->new))
		touch_by(c, KIND_PORT, PORT_BY_DEVICE, &change->id, ports);
}

static void add_by_change(
	const struct compilation *c, const struct change *change, GHashTable *ports)
{
	const struct object *policy;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (change->kind == KIND_ROUTER)
		add_by_router(c, change, ports);
	if (change->kind == KIND_FIREWALL_GROUP) {
		add_ports(ports, change->old);
		add_ports(ports, change->new);
	}
	if (change->kind == KIND_FIREWALL_POLICY)
		add_by_policy(c, ports, &change->id);
	if (change->kind != KIND_FIREWALL_RULE)
		return;
	model_iter_init(&iter, c->model, KIND_FIREWALL_POLICY, FIREWALL_POLICY_BY_RULE,
		uuid_format(&change->id, id), NULL);
	while ((policy = model_iter_next(&iter)))
		add_by_policy(c, ports, object_id(policy));
}

static bool has_port(const struct object *group, const char *port)
{
	return group && firewall_group_has_port(group, port);
}

/* The group that the port had; NULL: none. */
static const struct object *old_group(const struct compilation *c, const char *port)
{
	const struct object *now;

	for (unsigned i = 0; i < c->changes->n; i++)
		if (c->changes->changes[i].kind == KIND_FIREWALL_GROUP &&
			has_port(c->changes->changes[i].old, port))
			return c->changes->changes[i].old;
	now = model_first(c->model, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT, port, NULL);
	return now ? compile_find(c, KIND_FIREWALL_GROUP, object_id(now)) ? NULL : now : NULL;
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	const struct object *old = compile_old(c, KIND_PORT, id);
	const struct object *new = model_get(c->model, KIND_PORT, id), *group;
	struct sight before = { c, NULL }, after = { NULL, c->model };
	struct uuid router;
	char text[UUID_STRLEN];

	uuid_format(id, text);
	if ((!old && !new) || !uuid_parse(object_str(new ? new : old, PORT_DEVICE_ID), &router))
		return;
	group = old ? old_group(c, text) : NULL;
	if (group && hosts_ask(compile_old(c, KIND_ROUTER, &router)))
		write_record(&before, group, &router, c->before);
	group = new ? model_first(c->model, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT, text, NULL)
		    : NULL;
	if (group && hosts_ask(model_get(c->model, KIND_ROUTER, &router)))
		write_record(&after, group, &router, c->after);
	compile_difference(c, SCOPE_ROUTER, &router, "router-firewall", text);
}

void compile_router_firewalls(struct compilation *c)
{
	g_autoptr(GHashTable) ports = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer id;

	for (unsigned i = 0; i < c->changes->n; i++)
		add_by_change(c, &c->changes->changes[i], ports);
	g_hash_table_iter_init(&iter, ports);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		compile_one(c, id);
}

void give_router_firewalls(struct enumeration *e, const struct uuid *router)
{
	struct sight now = { NULL, e->model };
	const struct object *port, *group;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!hosts_ask(model_get(e->model, KIND_ROUTER, router)))
		return;
	model_iter_init(&iter, e->model, KIND_PORT, PORT_BY_DEVICE, uuid_format(router, id), NULL);
	while ((port = model_iter_next(&iter))) {
		uuid_format(object_id(port), id);
		group = model_first(
			e->model, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT, id, NULL);
		if (!group)
			continue;
		write_record(&now, group, router, e->text);
		enumeration_give(e, "router-firewall", id);
	}
}
