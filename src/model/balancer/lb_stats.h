/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What listeners have done: the sum of what hosts say now, which only the running controller knows,
 * and of the past, LB_LISTENER_PAST, what was counted by counters that are no more.
 */
#pragma once

#include "model/txn.h"

struct lb_stats {
	s64 active;
	s64 total, bytes_in, bytes_out, errors;
};

/* Adds what hosts say of a listener. */
typedef void (*lb_stats_fn)(const struct uuid *listener, struct lb_stats *sum, void *data);
void lb_stats_set_source(struct model *model, lb_stats_fn add, void *data);

/* Adds @gone to the listener's past; it stays as it is without. */
bool lb_stats_bury(
	struct txn *txn, const struct uuid *listener, const struct lb_stats *gone, GError **error);

/* The action "stats" of a listener, and of a load balancer: of all its listeners. */
bool lb_stats_show(struct txn *txn, const struct object *object, json_t *body, json_t **ret_answer,
	GError **error);

/* The state of the listeners' kind in a model. */
void *lb_stats_state_new(void);
