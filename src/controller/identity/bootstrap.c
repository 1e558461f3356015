/* SPDX-License-Identifier: Apache-2.0 */
/* The first start: somebody must be able to log in. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "controller/auth/credential.h"
#include "controller/identity/identity_impl.h"

static char *read_password(const char *path, GError **error)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, error)) {
		g_prefix_error(error, "admin-password-file: ");
		return NULL;
	}
	g_strchomp(text);
	if (!*text) {
		weft_fail(error, INVALID_INPUT, "admin-password-file: %s is empty", path);
		return NULL;
	}
	return g_steal_pointer(&text);
}

static bool write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	return write(fd, text, len) == (ssize_t)len && !fsync(fd);
}

/* Beside the store, for its owner only. An older file is not ours to overwrite. */
static bool write_password(const char *path, const char *password, GError **error)
{
	g_autofree char *line = g_strconcat(password, "\n", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool written = fd >= 0 && write_all(fd, line);
	int reason = errno;

	if (fd >= 0)
		close(fd);
	if (!written)
		return weft_fail_errno(error, reason,
			"can't write the first administrator's password to %s; move that file away, or name one as admin-password-file in [identity]",
			path);
	log_info("identity: the password of the first administrator, 'admin', is in %s", path);
	return true;
}

static char *first_password(const struct config *config, GError **error)
{
	g_autofree char *password = NULL, *path = NULL;

	if (config->identity_admin_password_file)
		return read_password(config->identity_admin_password_file, error);
	if (!g_str_has_prefix(config->store, "sqlite:")) {
		weft_fail(error, INVALID_INPUT,
			"[identity] needs admin-password-file: the store %s has no place for a generated password",
			config->store);
		return NULL;
	}
	password = credential_new();
	path = g_strconcat(config->store + strlen("sqlite:"), ".admin-password", NULL);
	return write_password(path, password, error) ? g_steal_pointer(&password) : NULL;
}

static const struct object *put_named(struct txn *txn, enum kind_id kind, const char *name,
	const struct uuid *id, unsigned domain_slot, GError **error)
{
	struct object *draft = object_new(kind_by_id(kind), id);
	char domain[UUID_STRLEN];

	object_set_str(draft, SLOT_NAME, name);
	if (domain_slot)
		object_set_str(draft, domain_slot, uuid_format(&default_domain_id, domain));
	return txn_put(txn, draft, error);
}

static bool put_assignment(struct txn *txn, const struct object *user, const struct object *role,
	const struct object *project, GError **error)
{
	struct object *draft = object_new(&assignment_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, ASSIGNMENT_USER_ID, uuid_format(object_id(user), id));
	object_set_str(draft, ASSIGNMENT_ROLE_ID, uuid_format(object_id(role), id));
	if (project)
		object_set_str(draft, ASSIGNMENT_PROJECT_ID, uuid_format(object_id(project), id));
	return txn_put(txn, draft, error) != NULL;
}

static const struct object *put_admin(struct txn *txn, const char *hash, GError **error)
{
	struct object *draft = object_new(&user_kind, NULL);
	char domain[UUID_STRLEN];

	object_set_str(draft, SLOT_NAME, "admin");
	object_set_str(draft, USER_DOMAIN_ID, uuid_format(&default_domain_id, domain));
	object_set_str(draft, USER_PASSWORD_HASH, hash);
	return txn_put(txn, draft, error);
}

static bool put_implied(
	struct txn *txn, const struct object *prior, const struct object *implied, GError **error)
{
	return txn_put(txn, implied_role_draft(prior, implied), error) != NULL;
}

static bool stage(struct txn *txn, const struct config *config, const char *hash, GError **error)
{
	const struct object *project, *user, *role = NULL, *lower;

	if (!put_named(txn, KIND_DOMAIN, "Default", &default_domain_id, 0, error))
		return false;
	for (unsigned rank = 1; rank <= RANK_ADMIN; rank++) {
		lower = role;
		role = put_named(txn, KIND_ROLE, role_name_of_rank(rank), NULL, 0, error);
		if (!role || (lower && !put_implied(txn, role, lower, error)))
			return false;
	}
	project = put_named(txn, KIND_PROJECT, "admin", NULL, PROJECT_DOMAIN_ID, error);
	user = project ? put_admin(txn, hash, error) : NULL;
	return user && put_assignment(txn, user, role, project, error) &&
	       put_assignment(txn, user, role, NULL, error) && keys_stage_new(txn, error) &&
	       catalog_seed(txn, config, error);
}

/* What a store of an earlier version lacks. */
static bool complete(struct identity *identity, GError **error)
{
	bool implied = model_count_all(identity->model, KIND_IMPLIED_ROLE);
	bool catalog = model_count_all(identity->model, KIND_SERVICE) ||
		       model_count_all(identity->model, KIND_REGION);
	g_autoptr(txn) txn = NULL;

	if (implied && catalog)
		return true;
	txn = txn_new(identity->model, &identity_itself);
	if (!catalog && !catalog_seed(txn, identity->config, error))
		return false;
	for (unsigned rank = RANK_ADMIN; !implied && rank > 1; rank--)
		if (!put_implied(txn, role_of_rank(identity->model, rank),
			    role_of_rank(identity->model, rank - 1), error))
			return false;
	commit_submit(identity->commit, g_steal_pointer(&txn), NULL, NULL);
	return true;
}

bool bootstrap(struct identity *identity, GError **error)
{
	g_autofree char *password = NULL, *hash = NULL;
	g_autoptr(txn) txn = NULL;

	if (model_count_all(identity->model, KIND_TOKEN_KEY))
		return complete(identity, error);
	password = first_password(identity->config, error);
	if (!password)
		return false;
	hash = hasher_hash_now(password);
	sodium_memzero(password, strlen(password));
	if (!hash)
		return weft_fail(error, UNAVAILABLE, "no memory to hash a password with");
	txn = txn_new(identity->model, &identity_itself);
	if (!stage(txn, identity->config, hash, error))
		return false;
	commit_submit(identity->commit, g_steal_pointer(&txn), NULL, NULL);
	return true;
}
