/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that seal tokens. The newest seals; all that there are open. One that is old gets a
 * successor, and goes when the successor is so old that nothing is asked about any more that the
 * old one sealed. A successor is used from the next look on, an hour later or after a restart: by
 * then it is on the disk.
 */
#include <string.h>

#include "base/log.h"
#include "controller/auth/credential.h"
#include "controller/identity/identity_impl.h"

#define LOOK_S 3600

/* One key, and since when it is there. */
struct aged_key {
	struct token_key key;
	s64 created_at;
};

static s64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static int newest_first(gconstpointer a, gconstpointer b)
{
	const struct aged_key *left = a, *right = b;

	return (left->created_at < right->created_at) - (left->created_at > right->created_at);
}

static bool read_key(const struct object *object, struct aged_key *ret)
{
	const char *text = object_str(object, TOKEN_KEY_KEY);
	size_t len;

	ret->created_at = object_int(object, SLOT_CREATED_AT);
	return !sodium_base642bin(ret->key.b, sizeof ret->key.b, text, strlen(text), NULL, &len,
		       NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) &&
	       len == sizeof ret->key.b;
}

static void clear_key(gpointer key)
{
	sodium_memzero(key, sizeof(struct aged_key));
}

bool keys_load(struct identity *identity, GError **error)
{
	GArray *keys = g_array_new(FALSE, FALSE, sizeof(struct aged_key));
	const struct object *object;
	struct model_iter iter;
	struct aged_key key;
	bool good = true;

	g_array_set_clear_func(keys, clear_key);
	model_iter_all(&iter, identity->model, KIND_TOKEN_KEY, NULL);
	while ((object = model_iter_next(&iter))) {
		good = good && read_key(object, &key);
		g_array_append_val(keys, key);
	}
	clear_key(&key);
	if (!good || !keys->len) {
		g_array_unref(keys);
		return weft_fail(
			error, STORE_CORRUPT, "the key of the tokens in the store is no key");
	}
	g_array_sort(keys, newest_first);
	g_clear_pointer(&identity->keys, g_array_unref);
	identity->keys = keys;
	return true;
}

char *keys_seal(const struct identity *identity, const struct token *token)
{
	return token_seal(token, &g_array_index(identity->keys, struct aged_key, 0).key);
}

bool keys_open(
	const struct identity *identity, const char *text, enum token_use use, struct token *ret)
{
	struct token token;

	for (unsigned i = 0; i < identity->keys->len; i++)
		if (token_open(
			    text, &g_array_index(identity->keys, struct aged_key, i).key, &token) &&
			token.use == use) {
			*ret = token;
			return true;
		}
	return false;
}

bool keys_stage_new(struct txn *txn, GError **error)
{
	struct object *draft = object_new(&token_key_kind, NULL);
	g_autofree char *key = credential_new();

	object_set_str(draft, TOKEN_KEY_KEY, key);
	return txn_put(txn, draft, error) != NULL;
}

/* When did the key get the successor that it has? 0: it has none. */
static s64 succeeded_at(const struct identity *identity, s64 created_at)
{
	s64 successor = 0;

	for (unsigned i = 0; i < identity->keys->len; i++) {
		s64 other = g_array_index(identity->keys, struct aged_key, i).created_at;

		if (other > created_at)
			successor = other; /* newest first: the last is the next one */
	}
	return successor;
}

/* Tokens are sealed by a key until LOOK_S after it has a successor. */
static bool stage_removals(const struct identity *identity, struct txn *txn, GError **error)
{
	s64 needed = identity->config->identity_token_lifetime + EXPIRED_WINDOW_S + LOOK_S;
	g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct model_iter iter;

	model_iter_all(&iter, identity->model, KIND_TOKEN_KEY, NULL);
	while ((object = model_iter_next(&iter))) {
		s64 since = succeeded_at(identity, object_int(object, SLOT_CREATED_AT));

		if (since && since + needed < now_s())
			g_ptr_array_add(old, object_ref(object));
	}
	for (unsigned i = 0; i < old->len; i++)
		if (!txn_remove(txn, old->pdata[i], error))
			return false;
	return true;
}

static bool rotate(struct identity *identity, GError **error)
{
	s64 newest = g_array_index(identity->keys, struct aged_key, 0).created_at;
	bool due = newest + identity->config->identity_key_lifetime < now_s();
	g_autoptr(txn) txn = txn_new(identity->model, &identity_itself);

	if ((due && !keys_stage_new(txn, error)) || !stage_removals(identity, txn, error))
		return false;
	if (due)
		log_info("audit: there is a new key for tokens");
	if (!txn_is_empty(txn))
		commit_submit(identity->commit, g_steal_pointer(&txn), NULL, NULL);
	return true;
}

static gboolean look(gpointer data)
{
	g_autoptr(GError) problem = NULL;

	if (!keys_load(data, &problem) || !rotate(data, &problem))
		log_warning("the keys of tokens can't be renewed: %s", problem->message);
	return G_SOURCE_CONTINUE;
}

bool keys_start(struct identity *identity, GError **error)
{
	if (!keys_load(identity, error) || !rotate(identity, error))
		return false;
	identity->key_timer = g_timeout_add_seconds(LOOK_S, look, identity);
	return true;
}

void keys_stop(struct identity *identity)
{
	if (identity->key_timer)
		g_source_remove(identity->key_timer);
	g_clear_pointer(&identity->keys, g_array_unref);
}
