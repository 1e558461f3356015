/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firewall at this host's ports should be: a part of `desired`.
 *
 *   port ── policy ─┬─ security group ── rule ─┬─ prefix
 *                   │                          ├─ security group ┐ by id, through memberships
 *                   └─ part                    └─ address group  ┘
 *   member, address group ── membership (domain, prefix) → groups
 *
 * A policy is a set of security groups in a part: ports with the same groups on networks that
 * routers join share one. Where a remote address belongs to is asked in the part of the networks
 * that the port can be reached from: the same address in another tenant's networks, or in networks
 * that no router joins with these, is another one. Address groups have a domain per project.
 *
 * A rule cannot be read before all of the change that it came with is there: with half of it a port
 * would be open, or shut, that should not be. So these records, and what ports have of groups, wait
 * until the controller has said `sync`, and are then taken over at once; a flush in between sees
 * the firewall as it was.
 */
#pragma once

#include "agent/desired/desired.h"
#include "agent/desired/domain.h"
#include "agent/desired/tier.h"

struct group_rule {
	struct uuid id; /* first: the key */
	struct security_group *group;
	struct record_security_group_rule record;
};

struct security_group {
	struct uuid id; /* first: the key */
	bool known, stateful;
	char *name;
	GPtrArray *rules, *policies;
};

/* A port of a group that rules name, wherever it is. */
struct group_member {
	struct uuid group, port; /* first: the key */
	struct network *network;
	struct group_member *prev, *next; /* of the same network */
	GArray *addresses;		  /* struct prefix */
	bool claimed;
	struct uuid domain; /* valid with claimed */
};

struct address_group {
	struct uuid id; /* first: the key */
	char *name;
	struct uuid domain;
	GArray *addresses; /* struct prefix */
};

struct membership_key {
	struct uuid domain;
	struct prefix prefix;
};
struct membership {
	struct membership_key key; /* first: the key */
	GArray *groups;		   /* struct uuid: once for each that says so */
	GArray *applied; /* struct uuid: what the datapath has, reconcile_firewall.c alone knows of
			    it */
};

struct policy {
	struct uuid id;	   /* first: the key; of the groups and the part */
	GPtrArray *groups; /* struct security_group */
	/* Instead, of a stage (tier.h): struct uuid, as they are asked; else NULL. */
	GArray *tier_policies;
	struct uuid part;
	unsigned n_ports;
	bool applied; /* the datapath has it; reconcile_firewall.c alone knows of it */
	char *reason; /* why it has not */
};

struct firewall {
	GHashTable *groups, *rules, *address_groups, *policies; /* by id */
	GHashTable *members;					/* by group and port */
	GHashTable *memberships;				/* by domain and prefix */
	GHashTable *dirty_policies, *dirty_memberships;
	struct tiers *tiers;
	struct domains *domains;
	GArray *pending;    /* struct pending: since the last sync */
	bool parts_changed; /* a router's interface came or went */
	/* What there was on disk was damaged: what the datapath has is better, until a commit. */
	bool incomplete;
};

struct firewall *firewall_new(void);
void firewall_free(struct firewall *firewall);

/* A record of the firewall, taken over at the next commit. @record NULL: it is deleted. Of a port
 * (whose record is desired's): its groups are looked at then. */
void firewall_pend(struct desired *desired, const struct record_key *key, struct record *record);
/* All of a change is there. */
void firewall_commit(struct desired *desired);
void firewall_mark_all(struct firewall *firewall);

/* Which networks routers join: gives them their parts, and what depends on these. */
void firewall_update_parts(struct desired *desired);
/* The network has become known, or is no longer. */
void firewall_network_changed(struct desired *desired, struct network *network);

/* Gives a port the policy that its groups are, or none; and those of tiers. */
void port_choose_policy(struct desired *desired, struct port *port);
void port_leave_policy(struct desired *desired, struct port *port);
bool policy_is_complete(const struct policy *policy);
void policy_remove(struct desired *desired, struct policy *policy);

struct dp_rule;
/* What a rule of the policy is about, but for its id. False: about nobody. */
bool firewall_fill_rule(const struct firewall *firewall, const struct policy *policy,
	const struct record_security_group_rule *record, struct dp_rule *rule);

/* One more says, or one less, that an address is in a group. */
void firewall_claim(struct firewall *firewall, const struct uuid *domain,
	const struct prefix *prefix, const struct uuid *group);
void firewall_unclaim(struct firewall *firewall, const struct uuid *domain,
	const struct prefix *prefix, const struct uuid *group);

/* Within: membership.c */
void member_pended(struct desired *desired, const struct record_key *key,
	struct record_group_member *record /* NULL: gone */);
void address_group_pended(struct desired *desired, const struct record_key *key,
	struct record_address_group *record /* NULL: gone */);
void member_restate(struct desired *desired, struct group_member *member);
void group_member_free(gpointer member);
void address_group_free(gpointer group);
void membership_free(gpointer membership);
guint member_hash(gconstpointer member);
gboolean member_equal(gconstpointer a, gconstpointer b);
guint membership_hash(gconstpointer membership);
gboolean membership_equal(gconstpointer a, gconstpointer b);
