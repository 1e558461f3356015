/* SPDX-License-Identifier: Apache-2.0 */
/* From a request below /v3 to its handler; "*" stands for any segment, kept in visit.args. */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"

#define MAX_PATTERN 10

enum access {
	ACCESS_OPEN,   /* anybody */
	ACCESS_TOKEN,  /* a valid token, also without a scope */
	ACCESS_DOMAIN, /* an administrator, of the cloud or of a domain (reach.c) */
	ACCESS_ADMIN,  /* one of the cloud */
};

typedef void (*visit_fn)(struct visit *visit);

/* Patterns: "a|b" is either, "*" any segment. */
#define PLACES "projects|domains", "*"
#define ACTORS "users|groups", "*"
#define INHERITED "inherited_to_projects"

#define OBJECTS(kind, path, list, get, show, change)                        \
	{ HTTP_GET, list, objects_list, &kind, { path } },                  \
		{ HTTP_POST, change, object_post, &kind, { path } },        \
		{ HTTP_GET, show, get, &kind, { path, "*" } },              \
		{ HTTP_PATCH, change, object_patch, &kind, { path, "*" } }, \
	{                                                                   \
		HTTP_DELETE, change, object_remove, &kind,                  \
		{                                                           \
			path, "*"                                           \
		}                                                           \
	}

#define ASSIGNMENTS(...)                                                            \
	{ HTTP_GET, ACCESS_DOMAIN, assignment_get, NULL, { __VA_ARGS__ } },         \
		{ HTTP_PUT, ACCESS_DOMAIN, assignment_put, NULL, { __VA_ARGS__ } }, \
	{                                                                           \
		HTTP_DELETE, ACCESS_DOMAIN, assignment_delete, NULL,                \
		{                                                                   \
			__VA_ARGS__                                                 \
		}                                                                   \
	}

