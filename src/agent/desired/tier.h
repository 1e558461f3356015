/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's tiers: a part of the firewall (firewall.h).
 *
 *   port ─┬─ policy (its groups')
 *         └─ stages: one policy for each tier that has something to say of the port
 *
 * A stage is made of the policies of its tier that are applied to the port, and shared by all ports
 * that the same ones are applied to, in a part (a rule may name groups). Tiers are few and change
 * seldom: with any change the stages of all ports are chosen anew.
 */
#pragma once

#include "agent/desired/desired.h"

struct tier {
	struct uuid id; /* first: the key */
	struct record_security_tier record;
};

struct tier_policy {
	struct uuid id; /* first: the key */
	struct record_security_policy record;
};

struct tier_rule {
	struct uuid id; /* first: the key */
	struct record_security_policy_rule record;
};

/* Of a port; NULL there: none. */
struct stages {
	GPtrArray *policies; /* struct policy, borrowed, in the order in which they are asked */
	unsigned n_before;   /* those before the port's own */
};

struct tiers {
	GHashTable *tiers, *policies, *rules; /* by id */
	GPtrArray *ordered; /* struct tier_policy, as they are asked; of tiers that are here */
	bool changed;	    /* since the last commit */
};

struct tiers *tiers_new(void);
void tiers_free(struct tiers *tiers);

/* @record NULL: it is gone. */
void tier_pended(struct tiers *tiers, const struct record_key *key, struct record *record);
void tiers_commit(struct desired *desired);
const struct tier *tier_of(const struct tiers *tiers, const struct tier_policy *policy);

/* The rules of a policy, struct tier_rule, in their order; g_ptr_array_unref. */
GPtrArray *tier_rules_of(const struct tiers *tiers, const struct uuid *policy);

struct policy;
struct dp_rule;
/* The rules of a stage, as the datapath takes them. */
void stage_rules(struct desired *desired, const struct policy *stage, GArray *ret_rules);

/* tier_port.c: the stages of a port. */
void port_choose_stages(struct desired *desired, struct port *port);
void port_leave_stages(struct desired *desired, struct port *port);
void stages_free(struct stages *stages); /* NULL: nothing */
/* The first that the datapath does not have, or NULL. */
const struct policy *port_missing_stage(const struct port *port);
