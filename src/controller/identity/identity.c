/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/identity_impl.h"

const struct caller identity_itself = { CALLER_SYSTEM, "" };

struct identity *identity_new(
	const struct config *config, struct model *model, struct commit *commit, GError **error)
{
	g_autoptr(identity) identity = g_new0(struct identity, 1);

	identity->config = config;
	identity->model = model;
	identity->commit = commit;
	identity->hasher = hasher_new();
	identity->guesses = guesses_new();
	identity->lockout = lockout_new(config->compliance.lockout_attempts,
		(u64)config->compliance.lockout_s * G_USEC_PER_SEC);
	identity->passcodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!bootstrap(identity, error) || !keys_start(identity, error))
		return NULL;
	return g_steal_pointer(&identity);
}

void identity_free(struct identity *identity)
{
	hasher_free(identity->hasher);
	guesses_free(identity->guesses);
	lockout_free(identity->lockout);
	g_hash_table_destroy(identity->passcodes);
	keys_stop(identity);
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
