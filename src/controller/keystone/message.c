/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/keystone/message.h"

#include <jansson.h>

#include "model/access/policy.h"

static json_t *named_in_domain(const char *name, const char *domain)
{
	return json_pack("{s:s, s:{s:s}}", "name", name, "domain", "name", domain);
}

char *keystone_login_body(const struct config_keystone *config)
{
	json_t *user = named_in_domain(config->username, config->user_domain);
	json_t *project = named_in_domain(config->project, config->project_domain);
	json_t *body;
	char *dumped, *text;

	json_object_set_new(user, "password", json_string(config->password));
	body = json_pack("{s:{s:{s:[s], s:{s:o}}, s:{s:o}}}", "auth", "identity", "methods",
		"password", "password", "user", user, "scope", "project", project);
	dumped = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	text = g_strdup(dumped);
	free(dumped);
	return text;
}

static bool read_time(json_t *value, s64 *ret)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = NULL;

	if (json_is_string(value))
		time = g_date_time_new_from_iso8601(json_string_value(value), utc);
	if (!time)
		return false;
	*ret = g_date_time_to_unix(time);
	return true;
}

bool keystone_read_expiry(const char *body, size_t len, s64 *ret)
{
	json_t *json = json_loadb(body, len, 0, NULL);
	json_t *token = json_object_get(json, "token");
	bool known = read_time(json_object_get(token, "expires_at"), ret);

	json_decref(json);
	return known;
}

/* The highest of ours; Keystone has expanded implied ones. Its names know no case. */
static enum caller_role highest_role(json_t *roles)
{
	static const char *const names[] = {
		[CALLER_READER] = "reader", [CALLER_MEMBER] = "member", [CALLER_ADMIN] = "admin"
	};
	enum caller_role highest = CALLER_NONE;
	json_t *role;
	size_t i;

	json_array_foreach(roles, i, role) {
		const char *name = json_string_value(json_object_get(role, "name"));

		for (enum caller_role rank = CALLER_READER; name && rank <= CALLER_ADMIN; rank++)
			if (!g_ascii_strcasecmp(name, names[rank]))
				highest = MAX(highest, rank);
	}
	return highest;
}

/* Further ones that rules ask for. */
static u64 roles_for_rules(json_t *roles, const struct policy *policy)
{
	json_t *role;
	u64 mask = 0;
	size_t i;

	json_array_foreach(roles, i, role) {
		const char *name = json_string_value(json_object_get(role, "name"));

		mask |= name ? policy_role(policy ?: policy_default(), name) : 0;
	}
	return mask;
}

static const char *interned_id(json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	return id ? g_intern_string(id) : NULL;
}

struct keystone_verdict *keystone_verdict_new(enum keystone_result result)
{
	struct keystone_verdict *verdict = g_new0(struct keystone_verdict, 1);

	verdict->refs = 1;
	verdict->result = result;
	verdict->project_id = "";
	return verdict;
}

struct keystone_verdict *keystone_read_verdict(
	const char *body, size_t len, const struct policy *policy)
{
	json_t *json = json_loadb(body, len, 0, NULL);
	json_t *token = json_object_get(json, "token");
	const char *project = interned_id(json_object_get(token, "project"));
	struct keystone_verdict *verdict = NULL;
	s64 expires_at;

	if (read_time(json_object_get(token, "expires_at"), &expires_at)) {
		verdict = keystone_verdict_new(KEYSTONE_VALID);
		verdict->expires_at = expires_at;
		verdict->role = highest_role(json_object_get(token, "roles"));
		verdict->roles = roles_for_rules(json_object_get(token, "roles"), policy);
		verdict->project_scoped = project != NULL;
		verdict->domain_scoped = json_object_get(token, "domain") != NULL;
		verdict->system_scoped =
			json_is_true(json_object_get(json_object_get(token, "system"), "all"));
		/* There are as many as projects and users. */
		verdict->project_id = project ?: "";
		verdict->user_id = interned_id(json_object_get(token, "user"));
		verdict->policy = policy;
	}
	json_decref(json);
	return verdict;
}

struct keystone_verdict *keystone_verdict_ref(struct keystone_verdict *verdict)
{
	verdict->refs++;
	return verdict;
}

void keystone_verdict_unref(struct keystone_verdict *verdict)
{
	if (!--verdict->refs)
		g_free(verdict);
}

bool keystone_caller(
	const struct keystone_verdict *verdict, s64 now, struct caller *ret, GError **error)
{
	if (verdict->result == KEYSTONE_UNREACHABLE)
		return weft_fail(error, KEYSTONE_UNREACHABLE,
			"Keystone, which knows whether the request's token is valid, can't be asked now; ask again later.");
	if (verdict->result == KEYSTONE_INVALID || verdict->expires_at <= now)
		return weft_fail(error, UNAUTHORIZED,
			"The request's token is not valid in Keystone: it is none of its, or has expired or been revoked.");
	if ((!verdict->role && !verdict->roles) || verdict->domain_scoped ||
		(!verdict->project_scoped && !verdict->system_scoped &&
			verdict->role < CALLER_ADMIN))
		return weft_fail(error, FORBIDDEN,
			"The token is for no project in which its user is admin, member or reader, nor for the system; ask for a token of a project.");
	*ret = (struct caller){ .role = verdict->role,
		.project_id = verdict->project_id,
		.user_id = verdict->user_id,
		.roles = verdict->roles,
		.system = verdict->system_scoped,
		.policy = verdict->policy };
	return true;
}
