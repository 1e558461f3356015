/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who belongs to which groups. Within a domain every prefix that was put is a node; the groups of
 * an address are those of all the nodes that cover it, so a node's set is its own groups and those
 * of the nodes around it. To add or remove a single address costs a few look-ups and one map entry;
 * a shorter prefix costs a walk over the nodes of its domain, because it is around some of them.
 */
#include <string.h>

#include "datapath/firewall.h"

struct node {
	struct identity_key key;
	GArray *groups; /* struct name, sorted: those of this very prefix */
	bool stale;	/* in a sweep: it was not put again */
	struct fw_set *set;
};

static guint node_hash(gconstpointer data)
{
	const struct identity_key *key = data;

	return ((key->addr.w[0] * 31 + key->addr.w[1]) * 31 + key->addr.w[2]) * 31 +
	       key->addr.w[3] + key->prefix_bits;
}

static gboolean node_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct identity_key));
}

static void node_free(gpointer data)
{
	struct node *node = data;

	g_array_unref(node->groups);
	g_free(node);
}

static void set_free(gpointer data)
{
	struct fw_set *set = data;

	g_array_unref(set->groups);
	g_free(set);
}

static unsigned node_bits(const struct identity_key *key)
{
	return key->prefix_bits - IDENTITY_KEY_FIXED_BITS;
}

static struct addr truncated(struct addr addr, unsigned bits)
{
	for (unsigned i = 0; i < sizeof(addr.b); i++) {
		unsigned kept = bits > i * 8 ? MIN(bits - i * 8, 8u) : 0;

		addr.b[i] &= (u8)(0xff00 >> kept);
	}
	return addr;
}

static struct identity_key key_of(const struct fw_domain *domain, const struct prefix *prefix)
{
	struct ip network = prefix_network(prefix);
	unsigned bits = prefix->len + (prefix->ip.family == 4 ? 96u : 0u);

	return (struct identity_key){ .prefix_bits = IDENTITY_KEY_FIXED_BITS + bits,
		.domain = domain->number,
		.family = network.family,
		.addr = addr_from_ip(&network) };
}

/* Where @group is, or would be. */
static bool group_find(const GArray *groups, const struct name *group, guint *ret)
{
	guint i = 0;
	int order = 1;

	while (i < groups->len &&
		(order = memcmp(&g_array_index(groups, struct name, i), group, sizeof(*group))) < 0)
		i++;
	*ret = i;
	return i < groups->len && !order;
}

static bool group_add(GArray *groups, const struct name *group)
{
	guint at;

	if (group_find(groups, group, &at))
		return false;
	g_array_insert_val(groups, at, *group);
	return true;
}

/* The groups of the node and of all around it, by one look-up per prefix length in use. */
static GArray *all_groups(const struct fw_domain *domain, const struct node *node)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct name));

	for (unsigned bits = 0; bits <= node_bits(&node->key); bits++) {
		struct identity_key key = { .prefix_bits = IDENTITY_KEY_FIXED_BITS + bits,
			.domain = domain->number,
			.family = node->key.family,
			.addr = truncated(node->key.addr, bits) };
		const struct node *around;

		around = domain->lengths[bits] ? g_hash_table_lookup(domain->nodes, &key) : NULL;
		for (guint i = 0; around && i < around->groups->len; i++)
			group_add(all, &g_array_index(around->groups, struct name, i));
	}
	return all;
}

static struct name set_name(const struct fw_domain *domain, const GArray *groups)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize len = sizeof(digest);
	struct name name;

	g_checksum_update(sum, domain->name.b, sizeof(domain->name.b));
	g_checksum_update(
		sum, (const guchar *)groups->data, (gssize)(groups->len * sizeof(struct name)));
	g_checksum_get_digest(sum, digest, &len);
	memcpy(name.b, digest, sizeof(name.b));
	return name;
}

