/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v3/users/ID/password: a user gives itself a new password by the old one, which is all that
 * it has to show; a token is not needed. The old one is verified and the new one hashed in threads
 * (hasher.h); whoever guesses is slowed down as at log-in.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

struct renewal {
	struct visit visit;
	char *id, *password, *hash; /* the hash that the old password was verified with */
	json_t *history;	    /* hashes of older ones that are still to be compared */
};

static void renewal_free(struct renewal *renewal)
{
	sodium_memzero(renewal->password, strlen(renewal->password));
	g_free(renewal->password);
	g_free(renewal->id);
	g_free(renewal->hash);
	json_decref(renewal->history);
	g_free(renewal);
}

static void renewal_fail(struct renewal *renewal, GError *error)
{
	visit_fail(&renewal->visit, error);
	renewal_free(renewal);
}

/* The user, as long as its password is the one that was verified. */
static const struct object *user_of(const struct renewal *renewal)
{
	const struct object *user =
		model_get_text(renewal->visit.identity->model, KIND_USER, renewal->id);
	bool good = user && object_bool(user, USER_ENABLED) &&
		    !g_strcmp0(object_str(user, USER_PASSWORD_HASH), renewal->hash);

	return good ? user : NULL;
}

static void refuse(struct renewal *renewal)
{
	GError *error = NULL;

	audit(&renewal->visit, "a wrong old password was given for user %.64s", renewal->id);
	weft_fail(&error, UNAUTHORIZED,
		"The user or the original password is wrong, or the user is disabled.");
	renewal_fail(renewal, error);
}

static void on_hashed(const char *hash, void *data)
{
	struct renewal *renewal = data;
	struct identity *identity = renewal->visit.identity;
	const struct object *user = user_of(renewal);
	g_autoptr(txn) txn = NULL;
	struct object *draft;
	GError *error = NULL;

	if (!user)
		return refuse(renewal);
	if (!hash) {
		weft_fail(&error, UNAVAILABLE,
			"No memory to hash the password with; ask again later.");
		return renewal_fail(renewal, error);
	}
	txn = txn_new(identity->model, &identity_itself);
	draft = object_edit(user);
	password_store(identity, draft, hash, PASSWORD_BY_USER);
	if (!txn_put(txn, draft, &error))
		return renewal_fail(renewal, error);
	audit(&renewal->visit, "user %s has given itself a new password", renewal->id);
	write_submit(&renewal->visit.call, g_steal_pointer(&txn), NULL, write_respond_deleted);
	renewal_free(renewal);
}

static void compare_next(struct renewal *renewal);

static void on_compared(const char *hash, void *data)
{
	struct renewal *renewal = data;
	GError *error = NULL;

	if (!hash)
		return compare_next(renewal);
	weft_fail(&error, INVALID_INPUT,
		"The new password is one of the last %u; it must be another one.",
		renewal->visit.identity->config->compliance.unique_last);
	renewal_fail(renewal, error);
}

/* The new password with one older hash, and in the end it is hashed itself. */
static void compare_next(struct renewal *renewal)
{
	struct hasher *hasher = renewal->visit.identity->hasher;
	json_t *older = json_incref(json_array_get(renewal->history, 0));
	GError *error = NULL;
	bool going;

	if (older)
		json_array_remove(renewal->history, 0);
	going = older ? hasher_verify(hasher, renewal->password, json_string_value(older),
				on_compared, renewal, &error)
		      : hasher_hash(hasher, renewal->password, on_hashed, renewal, &error);
	json_decref(older);
	if (!going)
		renewal_fail(renewal, error);
}

static void on_verified(const char *hash, void *data)
{
	struct renewal *renewal = data;
	struct identity *identity = renewal->visit.identity;
	const struct object *user = user_of(renewal);
	GError *error = NULL;

	if (!hash || !user || password_locked_out(identity, user)) {
		if (!hash && user)
			password_was_wrong(&renewal->visit, user);
		return refuse(renewal);
	}
	login_succeeded(&renewal->visit, renewal->id);
	lockout_end(identity->lockout, object_id(user));
	if (!password_may_change(identity, user, &error))
		return renewal_fail(renewal, error);
	if (identity->config->compliance.unique_last)
		renewal->history = object_json(user, USER_PASSWORD_HISTORY);
	compare_next(renewal);
}

static bool read_body(json_t *body, const char **ret_old, const char **ret_new, GError **error)
{
	json_t *inner = body_member(body, "user", error);

	if (!inner)
		return false;
	*ret_old = json_string_value(json_object_get(inner, "original_password"));
	*ret_new = json_string_value(json_object_get(inner, "password"));
	if (!*ret_old || !*ret_new)
		return weft_fail(error, BAD_REQUEST,
			"Give {\"user\": {\"original_password\": \"…\", \"password\": \"…\"}}.");
	return strcmp(*ret_old, *ret_new) ||
	       weft_fail(error, INVALID_INPUT, "The new password is the old one.");
}

/* The user's own tries are counted, whoever makes them and however the path spells the id; one that
 * is none has its count too. */
static bool start(struct renewal *renewal, const char *old, GError **error)
{
	struct identity *identity = renewal->visit.identity;
	const struct object *user = model_get_text(identity->model, KIND_USER, renewal->id);
	char id[UUID_STRLEN];

	if (user) {
		g_free(renewal->id);
		renewal->id = g_strdup(uuid_format(object_id(user), id));
	}
	if (!login_allowed(&renewal->visit, renewal->id, error))
		return false;
	renewal->hash = g_strdup(user ? object_str(user, USER_PASSWORD_HASH) : NULL);
	return hasher_verify(identity->hasher, old, renewal->hash, on_verified, renewal, error);
}

void password_post(struct visit *visit)
{
	struct renewal *renewal = g_new0(struct renewal, 1);
	const char *old = NULL, *new = NULL;
	GError *error = NULL;
	json_t *body;

	renewal->visit = *visit;
	renewal->id = g_strdup(visit->args[0]);
	body = body_parse(visit->call.request, &error);
	if (!body || !read_body(body, &old, &new, &error) ||
		!password_fits(visit->identity, new, &error)) {
		renewal->password = g_strdup("");
		renewal_fail(renewal, error);
	} else {
		renewal->password = g_strdup(new);
		if (!start(renewal, old, &error))
			renewal_fail(renewal, error);
	}
	json_decref(body);
}
