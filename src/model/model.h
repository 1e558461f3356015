/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All objects in memory, with their indexes. Changes come only from txn_apply(), changeset undo and
 * loading. Main thread only.
 *
 * Every enumeration is in order of creation, which survives a restart. Results are borrowed: valid
 * until the model changes; object_ref() what must live longer.
 */
#pragma once

#include "base/autoptr.h"
#include "model/access/caller.h"
#include "model/object.h"

struct model *model_new(void);
void model_free(struct model *model);
DEFINE_AUTOPTR(model, model_free)

/* Revision of the last applied change; 0: none yet. */
u64 model_revision(const struct model *model);

/* By id, or NULL. */
const struct object *model_get(const struct model *model, enum kind_id kind, const struct uuid *id);
/* By id as text; NULL also when it is no UUID. */
const struct object *model_get_text(const struct model *model, enum kind_id kind, const char *id);
/* By id as text, else by a unique name: the kind's index 0 must be by name. NULL: none, or several
 * of that name. */
const struct object *model_get_by_name_or_id(
	const struct model *model, enum kind_id kind, const char *name_or_id);

/* Like model_get_text(), with the kind's not-found error ("Network x could not be found."). */
const struct object *model_need(
	const struct model *model, enum kind_id kind, const char *id, GError **error);

unsigned model_count_all(const struct model *model, enum kind_id kind);

/*
 * Enumeration. The key of an index is given as the texts of its slots, ended by NULL:
 *
 *	struct model_iter iter;
 *	const struct object *port;
 *
 *	model_iter_init(&iter, model, KIND_PORT, PORT_BY_NETWORK, network_id, NULL);
 *	while ((port = model_iter_next(&iter)))
 *		…
 *
 * model_iter_all() goes through the whole kind, from behind @after when that is not NULL (paging).
 */
struct model_iter {
	const struct model *model;
	const struct object_list *list;
	unsigned at;
	const struct object *single;
	u64 single_order;
};
void model_iter_init(struct model_iter *iter, const struct model *model, enum kind_id kind,
	unsigned index, ...) G_GNUC_NULL_TERMINATED;
void model_iter_all(struct model_iter *iter, const struct model *model, enum kind_id kind,
	const struct object *after);
/* Moves @iter behind @after, an object of the kind in the model, in the enumeration or not. */
void model_iter_skip(struct model_iter *iter, const struct object *after);
const struct object *model_iter_next(struct model_iter *iter);

/* The first object with that key, or NULL; and how many there are, in constant time. */
const struct object *model_first(
	const struct model *model, enum kind_id kind, unsigned index, ...) G_GNUC_NULL_TERMINATED;
unsigned model_count(
	const struct model *model, enum kind_id kind, unsigned index, ...) G_GNUC_NULL_TERMINATED;

/* May @caller see @object: is it in his sight, and does the rule get_… of the policy hold? What is
 * part of another object is seen with that. May he change it: does the rule update_… hold? */
bool model_visible(
	const struct model *model, const struct object *object, const struct caller *caller);
bool model_changeable(
	const struct model *model, const struct object *object, const struct caller *caller);
/* The object that @object is part of, by its kind's parent_slot; NULL: none. */
const struct object *model_parent(const struct model *model, const struct object *object);

/* The kind's private state (kind_hooks.state_new). */
void *model_state(const struct model *model, enum kind_id kind);

/*
 * Loading, before anything else: model_load() each stored object in the order of creation, any
 * kinds interleaved (the object is taken over), then model_load_done(). Fails when an object
 * contradicts one loaded before it (a unique key twice).
 */
bool model_load(struct model *model, struct object *object, GError **error);
void model_load_done(struct model *model, u64 revision);
