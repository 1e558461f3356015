/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts have the scopes of which groups: a security group while a port there has it (or may
 * move there), the members of a group, or an address group, while a rule of such a security group
 * names it, or a rule of the provider's tiers, which concern every host.
 *
 * As with networks (compile_member.c) nothing is kept: indexes count what is now, the change-set
 * knows what was before. Only the first or last port with a group on a host, and a rule that begins
 * or ceases to name a group, are looked at further.
 */
#include "compile/compilation.h"

#include "model/host/host.h"
#include "model/port/port.h"
#include "model/port/port_binding.h"
#include "model/firewall/security_group_rule.h"

guint host_group_hash(gconstpointer data)
{
	const struct host_group *key = data;

	return (uuid_hash(&key->host) * 31 + uuid_hash(&key->group)) * 31 + key->type;
}

gboolean host_group_equal(gconstpointer a, gconstpointer b)
{
	const struct host_group *x = a, *y = b;

	return uuid_equal(&x->host, &y->host) && uuid_equal(&x->group, &y->group) &&
	       x->type == y->type;
}

static struct host_group *need(
	GHashTable *set, const struct uuid *host, const struct uuid *group, enum scope_type type)
{
	struct host_group key = { .host = *host, .group = *group, .type = type };
	struct host_group *found = g_hash_table_lookup(set, &key);

	if (!found) {
		found = g_memdup2(&key, sizeof(key));
		g_hash_table_add(set, found);
	}
	return found;
}

void compile_placed_groups(
	struct compilation *c, const struct uuid *host, const struct object *port, int delta)
{
	struct port_groups groups = port_groups_of(port);
	struct uuid group;

	while (port_groups_next(&groups))
		if (uuid_parse(groups.id, &group))
			need(c->groups, host, &group, SCOPE_SECURITY_GROUP)->delta += delta;
}

/* How many ports of the host, or that may move to it, have the group now. */
static unsigned group_ports(const struct model *model, const struct object *host, const char *group)
{
	unsigned n = model_count(
		model, KIND_PORT, PORT_BY_HOST_GROUP, object_str(host, SLOT_NAME), group, NULL);
	const struct object *binding, *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	/* those that may move there: as many as there are moves under way */
	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID,
		uuid_format(object_id(host), id), NULL);
	while ((binding = model_iter_next(&iter))) {
		port = model_get_text(model, KIND_PORT, object_str(binding, PORT_BINDING_PORT_ID));
		n += port && port_has_group(port, group);
	}
	return n;
}

/* Whether the host has the group, on both sides. */
struct sides {
	bool before, after;
};

static struct sides has_group(
	const struct compilation *c, const struct uuid *host, const struct uuid *group)
{
	struct host_group key = { *host, *group, SCOPE_SECURITY_GROUP, 0 };
	const struct host_group *touched = g_hash_table_lookup(c->groups, &key);
	const struct object *object = model_get(c->model, KIND_HOST, host);
	char text[UUID_STRLEN];
	int n;

	if (!object)
		object = compile_old(c, KIND_HOST, host);
	n = (int)group_ports(c->model, object, uuid_format(group, text));
	return (struct sides){ .before = n - (touched ? touched->delta : 0) > 0, .after = n > 0 };
}

/* What a rule names, if anything; SCOPE_HOST: nothing. */
static enum scope_type named_by(const struct object *rule, struct uuid *ret)
{
	if (object_uuid(rule, MATCH_GROUP_ID, ret))
		return SCOPE_GROUP_MEMBERS;
	return object_uuid(rule, MATCH_ADDRESS_GROUP_ID, ret) ? SCOPE_ADDRESS_GROUP : SCOPE_HOST;
}

static void add_named(GHashTable *named, const struct uuid *host, const struct object *rule)
{
	struct uuid id;
	enum scope_type type = named_by(rule, &id);

	if (type != SCOPE_HOST)
		need(named, host, &id, type);
}

