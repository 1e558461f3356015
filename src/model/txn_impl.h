/* SPDX-License-Identifier: Apache-2.0 */
/* What hooks and the parts of a transaction share. Inside of src/model. */
#pragma once

#include "model/number_set.h"
#include "model/txn.h"

struct reservation {
	GDestroyNotify give_back;
	void *what;
};

struct txn {
	struct model *model;
	const struct caller *caller;
	s64 now;		 /* seconds since the epoch: one time for all that it does */
	GPtrArray *changes;	 /* of struct change, in the order of first staging */
	GHashTable *by_id;	 /* id of a change → the change */
	GHashTable *unique_keys; /* key in a unique index → the change that claimed it last */
	GHashTable *made;     /* key in an index by project → objects made, less those deleted */
	GArray *reservations; /* of struct reservation */
	GHashTable *sets;     /* staged object → number set that goes with the transaction */
};

/* Takes a number from the set for the time of the transaction: what it stages is what keeps it
 * taken afterwards, through the kind's observer. False: it is not free. */
bool txn_reserve(struct txn *txn, struct number_set *set, u128 number);
bool txn_reserve_next(struct txn *txn, struct number_set *set, u128 *ret);

/* The transaction's own set for an object that it has staged and the model knows nothing of yet:
 * what was kept (taken over) for it, or NULL. */
struct number_set *txn_set(const struct txn *txn, const struct object *object);
void txn_keep_set(struct txn *txn, const struct object *object, struct number_set *set);

/* Calls @give_back with @what when the transaction ends, before its changes show in the model: for
 * what it has taken out of derived state. */
void txn_defer(struct txn *txn, GDestroyNotify give_back, void *what);
/* txn_iter_init() by a key as index_keys() gives it. */
void txn_iter_init_key(
	struct txn_iter *iter, const struct txn *txn, enum kind_id kind, unsigned index, u64 key);

/*
 * What weftd does itself within a request, whoever asked for it: like txn_create(), txn_update()
 * and txn_remove(), but on the system's behalf. @body is taken over.
 */
const struct object *txn_create_own(
	struct txn *txn, enum kind_id kind, json_t *body, GError **error);
const struct object *txn_update_own(
	struct txn *txn, const struct object *object, json_t *body, GError **error);
bool txn_remove_own(struct txn *txn, const struct object *object, GError **error);

/* The staged change of an object, or NULL. */
struct change *txn_change(const struct txn *txn, enum kind_id kind, const struct uuid *id);

/* How many of @object's kind the transaction makes in its project, less those it deletes; only for
 * kinds with a quota. */
s64 txn_made(const struct txn *txn, const struct object *object);

/* The rules of the references table for a deletion (txn_request.c). */
bool txn_apply_references(struct txn *txn, const struct object *object, GError **error);
