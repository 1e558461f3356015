/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/firewall.h"

#include <string.h>

#include "agent/desired/parts.h"

struct pending {
	struct record_key key;
	bool put;
	struct record record; /* with put, but of a port */
};

static void pending_clear(gpointer data)
{
	struct pending *pending = data;

	if (pending->put && pending->key.kind != RECORD_PORT)
		record_clear(&pending->record);
}

static void group_free(gpointer data)
{
	struct security_group *group = data;

	g_ptr_array_unref(group->rules);
	g_ptr_array_unref(group->policies);
	g_free(group->name);
	g_free(group);
}

static void policy_free(gpointer data)
{
	struct policy *policy = data;

	g_ptr_array_unref(policy->groups);
	g_clear_pointer(&policy->tier_policies, g_array_unref);
	g_free(policy->reason);
	g_free(policy);
}

struct firewall *firewall_new(void)
{
	struct firewall *firewall = g_new0(struct firewall, 1);

	firewall->groups = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, group_free);
	firewall->rules = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);
	firewall->address_groups =
		g_hash_table_new_full(uuid_hash, uuid_equal, NULL, address_group_free);
	firewall->policies = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, policy_free);
	firewall->members =
		g_hash_table_new_full(member_hash, member_equal, group_member_free, NULL);
	firewall->memberships =
		g_hash_table_new_full(membership_hash, membership_equal, membership_free, NULL);
	firewall->dirty_policies = g_hash_table_new(NULL, NULL);
	firewall->dirty_memberships = g_hash_table_new(NULL, NULL);
	firewall->tiers = tiers_new();
	firewall->domains = domains_new();
	firewall->pending = g_array_new(FALSE, FALSE, sizeof(struct pending));
	g_array_set_clear_func(firewall->pending, pending_clear);
	return firewall;
}

void firewall_free(struct firewall *firewall)
{
	g_array_unref(firewall->pending);
	tiers_free(firewall->tiers);
	domains_free(firewall->domains);
	g_hash_table_unref(firewall->dirty_policies);
	g_hash_table_unref(firewall->dirty_memberships);
	g_hash_table_unref(firewall->memberships);
	g_hash_table_unref(firewall->members);
	g_hash_table_unref(firewall->policies);
	g_hash_table_unref(firewall->address_groups);
	g_hash_table_unref(firewall->rules);
	g_hash_table_unref(firewall->groups);
	g_free(firewall);
}

void firewall_pend(struct desired *desired, const struct record_key *key, struct record *record)
{
	struct pending pending = { .key = *key, .put = record };

	if (record && key->kind != RECORD_PORT) {
		pending.record = *record;
		*record = (struct record){ .kind = record->kind }; /* taken over */
	}
	g_array_append_val(desired->firewall->pending, pending);
}

static struct security_group *group_need(struct firewall *firewall, const struct uuid *id)
{
	struct security_group *group = g_hash_table_lookup(firewall->groups, id);

	if (group)
		return group;
	group = g_new0(struct security_group, 1);
	group->id = *id;
	group->stateful = true;
	group->rules = g_ptr_array_new();
	group->policies = g_ptr_array_new();
	g_hash_table_insert(firewall->groups, &group->id, group);
	return group;
}

static void group_mark(struct firewall *firewall, const struct security_group *group)
{
	for (guint i = 0; i < group->policies->len; i++)
		g_hash_table_add(firewall->dirty_policies, group->policies->pdata[i]);
}

static void group_collect(struct firewall *firewall, struct security_group *group)
{
	if (!group->known && !group->rules->len && !group->policies->len)
		g_hash_table_remove(firewall->groups, &group->id);
}

/* Ports whose policy waited for a group: that is rare, as a group comes with its ports. */
static void mark_waiting_ports(struct desired *desired)
{
	struct port *port;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, desired->ports);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&port))
		if (port->policy && !port->policy->applied)
			port_mark(desired, port);
}

static void group_pended(
	struct desired *desired, const struct uuid *id, struct record_security_group *record)
{
	struct firewall *firewall = desired->firewall;
	struct security_group *group = group_need(firewall, id);

	g_clear_pointer(&group->name, g_free);
	if (record && !group->known && group->policies->len)
		mark_waiting_ports(desired);
	group->known = record;
	if (record) {
		group->name = g_steal_pointer(&record->name);
		group->stateful = record->stateful;
	}
	group_mark(firewall, group);
	group_collect(firewall, group);
}

static void rule_pended(struct firewall *firewall, const struct uuid *id,
	const struct record_security_group_rule *record)
{
	struct group_rule *rule = g_hash_table_lookup(firewall->rules, id);

	if (rule) {
		group_mark(firewall, rule->group);
		g_ptr_array_remove(rule->group->rules, rule);
		group_collect(firewall, rule->group);
		g_hash_table_remove(firewall->rules, id);
	}
	if (!record)
		return;
	rule = g_new0(struct group_rule, 1);
	rule->id = *id;
	rule->group = group_need(firewall, &record->group_id);
	rule->record = *record;
	g_hash_table_insert(firewall->rules, &rule->id, rule);
	g_ptr_array_add(rule->group->rules, rule);
	group_mark(firewall, rule->group);
}