static const struct {
	enum http_method method;
	enum access access;
	visit_fn handle;
	const struct kind *kind;	   /* of what it is about, for handlers of several */
	const char *segments[MAX_PATTERN]; /* behind "v3" */
} routes[] = {
	{ HTTP_GET, ACCESS_OPEN, version_get, NULL, { NULL } },
	{ HTTP_POST, ACCESS_OPEN, login_post, NULL, { "auth", "tokens" } },
	{ HTTP_GET, ACCESS_TOKEN, token_get, NULL, { "auth", "tokens" } },
	{ HTTP_DELETE, ACCESS_TOKEN, token_delete, NULL, { "auth", "tokens" } },
	{ HTTP_GET, ACCESS_TOKEN, catalog_get, NULL, { "auth", "catalog" } },
	{ HTTP_GET, ACCESS_TOKEN, own_projects_get, NULL, { "auth", "projects" } },
	{ HTTP_GET, ACCESS_TOKEN, own_domains_get, NULL, { "auth", "domains" } },
	{ HTTP_GET, ACCESS_TOKEN, own_system_get, NULL, { "auth", "system" } },
	OBJECTS(domain_kind, "domains", ACCESS_DOMAIN, object_get, ACCESS_DOMAIN, ACCESS_ADMIN),
	OBJECTS(project_kind, "projects", ACCESS_DOMAIN, project_get, ACCESS_TOKEN, ACCESS_DOMAIN),
	OBJECTS(user_kind, "users", ACCESS_DOMAIN, user_get, ACCESS_TOKEN, ACCESS_DOMAIN),
	OBJECTS(group_kind, "groups", ACCESS_DOMAIN, object_get, ACCESS_DOMAIN, ACCESS_DOMAIN),
	OBJECTS(role_kind, "roles", ACCESS_DOMAIN, object_get, ACCESS_DOMAIN, ACCESS_ADMIN),
	{ HTTP_GET, ACCESS_TOKEN, project_tags_get, NULL, { "projects", "*", "tags" } },
	{ HTTP_PUT, ACCESS_DOMAIN, project_tags_put, NULL, { "projects", "*", "tags" } },
	{ HTTP_DELETE, ACCESS_DOMAIN, project_tags_delete, NULL, { "projects", "*", "tags" } },
	{ HTTP_GET, ACCESS_TOKEN, project_tag_get, NULL, { "projects", "*", "tags", "*" } },
	{ HTTP_PUT, ACCESS_DOMAIN, project_tag_put, NULL, { "projects", "*", "tags", "*" } },
	{ HTTP_DELETE, ACCESS_DOMAIN, project_tag_delete, NULL, { "projects", "*", "tags", "*" } },
	{ HTTP_POST, ACCESS_OPEN, password_post, NULL, { "users", "*", "password" } },
	{ HTTP_GET, ACCESS_TOKEN, user_projects_get, NULL, { "users", "*", "projects" } },
	{ HTTP_GET, ACCESS_TOKEN, user_groups_get, NULL, { "users", "*", "groups" } },
	{ HTTP_GET, ACCESS_DOMAIN, group_users_get, NULL, { "groups", "*", "users" } },
	{ HTTP_GET, ACCESS_DOMAIN, membership_get, NULL, { "groups", "*", "users", "*" } },
	{ HTTP_PUT, ACCESS_DOMAIN, membership_put, NULL, { "groups", "*", "users", "*" } },
	{ HTTP_DELETE, ACCESS_DOMAIN, membership_delete, NULL, { "groups", "*", "users", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, implied_list, NULL, { "roles", "*", "implies" } },
	{ HTTP_GET, ACCESS_ADMIN, implied_get, NULL, { "roles", "*", "implies", "*" } },
	{ HTTP_PUT, ACCESS_ADMIN, implied_put, NULL, { "roles", "*", "implies", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, implied_delete, NULL, { "roles", "*", "implies", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, inferences_list, NULL, { "role_inferences" } },
	{ HTTP_GET, ACCESS_DOMAIN, assigned_roles_get, NULL, { PLACES, ACTORS, "roles" } },
	ASSIGNMENTS(PLACES, ACTORS, "roles", "*"),
	{ HTTP_GET, ACCESS_ADMIN, assigned_roles_get, NULL, { "system", ACTORS, "roles" } },
	{ HTTP_GET, ACCESS_ADMIN, assignment_get, NULL, { "system", ACTORS, "roles", "*" } },
	{ HTTP_PUT, ACCESS_ADMIN, assignment_put, NULL, { "system", ACTORS, "roles", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, assignment_delete, NULL, { "system", ACTORS, "roles", "*" } },
	{ HTTP_GET, ACCESS_DOMAIN, assigned_roles_get, NULL,
		{ "OS-INHERIT", PLACES, ACTORS, "roles", INHERITED } },
	ASSIGNMENTS("OS-INHERIT", PLACES, ACTORS, "roles", "*", INHERITED),
	{ HTTP_GET, ACCESS_DOMAIN, assignments_list, NULL, { "role_assignments" } },
	{ HTTP_GET, ACCESS_TOKEN, app_credentials_list, NULL,
		{ "users", "*", "application_credentials" } },
	{ HTTP_POST, ACCESS_TOKEN, app_credential_post, NULL,
		{ "users", "*", "application_credentials" } },
	{ HTTP_GET, ACCESS_TOKEN, app_credential_get, NULL,
		{ "users", "*", "application_credentials", "*" } },
	{ HTTP_DELETE, ACCESS_TOKEN, app_credential_delete, NULL,
		{ "users", "*", "application_credentials", "*" } },
	{ HTTP_GET, ACCESS_TOKEN, access_rules_list, NULL, { "users", "*", "access_rules" } },
	{ HTTP_GET, ACCESS_TOKEN, access_rule_get, NULL, { "users", "*", "access_rules", "*" } },
	{ HTTP_DELETE, ACCESS_TOKEN, access_rule_delete, NULL,
		{ "users", "*", "access_rules", "*" } },
	{ HTTP_GET, ACCESS_TOKEN, trusts_list, NULL, { "OS-TRUST", "trusts" } },
	{ HTTP_POST, ACCESS_TOKEN, trust_post, NULL, { "OS-TRUST", "trusts" } },
	{ HTTP_GET, ACCESS_TOKEN, trust_get, NULL, { "OS-TRUST", "trusts", "*" } },
	{ HTTP_DELETE, ACCESS_TOKEN, trust_delete, NULL, { "OS-TRUST", "trusts", "*" } },
	{ HTTP_GET, ACCESS_TOKEN, trust_roles_get, NULL, { "OS-TRUST", "trusts", "*", "roles" } },
	{ HTTP_GET, ACCESS_TOKEN, trust_role_get, NULL,
		{ "OS-TRUST", "trusts", "*", "roles", "*" } },
	{ HTTP_GET, ACCESS_TOKEN, credentials_list, &credential_kind, { "credentials" } },
	{ HTTP_POST, ACCESS_TOKEN, credential_post, &credential_kind, { "credentials" } },
	{ HTTP_GET, ACCESS_TOKEN, credential_get, &credential_kind, { "credentials", "*" } },
	{ HTTP_PATCH, ACCESS_TOKEN, credential_patch, &credential_kind, { "credentials", "*" } },
	{ HTTP_DELETE, ACCESS_TOKEN, credential_delete, &credential_kind, { "credentials", "*" } },
	OBJECTS(region_kind, "regions", ACCESS_TOKEN, object_get, ACCESS_TOKEN, ACCESS_ADMIN),
	OBJECTS(service_kind, "services", ACCESS_ADMIN, object_get, ACCESS_ADMIN, ACCESS_ADMIN),
	OBJECTS(endpoint_kind, "endpoints", ACCESS_ADMIN, object_get, ACCESS_ADMIN, ACCESS_ADMIN),
	{ HTTP_POST, ACCESS_ADMIN, limits_post, &registered_limit_kind, { "registered_limits" } },
	OBJECTS(registered_limit_kind, "registered_limits", ACCESS_TOKEN, object_get, ACCESS_TOKEN,
		ACCESS_ADMIN),
	{ HTTP_GET, ACCESS_TOKEN, limits_model_get, NULL, { "limits", "model" } },
	{ HTTP_GET, ACCESS_TOKEN, limits_list, &limit_kind, { "limits" } },
	{ HTTP_POST, ACCESS_ADMIN, limits_post, &limit_kind, { "limits" } },
	OBJECTS(limit_kind, "limits", ACCESS_ADMIN, object_get, ACCESS_ADMIN, ACCESS_ADMIN),
};

/* Parts of Identity that are not there; behind "v3", the beginning is enough. */
static const struct {
	const char *what;
	const char *segments[4];
} missing[] = {
	{ "Federated identities", { "OS-FEDERATION" } },
	{ "Federated identities", { "auth", "OS-FEDERATION" } },
	{ "OAuth consumers and tokens", { "OS-OAUTH1" } },
	{ "OAuth consumers and tokens", { "users", "*", "OS-OAUTH1" } },
	{ "OAuth consumers and tokens", { "OS-OAUTH2" } },
	{ "Endpoint groups and endpoints of projects", { "OS-EP-FILTER" } },
	{ "Policies of endpoints", { "policies" } },
	{ "Policies of endpoints", { "endpoints", "*", "OS-ENDPOINT-POLICY" } },
	{ "EC2 credentials", { "users", "*", "credentials" } },
	{ "EC2 credentials", { "ec2tokens" } },
	{ "EC2 credentials", { "s3tokens" } },
	{ "Configurations of domains", { "domains", "*", "config" } },
};

void visit_fail(const struct visit *visit, GError *error)
{
	call_fail(&visit->call, error);
}

bool visit_flag(const struct visit *visit, const char *name)
{
	const char *value = http_target_param(http_request_target(visit->call.request), name);

	return value && g_ascii_strcasecmp(value, "false") && strcmp(value, "0");
}

bool visit_reads_all(const struct visit *visit)
{
	const struct subject *subject = &visit->subject;
	enum http_method method = http_request_method(visit->call.request);

	return subject_is_admin(subject) ||
	       ((method == HTTP_GET || method == HTTP_HEAD) && subject->user &&
		       subject->token.scope == TOKEN_SYSTEM && subject->rank > 0);
}

/* Is @segment one of @choices, "a|b"? */
static bool is_one_of(const char *choices, const char *segment)
{
	size_t len = strlen(segment);

	for (const char *at = choices; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (!strncmp(at, segment, len) && (at[len] == '|' || !at[len]))
			return true;
	}
	return false;
}

/* Does the path begin so, behind "v3"? 0: no; else how many segments that is, with "v3". */
static unsigned begins(
	const char *const *pattern, const struct http_target *target, struct visit *visit)
{
	unsigned i = 0, n_args = 0;

	for (; pattern[i]; i++) {
		if (i + 1 >= target->n_segments)
			return 0;
		if (!strcmp(pattern[i], "*"))
			visit->args[n_args++] = target->segments[i + 1];
		else if (!is_one_of(pattern[i], target->segments[i + 1]))
			return 0;
	}
	return i + 1;
}

static bool match(const char *const *pattern, const struct http_target *target, struct visit *visit)
{
	return begins(pattern, target, visit) == target->n_segments;
}

/* Who sends the request? Without a token nobody, which is not wrong yet. */
static bool recognize(struct visit *visit, GError **error)
{
	const char *token = auth_presented(visit->call.request);
	struct caller caller;

	if (!token || !subject_of_token(visit->identity, token, &visit->subject, NULL)) {
		/* One of the configuration is nobody in particular. */
		if (!auth_caller(visit->call.api->auth, visit->call.request, &caller, error))
			return false;
		visit->subject = (struct subject){ .rank = (unsigned)caller.role };
	}
	if (!access_rules_check(
		    visit->identity->model, &visit->subject.token, visit->call.request, error))
		return false;
	visit->call.caller = subject_is_admin(&visit->subject)
				     ? identity_itself
				     : (struct caller){ CALLER_READER, "" };
	return true;
}

static bool admit(struct visit *visit, enum access access, GError **error)
{
	if (access == ACCESS_OPEN)
		return true;
	if (!recognize(visit, error))
		return false;
	if (access < ACCESS_DOMAIN || visit_reads_all(visit) ||
		(access == ACCESS_DOMAIN && reach_domain(visit)))
		return true;
	return weft_fail(error, FORBIDDEN, "Only an administrator%s may do this.",
		access == ACCESS_ADMIN ? " of the cloud" : "");
}

/* Which methods the path takes; "" for a path that is none. */
static char *methods_of(const struct http_target *target)
{
	static const char *const names[] = { "GET, HEAD", NULL, "POST", "PUT", "PATCH", "DELETE" };
	GString *text = g_string_new(NULL);
	struct visit ignored;
	unsigned seen = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(routes); i++) {
		enum http_method method = routes[i].method;

		if (seen & 1u << method || !match(routes[i].segments, target, &ignored))
			continue;
		seen |= 1u << method;
		g_string_append_printf(text, "%s%s", text->len ? ", " : "", names[method]);
	}
	return g_string_free(text, FALSE);
}

static const char *missing_part(const struct http_target *target)
{
	struct visit ignored;

	for (unsigned i = 0; i < G_N_ELEMENTS(missing); i++)
		if (begins(missing[i].segments, target, &ignored))
			return missing[i].what;
	return NULL;
}

static void refuse(struct visit *visit)
{
	const struct http_target *target = http_request_target(visit->call.request);
	g_autofree char *methods = methods_of(target);
	const char *method = http_request_method_name(visit->call.request);
	const char *part = missing_part(target);
	GError *error = NULL;

	if (*methods)
		http_request_add_header(visit->call.request, "Allow", methods);
	if (*methods && !strcmp(method, "OPTIONS"))
		return http_request_answer(visit->call.request, 200, NULL, NULL);
	if (*methods)
		weft_fail(&error, METHOD_NOT_ALLOWED, "%s is not possible here; possible are %s.",
			method, methods);
	else if (part)
		weft_fail(&error, NOT_IMPLEMENTED,
			"%s are not supported by this Identity service (docs/api.md, \"Identity v3\").",
			part);
	else
		weft_fail(&error, NOT_FOUND, "There is nothing at this path.");
	visit_fail(visit, error);
}

void identity_handle(struct identity *identity, const struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	enum http_method method = http_request_method(call->request);
	struct visit visit = { .identity = identity, .call = *call };
	GError *error = NULL;

	/* No answer is for the bearer of another token. */
	http_request_add_header(call->request, "Vary", "X-Auth-Token");
	if (method == HTTP_HEAD)
		method = HTTP_GET;
	for (unsigned i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (routes[i].method != method || !match(routes[i].segments, target, &visit))
			continue;
		if (!admit(&visit, routes[i].access, &error))
			return visit_fail(&visit, error);
		visit.call.kind = routes[i].kind;
		return routes[i].handle(&visit);
	}
	refuse(&visit);
}
