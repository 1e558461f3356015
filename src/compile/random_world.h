/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a model to which random things happen, and hosts that follow it by increments. The
 * property: whatever happens, a host that applies the increments knows what a full compile says. A
 * test says what may happen, as a table of steps.
 */
#pragma once

#include "compile/test_view.h"

struct random_world {
	struct model *model;
	GHashTable *views; /* struct view, by host id */
	GRand *random;
	GPtrArray *done;					/* change-sets that may be undone */
	unsigned made;						/* numbers what is made */
	unsigned interfaces, lb_members, gained[N_SCOPE_TYPES]; /* what has happened */
	unsigned policies[N_KINDS]; /* of QoS, given to objects of the kind */
};

/* What may happen, with its weight among all: either an object of @kind is created, changed or
 * deleted, with what @body and
 * @change give (NULL: not possible now; no @body: never created); or what @stage does. It returns
 * false where there is nothing to do it to, or where the model refuses: an exhausted pool,
 * something in use. */
struct random_step {
	unsigned weight;
	bool (*stage)(struct random_world *world, struct txn *txn);
	enum kind_id kind;
	json_t *(*body)(struct random_world *world);
	json_t *(*change)(struct random_world *world);
};

struct random_world *random_world_new(guint32 seed);
void random_world_free(struct random_world *world);

/* Between 0 and @n - 1. */
unsigned random_below(struct random_world *world, unsigned n);

/* Any object of the kind; NULL if there is none. */
const struct object *random_pick(struct random_world *world, enum kind_id kind);

/* Applies what is staged; the hosts follow. Takes @txn. */
void random_apply(struct random_world *world, struct txn *txn);

/* Creates one for sure; takes @body. */
const struct object *random_create(struct random_world *world, enum kind_id kind, json_t *body);

/* Up to three steps in one transaction, or the last transaction undone; then every host is compared
 * with a full compile. */
void random_round(struct random_world *world, const struct random_step *steps, unsigned n_steps);

/* Steps and bodies for all. */
json_t *random_host(struct random_world *world);
json_t *random_host_change(struct random_world *world);
json_t *random_subnet(struct random_world *world);
json_t *random_subnet_change(struct random_world *world);
json_t *random_network_change(struct random_world *world);
json_t *random_admin_state(struct random_world *world);
/* The name of a host, or "". */
const char *random_host_name(struct random_world *world);
/* Connects a router with a subnet, or takes it off. */
bool random_interface(struct random_world *world, struct txn *txn);
/* Gives services of a network or router to another provider, or takes them back; or changes what
 * that one has said. */
bool random_services(struct random_world *world, struct txn *txn);
/* Makes a load balancer or a part of one, changes it, takes it away, or reports what a host says of
 * it (random_balancer.c). */
bool random_balancer(struct random_world *world, struct txn *txn);
/* Makes a QoS policy or a rule, changes or takes away a rule, or gives a policy to a port, network,
 * floating IP or gateway, or takes it. */
bool random_qos(struct random_world *world, struct txn *txn);
/* Makes, activates or takes away a binding of a port to a host. */
bool random_binding(struct random_world *world, struct txn *txn);
