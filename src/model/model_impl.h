/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the model. Inside of src/model. */
#pragma once

#include <stdarg.h>

#include "model/key_index.h"
#include "model/model.h"
#include "model/object_impl.h"
#include "model/txn.h"

#define MAX_INDEXES 16

struct table {
	const struct kind *kind;
	struct key_index by_id;
	struct object_list all;
	struct key_index indexes[MAX_INDEXES];
	void *state;
};

struct model {
	struct table tables[N_KINDS];
	u64 revision;
	u64 next_order;
};

/* Keys of one object in one index. */
#define MAX_KEYS 128
struct key_sink {
	unsigned salt; /* tells the indexes of all kinds apart */
	unsigned n;
	u64 keys[MAX_KEYS];
};
void index_keys(const struct object *object, unsigned index, struct key_sink *sink);
/* The key of a NULL-terminated list of texts. */
u64 index_key(enum kind_id kind, unsigned index, va_list texts);

struct cell *table_find(const struct table *table, const struct uuid *id);

/* One change of the table and its indexes, without the hooks. */
void model_replace(struct model *model, struct change *change);

/* All changes: tables first, then the kinds' observers. */
void model_apply(struct model *model, struct changeset *changes, u64 revision);

void model_iter_init_key(struct model_iter *iter, const struct model *model, enum kind_id kind,
	unsigned index, u64 key);