static void set_release(struct dp *dp, struct fw_domain *domain, struct fw_set *set)
{
	if (!set || --set->users)
		return;
	for (guint i = 0; i < domain->policies->len; i++)
		policy_remove_identity(dp, domain->policies->pdata[i], set, NULL);
	name_release(dp, NAME_IDENTITY, &set->name);
	g_hash_table_remove(domain->sets, &set->name);
}

/* The set of these groups, with one user more; a new one has its rules before it has a member. */
static struct fw_set *set_take(
	struct dp *dp, struct fw_domain *domain, GArray *groups, GError **error)
{
	struct name name = set_name(domain, groups);
	struct fw_set *set = g_hash_table_lookup(domain->sets, &name);
	u32 number;

	if (set) {
		set->users++;
		return set;
	}
	if (!name_take(dp, NAME_IDENTITY, &name, &number, error))
		return NULL;
	set = g_new0(struct fw_set, 1);
	*set = (struct fw_set){
		.name = name, .groups = g_array_ref(groups), .number = number, .users = 1
	};
	g_hash_table_insert(domain->sets, &set->name, set);
	for (guint i = 0; i < domain->policies->len; i++)
		if (!policy_add_identity(dp, domain->policies->pdata[i], domain, set, error)) {
			set_release(dp, domain, set);
			return NULL;
		}
	return set;
}

/* Gives the node the identity of the groups that it is in now. */
static bool node_update(struct dp *dp, struct fw_domain *domain, struct node *node, GError **error)
{
	g_autoptr(GArray) groups = all_groups(domain, node);
	struct fw_set *old = node->set, *set = set_take(dp, domain, groups, error);
	enum table_change change;

	if (!set)
		return false;
	if (!table_put(dp, TABLE_IDENTITIES, &node->key, &set->number, &change, error)) {
		set_release(dp, domain, set);
		return false;
	}
	node->set = set;
	set_release(dp, domain, old);
	return true;
}

static bool has_longer(const struct fw_domain *domain, unsigned bits)
{
	while (++bits < G_N_ELEMENTS(domain->lengths))
		if (domain->lengths[bits])
			return true;
	return false;
}

/* The nodes within a shorter prefix. */
static bool update_within(
	struct dp *dp, struct fw_domain *domain, const struct identity_key *around, GError **error)
{
	unsigned bits = node_bits(around);
	GHashTableIter iter;
	gpointer data;

	if (!has_longer(domain, bits))
		return true;
	g_hash_table_iter_init(&iter, domain->nodes);
	while (g_hash_table_iter_next(&iter, NULL, &data)) {
		struct node *node = data;
		struct addr start = truncated(node->key.addr, bits);

		if (node->key.family == around->family && node_bits(&node->key) > bits &&
			!memcmp(&start, &around->addr, sizeof(start)) &&
			!node_update(dp, domain, node, error))
			return false;
	}
	return true;
}

static struct fw_domain *domain_get(struct dp *dp, const struct name *name, GError **error)
{
	struct fw_domain *domain = g_hash_table_lookup(dp->firewall.domains, name);
	u32 number;

	if (domain)
		return domain;
	if (!name_take(dp, NAME_DOMAIN, name, &number, error))
		return NULL;
	domain = g_new0(struct fw_domain, 1);
	domain->name = *name;
	domain->number = number;
	domain->nodes = g_hash_table_new_full(node_hash, node_equal, NULL, node_free);
	domain->sets = g_hash_table_new_full(name_hash, name_equal, NULL, set_free);
	domain->policies = g_ptr_array_new();
	g_hash_table_insert(dp->firewall.domains, &domain->name, domain);
	return domain;
}

void domain_free(gpointer data)
{
	struct fw_domain *domain = data;

	g_hash_table_unref(domain->nodes);
	g_hash_table_unref(domain->sets);
	g_ptr_array_unref(domain->policies);
	g_free(domain);
}

static void domain_collect(struct dp *dp, struct fw_domain *domain)
{
	struct name name = domain->name;

	if (g_hash_table_size(domain->nodes) || domain->policies->len)
		return;
	g_hash_table_remove(dp->firewall.domains, &name);
	name_release(dp, NAME_DOMAIN, &name);
}

