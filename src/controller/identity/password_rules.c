/* SPDX-License-Identifier: Apache-2.0 */
/* What [security_compliance] and a user's options ask of passwords, and how they are kept. */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "model/identity/identity_options.h"

#define DAY_S 86400

static s64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

bool password_fits(const struct identity *identity, const char *password, GError **error)
{
	const struct config_compliance *rules = &identity->config->compliance;

	if (!*password || strlen(password) > PASSWORD_MAX)
		return weft_fail(error, INVALID_INPUT,
			"A password must be a text of 1 to %d bytes.", PASSWORD_MAX);
	return !rules->regex || g_regex_match(rules->regex, password, 0, NULL) ||
	       weft_fail(error, INVALID_INPUT, "The password does not match the requirements: %s.",
		       rules->regex_description
			       ?: "the pattern that this service is configured with");
}

bool password_expired(const struct object *user)
{
	return !object_is_null(user, USER_PASSWORD_EXPIRES_AT) &&
	       object_int(user, USER_PASSWORD_EXPIRES_AT) <= now_s() &&
	       !options_flag(user, USER_OPTIONS, OPTION_IGNORE_EXPIRY);
}

bool password_may_change(const struct identity *identity, const struct object *user, GError **error)
{
	s64 days = identity->config->compliance.minimum_age_days;
	s64 left = object_int(user, USER_PASSWORD_CREATED_AT) + days * DAY_S - now_s();

	if (options_flag(user, USER_OPTIONS, OPTION_LOCK_PASSWORD))
		return weft_fail(error, INVALID_INPUT,
			"The user may not change its password; ask an administrator to do it.");
	return left <= 0 || !object_bool(user, USER_PASSWORD_SELF_SERVICE) ||
	       weft_fail(error, INVALID_INPUT,
		       "The password must be used for %" G_GINT64_FORMAT
		       " days before it can be changed; try again in %" G_GINT64_FORMAT
		       " days, or ask an administrator to do it.",
		       days, left / DAY_S + 1);
}

/* The hash that the user has becomes the newest of the older ones, which are as many as asked for.
 */
static void keep_history(struct object *draft, unsigned unique_last)
{
	json_t *history = object_json(draft, USER_PASSWORD_HISTORY) ?: json_array();
	const char *hash = object_str(draft, USER_PASSWORD_HASH);
	char *text;

	if (hash)
		json_array_insert_new(history, 0, json_string(hash));
	while (json_array_size(history) && json_array_size(history) + 1 > unique_last)
		json_array_remove(history, json_array_size(history) - 1);
	text = json_array_size(history) ? json_dumps(history, JSON_COMPACT) : NULL;
	object_set_str(draft, USER_PASSWORD_HISTORY, text);
	free(text);
	json_decref(history);
}

void password_store(const struct identity *identity, struct object *draft, const char *hash,
	enum password_by by)
{
	const struct config_compliance *rules = &identity->config->compliance;
	bool change_first = by == PASSWORD_BY_ADMIN && rules->change_at_first_use &&
			    !options_flag(draft, USER_OPTIONS, OPTION_IGNORE_FIRST_USE);
	s64 now = now_s();

	keep_history(draft, rules->unique_last);
	object_set_str(draft, USER_PASSWORD_HASH, hash);
	object_set_int(draft, USER_GENERATION, object_int(draft, USER_GENERATION) + 1);
	object_set_int(draft, USER_PASSWORD_CREATED_AT, now);
	object_set_bool(draft, USER_PASSWORD_SELF_SERVICE, by == PASSWORD_BY_USER);
	object_set_null(draft, USER_PASSWORD_EXPIRES_AT);
	if (change_first)
		object_set_int(draft, USER_PASSWORD_EXPIRES_AT, now);
	else if (rules->expires_days && !options_flag(draft, USER_OPTIONS, OPTION_IGNORE_EXPIRY))
		object_set_int(draft, USER_PASSWORD_EXPIRES_AT, now + rules->expires_days * DAY_S);
}

bool password_locked_out(const struct identity *identity, const struct object *user)
{
	return !options_flag(user, USER_OPTIONS, OPTION_IGNORE_LOCKOUT) &&
	       lockout_holds(identity->lockout, object_id(user), (u64)g_get_monotonic_time());
}

void password_was_wrong(const struct visit *visit, const struct object *user)
{
	struct identity *identity = visit->identity;
	u64 now = (u64)g_get_monotonic_time();
	bool before = lockout_holds(identity->lockout, object_id(user), now);
	char id[UUID_STRLEN];

	if (options_flag(user, USER_OPTIONS, OPTION_IGNORE_LOCKOUT))
		return;
	lockout_failed(identity->lockout, object_id(user), now);
	if (!before && lockout_holds(identity->lockout, object_id(user), now))
		audit(visit, "user %s is locked out for %u s", uuid_format(object_id(user), id),
			identity->config->compliance.lockout_s);
}