/* A change of a rule that comes or goes, or NULL. */
static const struct object *changed_rule(const struct change *change)
{
	if (change->kind != KIND_SECURITY_GROUP_RULE || (change->old && change->new))
		return NULL;
	return change->new ? change->new : change->old;
}

static bool is_of(const struct object *rule, const struct uuid *group)
{
	struct uuid id;

	return object_uuid(rule, SECURITY_GROUP_RULE_GROUP_ID, &id) && uuid_equal(&id, group);
}

/* The host gets its first port with the group, or loses its last: so all that its rules name. */
static void compile_first_or_last(
	struct compilation *c, const struct host_group *touched, GHashTable *named)
{
	struct sides has = has_group(c, &touched->host, &touched->group);
	const struct object *rule;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (has.before == has.after)
		return;
	compile_interest(c, has.after ? INTEREST_GAIN : INTEREST_LOSE, &touched->host,
		SCOPE_SECURITY_GROUP, &touched->group);
	model_iter_init(&iter, c->model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_GROUP,
		uuid_format(&touched->group, id), NULL);
	while ((rule = model_iter_next(&iter)))
		add_named(named, &touched->host, rule);
	for (unsigned i = 0; i < c->changes->n; i++) {
		rule = changed_rule(&c->changes->changes[i]);
		if (rule && is_of(rule, &touched->group))
			add_named(named, &touched->host, rule);
	}
}

static void add_host(
	const struct compilation *c, const struct object *rule, GHashTable *named, const char *name)
{
	const struct object *host =
		*name ? model_first(c->model, KIND_HOST, HOST_BY_NAME, name, NULL) : NULL;

	if (host)
		add_named(named, object_id(host), rule);
}

/* By the ports that have the rule's group, or by the hosts, whichever are fewer. */
static void add_hosts(const struct compilation *c, const struct object *rule, const char *group,
	GHashTable *named)
{
	bool by_port = model_count(c->model, KIND_PORT, PORT_BY_SECURITY_GROUP, group, NULL) <
		       model_count_all(c->model, KIND_HOST);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *object;
	struct model_iter iter;

	if (by_port)
		model_iter_init(&iter, c->model, KIND_PORT, PORT_BY_SECURITY_GROUP, group, NULL);
	else
		model_iter_all(&iter, c->model, KIND_HOST, NULL);
	while ((object = model_iter_next(&iter))) {
		const char *name = object_str(object, by_port ? PORT_HOST_ID : SLOT_NAME);

		if (g_hash_table_add(seen, (gpointer)name) &&
			(by_port || model_first(c->model, KIND_PORT, PORT_BY_HOST_GROUP, name,
					    group, NULL)))
			add_host(c, rule, named, name);
	}
}

/* A rule that comes or goes concerns the hosts that have its group; of the moves under way, those
 * too. */
static void compile_naming(struct compilation *c, const struct object *rule, GHashTable *named)
{
	const char *group = object_str(rule, SECURITY_GROUP_RULE_GROUP_ID);
	const struct host_group *touched;
	const struct object *binding, *port;
	struct model_iter iter;
	GHashTableIter i;
	struct uuid id;

	if (named_by(rule, &id) == SCOPE_HOST)
		return;
	add_hosts(c, rule, group, named);
	g_hash_table_iter_init(&i, c->groups);
	while (g_hash_table_iter_next(&i, (gpointer *)&touched, NULL))
		if (is_of(rule, &touched->group))
			add_named(named, &touched->host, rule);
	if (!c->migrating)
		return;
	model_iter_all(&iter, c->model, KIND_PORT_BINDING, NULL);
	while ((binding = model_iter_next(&iter))) {
		port = model_get_text(
			c->model, KIND_PORT, object_str(binding, PORT_BINDING_PORT_ID));
		if (port && port_has_group(port, group))
			add_host(c, rule, named, object_str(binding, PORT_BINDING_HOST));
	}
}

static void add_sides(const struct compilation *c, const struct uuid *host,
	const struct object *rule, struct sides exists, struct sides *sides)
{
	struct uuid group;
	struct sides has;

	if (!object_uuid(rule, SECURITY_GROUP_RULE_GROUP_ID, &group))
		return;
	has = has_group(c, host, &group);
	sides->before |= exists.before && has.before;
	sides->after |= exists.after && has.after;
}