struct fw_domain *domain_use(
	struct dp *dp, const struct name *name, struct fw_policy *policy, GError **error)
{
	struct fw_domain *domain = domain_get(dp, name, error);

	if (domain && !g_ptr_array_find(domain->policies, policy, NULL))
		g_ptr_array_add(domain->policies, policy);
	return domain;
}

void domain_leave(struct dp *dp, struct fw_domain *domain, struct fw_policy *policy)
{
	g_ptr_array_remove_fast(domain->policies, policy);
	domain_collect(dp, domain);
}

static struct node *node_add(struct fw_domain *domain, const struct identity_key *key)
{
	struct node *node = g_new0(struct node, 1);

	node->key = *key;
	node->groups = g_array_new(FALSE, FALSE, sizeof(struct name));
	g_hash_table_insert(domain->nodes, &node->key, node);
	domain->lengths[node_bits(key)]++;
	return node;
}

static bool node_remove(struct dp *dp, struct fw_domain *domain, struct node *node, GError **error)
{
	struct identity_key key = node->key;

	if (!table_delete(dp, TABLE_IDENTITIES, &key, error))
		return false;
	set_release(dp, domain, node->set);
	domain->lengths[node_bits(&key)]--;
	g_hash_table_remove(domain->nodes, &key);
	return true;
}

static bool same_groups(const GArray *a, const GArray *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len * sizeof(struct name));
}

static bool has_all(const GArray *groups, const GArray *of)
{
	guint at;

	for (guint i = 0; i < of->len; i++)
		if (!group_find(groups, &g_array_index(of, struct name, i), &at))
			return false;
	return true;
}

/* Whether a rule that denies, or passes on, is about a group of @new that is not in @old. */
static bool denies_joining(const struct fw_domain *domain, const GArray *old, const GArray *new)
{
	guint at;

	for (guint p = 0; p < domain->policies->len; p++) {
		const GArray *rules = ((struct fw_policy *)domain->policies->pdata[p])->rules;

		for (guint i = 0; i < rules->len; i++) {
			const struct fw_rule *rule = &g_array_index(rules, struct fw_rule, i);

			if ((rule->rule.deny || rule->rule.pass) &&
				rule->rule.remote != DP_REMOTE_ANY &&
				name_equal(&rule->domain, &domain->name) &&
				group_find(new, &rule->group, &at) &&
				!group_find(old, &rule->group, &at))
				return true;
		}
	}
	return false;
}

/* @groups is sorted, and taken over. */
static bool put_groups(struct dp *dp, const struct name *name, const struct prefix *prefix,
	GArray *groups, GError **error)
{
	g_autoptr(GArray) old = NULL, new = groups;
	struct fw_domain *domain = domain_get(dp, name, error);
	struct identity_key key;
	struct node *node;

	if (!domain)
		return false;
	key = key_of(domain, prefix);
	node = g_hash_table_lookup(domain->nodes, &key);
	if (!node)
		node = node_add(domain, &key);
	node->stale = false;
	if (node->set && same_groups(node->groups, new))
		return true;
	old = g_steal_pointer(&node->groups);
	node->groups = g_array_ref(new);
	if (!node_update(dp, domain, node, error) || !update_within(dp, domain, &key, error)) {
		g_array_unref(node->groups);
		node->groups = g_array_ref(old); /* so that it is tried again */
		return false;
	}
	/* Who leaves a group may be refused now. Who joins one may be allowed what was refused, and
	 * nothing is remembered of what was refused; unless rules about it deny. */
	return (has_all(new, old) && !denies_joining(domain, old, new)) ||
	       host_raise_epoch(dp, error);
}

static bool drop_node(struct dp *dp, struct fw_domain *domain, struct node *node, GError **error)
{
	struct identity_key key = node->key;

	if (!node_remove(dp, domain, node, error) || !update_within(dp, domain, &key, error))
		return false;
	domain_collect(dp, domain);
	return host_raise_epoch(dp, error);
}

