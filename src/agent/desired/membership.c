/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which groups addresses are in. Several may say so of one address: the ports that share a virtual
 * one, or groups of which one port has several.
 */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"

guint member_hash(gconstpointer data)
{
	const struct group_member *member = data;

	return uuid_hash(&member->group) * 31 + uuid_hash(&member->port);
}

gboolean member_equal(gconstpointer a, gconstpointer b)
{
	const struct group_member *x = a, *y = b;

	return uuid_equal(&x->group, &y->group) && uuid_equal(&x->port, &y->port);
}

guint membership_hash(gconstpointer data)
{
	const struct membership_key *key = data;
	struct uuid address;

	memcpy(address.b, key->prefix.ip.b, sizeof(address.b));
	return (uuid_hash(&key->domain) * 31 + uuid_hash(&address)) * 31 + key->prefix.len +
	       key->prefix.ip.family;
}

gboolean membership_equal(gconstpointer a, gconstpointer b)
{
	const struct membership_key *x = a, *y = b;

	return uuid_equal(&x->domain, &y->domain) && x->prefix.len == y->prefix.len &&
	       !ip_compare(&x->prefix.ip, &y->prefix.ip);
}

void membership_free(gpointer data)
{
	struct membership *membership = data;

	g_array_unref(membership->groups);
	g_clear_pointer(&membership->applied, g_array_unref);
	g_free(membership);
}

static struct membership *membership_need(
	struct firewall *firewall, const struct uuid *domain, const struct prefix *prefix)
{
	struct membership_key key = { .domain = *domain,
		.prefix = { .ip = prefix_network(prefix), .len = prefix->len } };
	struct membership *membership = g_hash_table_lookup(firewall->memberships, &key);

	if (membership)
		return membership;
	membership = g_new0(struct membership, 1);
	membership->key = key;
	membership->groups = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	g_hash_table_add(firewall->memberships, membership);
	return membership;
}

void firewall_claim(struct firewall *firewall, const struct uuid *domain,
	const struct prefix *prefix, const struct uuid *group)
{
	struct membership *membership = membership_need(firewall, domain, prefix);

	g_array_append_val(membership->groups, *group);
	g_hash_table_add(firewall->dirty_memberships, membership);
}

static void claim(struct firewall *firewall, const struct uuid *domain, const GArray *addresses,
	const struct uuid *group)
{
	for (guint i = 0; i < addresses->len; i++)
		firewall_claim(
			firewall, domain, &g_array_index(addresses, struct prefix, i), group);
}

static void remove_once(GArray *groups, const struct uuid *group)
{
	for (guint i = 0; i < groups->len; i++)
		if (uuid_equal(&g_array_index(groups, struct uuid, i), group)) {
			g_array_remove_index_fast(groups, i);
			return;
		}
}

void firewall_unclaim(struct firewall *firewall, const struct uuid *domain,
	const struct prefix *prefix, const struct uuid *group)
{
	struct membership *membership = membership_need(firewall, domain, prefix);

	remove_once(membership->groups, group);
	g_hash_table_add(firewall->dirty_memberships, membership);
}

static void unclaim(struct firewall *firewall, const struct uuid *domain, const GArray *addresses,
	const struct uuid *group)
{
	for (guint i = 0; i < addresses->len; i++)
		firewall_unclaim(
			firewall, domain, &g_array_index(addresses, struct prefix, i), group);
}

void group_member_free(gpointer data)
{
	struct group_member *member = data;

	g_array_unref(member->addresses);
	g_free(member);
}

static void member_unclaim(struct desired *desired, struct group_member *member)
{
	if (member->claimed)
		unclaim(desired->firewall, &member->domain, member->addresses, &member->group);
	member->claimed = false;
}

/* Members on networks that this host does not have cannot be met. */
void member_restate(struct desired *desired, struct group_member *member)
{
	const struct network *network = member->network;

	if (member->claimed && network->known && uuid_equal(&member->domain, &network->part))
		return;
	member_unclaim(desired, member);
	if (!network->known)
		return;
	member->claimed = true;
	member->domain = network->part;
	claim(desired->firewall, &member->domain, member->addresses, &member->group);
}

static void leave_network(struct desired *desired, struct group_member *member)
{
	if (member->prev)
		member->prev->next = member->next;
	else
		member->network->group_members = member->next;
	if (member->next)
		member->next->prev = member->prev;
	network_mark(desired, member->network); /* it may be of no use now */
}

static void join_network(
	struct desired *desired, struct group_member *member, const struct uuid *network)
{
	member->network = network_need(desired, network);
	member->prev = NULL;
	member->next = member->network->group_members;
	if (member->next)
		member->next->prev = member;
	member->network->group_members = member;
}

void member_pended(
	struct desired *desired, const struct record_key *key, struct record_group_member *record)
{
	struct group_member wanted = { .group = key->id, .port = key->sub }, *member;

	member = g_hash_table_lookup(desired->firewall->members, &wanted);
	if (member) {
		member_unclaim(desired, member);
		leave_network(desired, member);
		g_hash_table_remove(desired->firewall->members, member);
	}
	if (!record)
		return;
	member = g_memdup2(&wanted, sizeof(wanted));
	member->addresses = g_steal_pointer(&record->addresses);
	join_network(desired, member, &record->network_id);
	g_hash_table_add(desired->firewall->members, member);
	member_restate(desired, member);
}

void address_group_free(gpointer data)
{
	struct address_group *group = data;

	g_free(group->name);
	g_array_unref(group->addresses);
	g_free(group);
}

/* Blocks of addresses overlap, so those of projects are kept apart. */
static struct uuid project_domain(const char *project)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize len = sizeof(digest);
	struct uuid domain;

	g_checksum_update(sum, (const guchar *)"address groups of ", -1);
	g_checksum_update(sum, (const guchar *)(project ? project : ""), -1);
	g_checksum_get_digest(sum, digest, &len);
	memcpy(domain.b, digest, sizeof(domain.b));
	return domain;
}

/* The rules about a group are told by its domain. */
static void mark_policies(struct firewall *firewall)
{
	GHashTableIter iter;
	gpointer policy;

	g_hash_table_iter_init(&iter, firewall->policies);
	while (g_hash_table_iter_next(&iter, NULL, &policy))
		g_hash_table_add(firewall->dirty_policies, policy);
}

void address_group_pended(
	struct desired *desired, const struct record_key *key, struct record_address_group *record)
{
	struct firewall *firewall = desired->firewall;
	struct address_group *old = g_hash_table_lookup(firewall->address_groups, &key->id), *group;

	if (!old != !record)
		mark_policies(firewall);
	if (record) {
		group = g_new0(struct address_group, 1);
		group->id = key->id;
		group->name = g_steal_pointer(&record->name);
		group->domain = project_domain(record->project_id);
		group->addresses = g_steal_pointer(&record->addresses);
		claim(firewall, &group->domain, group->addresses, &group->id);
	}
	if (old)
		unclaim(firewall, &old->domain, old->addresses, &old->id);
	g_hash_table_remove(firewall->address_groups, &key->id);
	if (record)
		g_hash_table_insert(firewall->address_groups, &group->id, group);
}
