/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one write path: transaction → model → store, in order.
 *
 * commit_submit() applies a transaction to the model at once and queues it to the store. When the
 * store says that it is durable, the listener and the caller hear of it, in the order of
 * submission. When the store fails, this change and all behind it are taken back out of the model
 * in reverse order, the listener forgets them, and each caller gets UNAVAILABLE.
 */
#pragma once

#include "model/txn.h"
#include "store/store.h"

struct commit;

/*
 * Derives something from each change (the records for the hosts).
 *  applied: right after the model has it, and before anything else changes: the model is exactly at
 *           changes->revision. Returns what it wants back, or NULL.
 *  durable: it may be told to others now. Takes @derived over.
 *  undone:  it never happened; called in reverse order, the model is already without it. Takes
 *           @derived over.
 */
struct commit_listener {
	void *(*applied)(const struct changeset *changes, void *user);
	void (*durable)(const struct changeset *changes, void *derived, void *user);
	void (*undone)(const struct changeset *changes, void *derived, void *user);
};

/* On success @error is NULL and @changes is what has been done (n may be 0), borrowed for the call.
 * On failure @changes is NULL. */
typedef void (*commit_done_fn)(const struct changeset *changes, const GError *error, void *user);

/* Loads the model from the store. All are borrowed and outlive the commit; @listener may be NULL.
 */
struct commit *commit_new(struct model *model, struct store *store,
	const struct commit_listener *listener, void *user, GError **error);

/* Waiting callers get UNAVAILABLE; the store is closed by its owner, afterwards. */
void commit_free(struct commit *commit);

/* Calls @stage with each transaction that is submitted from now on, before it is applied: what it
 * stages becomes durable with it, or not at all. */
typedef void (*commit_stage_fn)(struct txn *txn, void *user);
void commit_amend(struct commit *commit, commit_stage_fn stage, void *user);

/* Takes @txn over. @done may be NULL; it is called from the main loop, or, for a transaction that
 * changes nothing while nothing else is pending, before this returns. */
void commit_submit(struct commit *commit, struct txn *txn, commit_done_fn done, void *user);

/* Calls @durable with every change once it is durable, after the listener; at most
 * COMMIT_WATCHERS_MAX. */
#define COMMIT_WATCHERS_MAX 4
typedef void (*commit_durable_fn)(const struct changeset *changes, void *user);
void commit_watch(struct commit *commit, commit_durable_fn durable, void *user);

u64 commit_durable_revision(const struct commit *commit);
unsigned commit_pending(const struct commit *commit);
/* For how long the first of them has been pending; 0: none is. */
u64 commit_oldest_us(const struct commit *commit);
