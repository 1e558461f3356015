/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction stages puts and deletes against the model and sees its own writes. Nothing shows in
 * the model until txn_apply(), which can't fail: every check was made when it was staged. Between
 * txn_new() and txn_apply() or txn_free() the model must not change otherwise, so a transaction
 * lives within one callback of the main loop, and only one lives at a time.
 */
#pragma once

#include "base/autoptr.h"
#include "model/model.h"

struct txn;

struct txn *txn_new(struct model *model, const struct caller *caller); /* both borrowed */
void txn_free(struct txn *txn);					       /* forgets what is staged */
DEFINE_AUTOPTR(txn, txn_free)

struct model *txn_model(const struct txn *txn);
const struct caller *txn_caller(const struct txn *txn);

/*
 * The ways of an API request. @body is the inner object. The caller must be able to see the object
 * (else: the kind's not-found error) and to change it (else FORBIDDEN). What they return is staged
 * and borrowed from the transaction. Several may be staged in one transaction (bulk create); after
 * an error the transaction is only good for txn_free().
 */
const struct object *txn_create(struct txn *txn, enum kind_id kind, json_t *body, GError **error);
/* One that is part of the object @parent, for kinds whose path has a parent. */
const struct object *txn_create_in(
	struct txn *txn, enum kind_id kind, const char *parent, json_t *body, GError **error);
const struct object *txn_update(
	struct txn *txn, enum kind_id kind, const char *id, json_t *body, GError **error);
bool txn_delete(struct txn *txn, enum kind_id kind, const char *id, GError **error);
bool txn_act(struct txn *txn, enum kind_id kind, const char *id, const struct kind_action *action,
	json_t *body, json_t **ret_answer, GError **error);

/* Adds to, or takes out of, the collection that the action answers. */
bool txn_act_add(struct txn *txn, enum kind_id kind, const char *id,
	const struct kind_action *action, json_t *body, GError **error);
bool txn_act_remove(struct txn *txn, enum kind_id kind, const char *id,
	const struct kind_action *action, const char *item, GError **error);

bool txn_is_empty(const struct txn *txn); /* nothing is staged */

/* Stages a draft (taken over) as it is: for what weftd writes itself (object_edit() + setters) and
 * for hooks. Checks unique keys and references, runs no hooks. */
const struct object *txn_put(struct txn *txn, struct object *draft, GError **error);
/* Counts a change of @object's parts as one of it, unless it is changed or deleted anyway. */
void txn_touch(struct txn *txn, const struct object *object);
/* Stages a deletion with reference rules and on_delete, for anybody. */
bool txn_remove(struct txn *txn, const struct object *object, GError **error);

/* The transaction's view. */
const struct object *txn_get(const struct txn *txn, enum kind_id kind, const struct uuid *id);
const struct object *txn_get_text(const struct txn *txn, enum kind_id kind, const char *id);
/* Visible to the transaction's caller, else the kind's not-found error. */
const struct object *txn_need(
	const struct txn *txn, enum kind_id kind, const char *id, GError **error);

struct txn_iter {
	const struct txn *txn;
	struct model_iter model;
	enum kind_id kind;
	unsigned index, at;
	u64 key;
};
void txn_iter_init(struct txn_iter *iter, const struct txn *txn, enum kind_id kind, unsigned index,
	...) G_GNUC_NULL_TERMINATED;
const struct object *txn_iter_next(struct txn_iter *iter);

/* One object's change: created when @old is NULL, deleted when @new is. */
struct change {
	enum kind_id kind;
	struct uuid id;
	struct object *old, *new;
	u64 order;    /* the model's: place in enumerations */
	bool removed; /* the transaction's: @new is NULL because it deletes */
};

/* Calls @each with what is staged so far, as it is; @each may stage more, which is not visited. */
void txn_each(
	const struct txn *txn, void (*each)(const struct change *change, void *user), void *user);

/* What a transaction did, in the order it did it; an object occurs once. */
struct changeset {
	u64 revision;
	unsigned n;
	struct change *changes;
};

/*
 * Applies the transaction to the model under @revision (greater than model_revision()) and frees
 * it. The change-set is the caller's. One with n == 0 changed nothing and used no revision.
 */
struct changeset *txn_apply(struct txn *txn, u64 revision);
void changeset_free(struct changeset *changes);
DEFINE_AUTOPTR(changeset, changeset_free)

/* Takes @changes, the last one applied, back out of the model, whose revision becomes @revision. */
void model_undo(struct model *model, const struct changeset *changes, u64 revision);
