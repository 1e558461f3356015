/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of src/datapath: how a firewall's policies become entries of the maps.
 *
 *   dp_policy ──► fw_policy ── rules ──┐
 *                    │ uses             ├─ rules_compile() ──► map rules (policy, identity, …)
 *   dp_membership ► fw_domain ─ fw_set ┘
 *                    └─ node (a prefix) ──► map identities (domain, prefix) → fw_set's number
 *
 * A policy's own prefixes are members of groups too, in a domain that only the policy uses. A set
 * is the set of groups that some address is in; it exists while an address is in exactly these, and
 * has an identity and, in each policy that uses the domain, the rules about any of its groups.
 */
#pragma once

#include "datapath/internal.h"

/* The name of something: a UUID, or the beginning of a SHA-256. */
struct name {
	u8 b[16];
};
guint name_hash(gconstpointer name);
gboolean name_equal(gconstpointer a, gconstpointer b);

/* names.c: small numbers for names, counted by their users. They survive the agent in the map
 * names: what is put again after a restart has the number that it had. */
void names_open(struct dp *dp);
void names_close(struct dp *dp);
bool name_take(
	struct dp *dp, enum name_kind kind, const struct name *name, u32 *ret, GError **error);
void name_release(struct dp *dp, enum name_kind kind, const struct name *name);
bool name_number(struct dp *dp, enum name_kind kind, const struct name *name, u32 *ret);
bool name_of(struct dp *dp, enum name_kind kind, u32 number, struct name *ret);

/* One rule of a policy, with its slot and what its remote side is looked up by. */
struct fw_rule {
	struct dp_rule given, rule; /* a prefix of length 0 is any address */
	struct name domain, group;  /* zero: any address */
	u32 slot;
	u16 order;
};

/* Adds to @nodes (struct rule_key → struct rule, both owned) the entries of the rules that are
 * about
 * @identity, which stands for @groups (struct name, sorted; NULL: any address). */
void rules_compile(const GArray *rules, u32 policy, u32 identity, const struct name *domain,
	const GArray *groups, GHashTable *nodes);
GHashTable *rules_nodes_new(void);

/* Adds to @ret, zeroes so far, what is known of all packets without a look at the entries. */
void rules_summary(const GArray *rules, struct policy *ret);

struct fw_set {
	struct name name;
	GArray *groups; /* struct name, sorted */
	u32 number;
	u32 users; /* nodes */
};

struct fw_domain {
	struct name name;
	u32 number;
	GHashTable *nodes;   /* by key */
	GHashTable *sets;    /* struct fw_set by name */
	GPtrArray *policies; /* struct fw_policy, borrowed */
	u32 lengths[129];    /* nodes of each prefix length, with IPv4's counted as mapped */
};

struct fw_policy {
	struct name name;
	u32 number;
	GArray *rules;	    /* struct fw_rule */
	GHashTable *nodes;  /* what the map rules has of it: struct rule_key → struct rule */
	GPtrArray *domains; /* struct fw_domain, borrowed */
	bool stateless, stale, written;
};

/* membership.c */
struct fw_domain *domain_use(
	struct dp *dp, const struct name *name, struct fw_policy *policy, GError **error);
void domain_leave(struct dp *dp, struct fw_domain *domain, struct fw_policy *policy);
bool membership_put(struct dp *dp, const struct name *domain, const struct name *group,
	const struct prefix *prefix, GError **error);
bool membership_delete(
	struct dp *dp, const struct name *domain, const struct prefix *prefix, GError **error);
void memberships_mark_stale(struct dp *dp);
bool memberships_sweep(struct dp *dp, GError **error);
void domain_free(gpointer domain);

/* tiers.c: what table tiers has. */
void tiers_open(struct dp *dp);
bool tiers_use(const struct dp *dp, u32 policy); /* some port has it */

/* firewall.c */
bool policy_add_identity(struct dp *dp, struct fw_policy *policy, const struct fw_domain *domain,
	const struct fw_set *set, GError **error);
bool policy_remove_identity(
	struct dp *dp, struct fw_policy *policy, const struct fw_set *set, GError **error);
