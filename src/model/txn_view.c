/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction sees: the model, with what it has staged itself. */
#include "model/model_impl.h"
#include "model/txn_impl.h"

const struct object *txn_get(const struct txn *txn, enum kind_id kind, const struct uuid *id)
{
	const struct change *change = txn_change(txn, kind, id);

	if (!change)
		return model_get(txn->model, kind, id);
	return change->new ? change->new : change->removed ? NULL : change->old;
}

const struct object *txn_get_text(const struct txn *txn, enum kind_id kind, const char *id)
{
	struct uuid uuid;

	return id && uuid_parse(id, &uuid) ? txn_get(txn, kind, &uuid) : NULL;
}

const struct object *txn_need(
	const struct txn *txn, enum kind_id kind, const char *id, GError **error)
{
	const struct object *object = txn_get_text(txn, kind, id);

	if (object && model_visible(txn->model, object, txn->caller))
		return object;
	kind_fail_not_found(kind, id, error);
	return NULL;
}

void txn_iter_init_key(
	struct txn_iter *iter, const struct txn *txn, enum kind_id kind, unsigned index, u64 key)
{
	*iter = (struct txn_iter){ .txn = txn, .kind = kind, .index = index, .key = key };
	model_iter_init_key(&iter->model, txn->model, kind, index, key);
}

void txn_iter_init(
	struct txn_iter *iter, const struct txn *txn, enum kind_id kind, unsigned index, ...)
{
	va_list texts;

	va_start(texts, index);
	txn_iter_init_key(iter, txn, kind, index, index_key(kind, index, texts));
	va_end(texts);
}

static bool has_key(const struct object *object, unsigned index, u64 key)
{
	struct key_sink sink;

	index_keys(object, index, &sink);
	for (unsigned i = 0; i < sink.n; i++)
		if (sink.keys[i] == key)
			return true;
	return false;
}

/* First what the model has and the transaction has not touched, then what it has staged. */
const struct object *txn_iter_next(struct txn_iter *iter)
{
	const struct object *object;

	while ((object = model_iter_next(&iter->model)))
		if (!txn_change(iter->txn, iter->kind, &object->id))
			return object;
	while (iter->at < iter->txn->changes->len) {
		struct change *change = iter->txn->changes->pdata[iter->at++];

		if (change->kind != iter->kind)
			continue;
		object = txn_get(iter->txn, iter->kind, &change->id);
		if (object && has_key(object, iter->index, iter->key))
			return object;
	}
	return NULL;
}
