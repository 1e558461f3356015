/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/identity_impl.h"

#include <string.h>

const struct caller identity_itself = { CALLER_SYSTEM, "" };

static bool load_key(struct identity *identity, GError **error)
{
	const struct object *key;
	struct model_iter iter;
	const char *text;
	size_t len;

	model_iter_all(&iter, identity->model, KIND_TOKEN_KEY, NULL);
	key = model_iter_next(&iter);
	text = key ? object_str(key, TOKEN_KEY_KEY) : NULL;
	if (text &&
		!sodium_base642bin(identity->key.b, sizeof identity->key.b, text, strlen(text),
			NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) &&
		len == sizeof identity->key.b)
		return true;
	return weft_fail(error, STORE_CORRUPT, "the key of the tokens in the store is no key");
}

struct identity *identity_new(
	const struct config *config, struct model *model, struct commit *commit, GError **error)
{
	g_autoptr(identity) identity = g_new0(struct identity, 1);

	identity->config = config;
	identity->model = model;
	identity->commit = commit;
	identity->hasher = hasher_new();
	identity->guesses = guesses_new();
	if (!bootstrap(identity, error) || !load_key(identity, error))
		return NULL;
	return g_steal_pointer(&identity);
}

void identity_free(struct identity *identity)
{
	hasher_free(identity->hasher);
	guesses_free(identity->guesses);
	sodium_memzero(&identity->key, sizeof identity->key);
	g_free(identity);
}

const char *identity_project(const struct identity *identity, const char *text)
{
	const struct object *project = find_project(identity->model,
		&(struct named_ref){ .name = text, .domain = { .id = "default" } });
	char id[UUID_STRLEN];

	return project ? g_intern_string(uuid_format(object_id(project), id)) : text;
}

unsigned identity_pending(const struct identity *identity)
{
	return hasher_pending(identity->hasher);
}