bool membership_put(struct dp *dp, const struct name *domain, const struct name *group,
	const struct prefix *prefix, GError **error)
{
	GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct name));

	g_array_append_val(groups, *group);
	return put_groups(dp, domain, prefix, groups, error);
}

bool membership_delete(
	struct dp *dp, const struct name *domain_name, const struct prefix *prefix, GError **error)
{
	struct fw_domain *domain = g_hash_table_lookup(dp->firewall.domains, domain_name);
	struct identity_key key;
	struct node *node;

	if (!domain)
		return true;
	key = key_of(domain, prefix);
	node = g_hash_table_lookup(domain->nodes, &key);
	return !node || drop_node(dp, domain, node, error);
}

static struct name name_from(const u8 bytes[16])
{
	struct name name;

	memcpy(name.b, bytes, sizeof(name.b));
	return name;
}

bool dp_membership_put(struct dp *dp, const u8 domain[16], const struct prefix *prefix,
	const u8 (*groups)[16], size_t n_groups, GError **error)
{
	GArray *sorted = g_array_new(FALSE, FALSE, sizeof(struct name));
	struct name d = name_from(domain);

	for (size_t i = 0; i < n_groups; i++) {
		struct name group = name_from(groups[i]);

		group_add(sorted, &group);
	}
	return put_groups(dp, &d, prefix, sorted, error);
}

bool dp_membership_delete(
	struct dp *dp, const u8 domain[16], const struct prefix *prefix, GError **error)
{
	struct name d = name_from(domain);

	return membership_delete(dp, &d, prefix, error);
}

void memberships_mark_stale(struct dp *dp)
{
	GHashTableIter domains, nodes;
	gpointer domain, node;

	g_hash_table_iter_init(&domains, dp->firewall.domains);
	while (g_hash_table_iter_next(&domains, NULL, &domain)) {
		g_hash_table_iter_init(&nodes, ((struct fw_domain *)domain)->nodes);
		while (g_hash_table_iter_next(&nodes, NULL, &node))
			((struct node *)node)->stale = true;
	}
}

struct doomed {
	struct name domain;
	struct identity_key key;
};

bool memberships_sweep(struct dp *dp, GError **error)
{
	g_autoptr(GArray) doomed = g_array_new(FALSE, FALSE, sizeof(struct doomed));
	GHashTableIter domains, nodes;
	gpointer domain, node;

	g_hash_table_iter_init(&domains, dp->firewall.domains);
	while (g_hash_table_iter_next(&domains, NULL, &domain)) {
		g_hash_table_iter_init(&nodes, ((struct fw_domain *)domain)->nodes);
		while (g_hash_table_iter_next(&nodes, NULL, &node))
			if (((struct node *)node)->stale)
				g_array_append_val(doomed,
					((struct doomed){ ((struct fw_domain *)domain)->name,
						((struct node *)node)->key }));
	}
	for (guint i = 0; i < doomed->len; i++) {
		const struct doomed *d = &g_array_index(doomed, struct doomed, i);
		struct fw_domain *of = g_hash_table_lookup(dp->firewall.domains, &d->domain);

		if (!drop_node(dp, of, g_hash_table_lookup(of->nodes, &d->key), error))
			return false;
	}
	return true;
}

/* At the end of a sweep: what a former process left. */
bool identity_drop(struct dp *dp, const void *key, GError **error)
{
	const struct identity_key *identity = key;
	const struct fw_domain *domain = NULL;
	struct name name;

	if (name_of(dp, NAME_DOMAIN, identity->domain, &name))
		domain = g_hash_table_lookup(dp->firewall.domains, &name);
	if (domain && g_hash_table_contains(domain->nodes, identity))
		return true;
	return table_delete(dp, TABLE_IDENTITIES, key, error) && host_raise_epoch(dp, error);
}