static void port_pended(struct desired *desired, const struct uuid *id)
{
	struct port *port = desired_port(desired, id);

	if (!port || !port->known)
		return;
	g_clear_pointer(&port->groups, g_array_unref);
	port->groups = port->record.filtered ? g_array_ref(port->record.groups) : NULL;
	port->settled = true;
	port_choose_policy(desired, port);
	port_mark(desired, port);
}

static void take_over(struct desired *desired, struct pending *pending)
{
	const struct record_key *key = &pending->key;
	struct record *record = pending->put ? &pending->record : NULL;

	switch (key->kind) {
	case RECORD_SECURITY_GROUP:
		group_pended(desired, &key->id, record ? &record->security_group : NULL);
		break;
	case RECORD_SECURITY_GROUP_RULE:
		rule_pended(
			desired->firewall, &key->id, record ? &record->security_group_rule : NULL);
		break;
	case RECORD_GROUP_MEMBER:
		member_pended(desired, key, record ? &record->group_member : NULL);
		break;
	case RECORD_ADDRESS_GROUP:
		address_group_pended(desired, key, record ? &record->address_group : NULL);
		break;
	case RECORD_SECURITY_TIER:
	case RECORD_SECURITY_POLICY:
	case RECORD_SECURITY_POLICY_RULE:
		tier_pended(desired->firewall->tiers, key, record);
		break;
	case RECORD_PORT:
		port_pended(desired, &key->id);
		break;
	default:
		g_assert_not_reached();
	}
}

void firewall_commit(struct desired *desired)
{
	g_autoptr(GArray) pending = g_steal_pointer(&desired->firewall->pending);

	desired->firewall->pending = g_array_new(FALSE, FALSE, sizeof(struct pending));
	g_array_set_clear_func(desired->firewall->pending, pending_clear);
	desired->firewall->incomplete = false;
	firewall_update_parts(desired);
	for (guint i = 0; i < pending->len; i++)
		take_over(desired, &g_array_index(pending, struct pending, i));
	tiers_commit(desired);
}

void firewall_mark_all(struct firewall *firewall)
{
	GHashTableIter iter;
	gpointer data;

	g_hash_table_iter_init(&iter, firewall->policies);
	while (g_hash_table_iter_next(&iter, NULL, &data))
		g_hash_table_add(firewall->dirty_policies, data);
	g_hash_table_iter_init(&iter, firewall->memberships);
	while (g_hash_table_iter_next(&iter, &data, NULL))
		g_hash_table_add(firewall->dirty_memberships, data);
}

/* The name of a set of groups in a part. */
static struct uuid policy_id(const GArray *groups, const struct uuid *part)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize len = sizeof(digest);
	struct uuid id;

	g_checksum_update(sum, part->b, sizeof(part->b));
	g_checksum_update(
		sum, (const guchar *)groups->data, (gssize)(groups->len * sizeof(struct uuid)));
	g_checksum_get_digest(sum, digest, &len);
	memcpy(id.b, digest, sizeof(id.b));
	return id;
}

static struct policy *policy_need(
	struct firewall *firewall, const GArray *groups, const struct uuid *part)
{
	struct uuid id = policy_id(groups, part);
	struct policy *policy = g_hash_table_lookup(firewall->policies, &id);

	if (policy)
		return policy;
	policy = g_new0(struct policy, 1);
	policy->id = id;
	policy->part = *part;
	policy->groups = g_ptr_array_new();
	for (guint i = 0; i < groups->len; i++) {
		struct security_group *group =
			group_need(firewall, &g_array_index(groups, struct uuid, i));

		g_ptr_array_add(policy->groups, group);
		g_ptr_array_add(group->policies, policy);
	}
	g_hash_table_insert(firewall->policies, &policy->id, policy);
	g_hash_table_add(firewall->dirty_policies, policy);
	return policy;
}

void policy_remove(struct desired *desired, struct policy *policy)
{
	struct firewall *firewall = desired->firewall;

	for (guint i = 0; i < policy->groups->len; i++) {
		struct security_group *group = policy->groups->pdata[i];

		g_ptr_array_remove_fast(group->policies, policy);
		group_collect(firewall, group);
	}
	g_hash_table_remove(firewall->dirty_policies, policy);
	g_hash_table_remove(firewall->policies, &policy->id);
}

bool policy_is_complete(const struct policy *policy)
{
	for (guint i = 0; i < policy->groups->len; i++)
		if (!((const struct security_group *)policy->groups->pdata[i])->known)
			return false;
	return true;
}

static void leave_policy(struct desired *desired, struct port *port)
{
	if (!port->policy)
		return;
	if (!--port->policy->n_ports)
		g_hash_table_add(desired->firewall->dirty_policies, port->policy);
	port->policy = NULL;
}

void port_leave_policy(struct desired *desired, struct port *port)
{
	leave_policy(desired, port);
	port_leave_stages(desired, port);
}

void port_choose_policy(struct desired *desired, struct port *port)
{
	struct policy *policy = NULL;

	if (port->groups && port->network)
		policy = policy_need(desired->firewall, port->groups, &port->network->part);
	port_choose_stages(desired, port);
	if (policy == port->policy)
		return;
	if (policy && !policy->n_ports++)
		g_hash_table_add(desired->firewall->dirty_policies, policy);
	leave_policy(desired, port);
	port->policy = policy;
	port_mark(desired, port);
}