/* What the rules of tiers name, every host has. */
static void add_tiers(
	const struct compilation *c, const struct host_group *named, struct sides *sides)
{
	struct sides by_tiers;

	compile_named_by_tiers(c, named->type, &named->group, &by_tiers.before, &by_tiers.after);
	sides->before |= by_tiers.before && compile_old(c, KIND_HOST, &named->host);
	sides->after |= by_tiers.after && model_get(c->model, KIND_HOST, &named->host);
}

/* A rule of a tier that comes or goes concerns all hosts; one of these that does, all such rules.
 */
static void compile_tiers_naming(
	struct compilation *c, const struct change *change, GHashTable *named)
{
	bool is_rule = change->kind == KIND_SECURITY_POLICY_RULE;
	const struct object *any = change->new ? change->new : change->old, *other;
	struct model_iter iter;

	if ((!is_rule && change->kind != KIND_HOST) || (change->old && change->new))
		return;
	model_iter_all(&iter, c->model, is_rule ? KIND_HOST : KIND_SECURITY_POLICY_RULE, NULL);
	while ((other = model_iter_next(&iter)))
		add_named(named, object_id(is_rule ? other : any), is_rule ? any : other);
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *gone = &c->changes->changes[i];

		if (!gone->new && gone->kind == (is_rule ? KIND_HOST : KIND_SECURITY_POLICY_RULE))
			add_named(named, is_rule ? &gone->id : &change->id,
				is_rule ? any : gone->old);
	}
}

/* Whether a rule of a group that the host has names it, on both sides. */
static struct sides is_named(const struct compilation *c, const struct host_group *named)
{
	unsigned index = named->type == SCOPE_GROUP_MEMBERS ? SECURITY_GROUP_RULE_BY_REMOTE_GROUP
							    : SECURITY_GROUP_RULE_BY_ADDRESS_GROUP;
	struct sides sides = { 0 };
	const struct object *rule;
	struct model_iter iter;
	char text[UUID_STRLEN];
	struct uuid id;

	for (unsigned i = 0; i < c->changes->n; i++) {
		rule = changed_rule(&c->changes->changes[i]);
		if (rule && named_by(rule, &id) == named->type && uuid_equal(&id, &named->group))
			add_sides(c, &named->host, rule,
				(struct sides){
					c->changes->changes[i].old, c->changes->changes[i].new },
				&sides);
	}
	model_iter_init(&iter, c->model, KIND_SECURITY_GROUP_RULE, index,
		uuid_format(&named->group, text), NULL);
	while (!(sides.before && sides.after) && (rule = model_iter_next(&iter))) {
		const struct change *change =
			compile_find(c, KIND_SECURITY_GROUP_RULE, object_id(rule));

		if (!change || change->old)
			add_sides(c, &named->host, rule, (struct sides){ true, true }, &sides);
	}
	add_tiers(c, named, &sides);
	return sides;
}

void compile_group_interests(struct compilation *c)
{
	g_autoptr(GHashTable) named =
		g_hash_table_new_full(host_group_hash, host_group_equal, g_free, NULL);
	const struct object *rule;
	struct host_group *key;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, c->groups);
	while (g_hash_table_iter_next(&iter, (gpointer *)&key, NULL))
		compile_first_or_last(c, key, named);
	for (unsigned i = 0; i < c->changes->n; i++) {
		rule = changed_rule(&c->changes->changes[i]);
		if (rule)
			compile_naming(c, rule, named);
		compile_tiers_naming(c, &c->changes->changes[i], named);
	}
	g_hash_table_iter_init(&iter, named);
	while (g_hash_table_iter_next(&iter, (gpointer *)&key, NULL)) {
		struct sides sides = is_named(c, key);

		if (sides.before != sides.after)
			compile_interest(c, sides.after ? INTEREST_GAIN : INTEREST_LOSE, &key->host,
				key->type, &key->group);
	}
}
