/* SPDX-License-Identifier: Apache-2.0 */
/* From a request below /v3 to its handler; "*" stands for any segment, kept in visit.args. */
#include <string.h>

#include "controller/identity/identity_impl.h"

#define MAX_PATTERN 8

enum access {
	ACCESS_OPEN,  /* anybody */
	ACCESS_TOKEN, /* a valid token, also without a scope */
	ACCESS_ADMIN,
};

typedef void (*visit_fn)(struct visit *visit);

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
	{ HTTP_GET, ACCESS_ADMIN, objects_list, &domain_kind, { "domains" } },
	{ HTTP_POST, ACCESS_ADMIN, object_post, &domain_kind, { "domains" } },
	{ HTTP_GET, ACCESS_ADMIN, object_get, &domain_kind, { "domains", "*" } },
	{ HTTP_PATCH, ACCESS_ADMIN, object_patch, &domain_kind, { "domains", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, object_remove, &domain_kind, { "domains", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, objects_list, &project_kind, { "projects" } },
	{ HTTP_POST, ACCESS_ADMIN, object_post, &project_kind, { "projects" } },
	{ HTTP_GET, ACCESS_ADMIN, object_get, &project_kind, { "projects", "*" } },
	{ HTTP_PATCH, ACCESS_ADMIN, object_patch, &project_kind, { "projects", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, object_remove, &project_kind, { "projects", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, objects_list, &user_kind, { "users" } },
	{ HTTP_POST, ACCESS_ADMIN, object_post, &user_kind, { "users" } },
	{ HTTP_GET, ACCESS_TOKEN, user_get, &user_kind, { "users", "*" } },
	{ HTTP_PATCH, ACCESS_ADMIN, object_patch, &user_kind, { "users", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, object_remove, &user_kind, { "users", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, objects_list, &role_kind, { "roles" } },
	{ HTTP_POST, ACCESS_ADMIN, object_post, &role_kind, { "roles" } },
	{ HTTP_GET, ACCESS_ADMIN, object_get, &role_kind, { "roles", "*" } },
	{ HTTP_PATCH, ACCESS_ADMIN, object_patch, &role_kind, { "roles", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, object_remove, &role_kind, { "roles", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, assigned_roles_get, NULL,
		{ "projects", "*", "users", "*", "roles" } },
	{ HTTP_GET, ACCESS_ADMIN, assignment_get, NULL,
		{ "projects", "*", "users", "*", "roles", "*" } },
	{ HTTP_PUT, ACCESS_ADMIN, assignment_put, NULL,
		{ "projects", "*", "users", "*", "roles", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, assignment_delete, NULL,
		{ "projects", "*", "users", "*", "roles", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, assigned_roles_get, NULL,
		{ "domains", "*", "users", "*", "roles" } },
	{ HTTP_GET, ACCESS_ADMIN, assignment_get, NULL,
		{ "domains", "*", "users", "*", "roles", "*" } },
	{ HTTP_PUT, ACCESS_ADMIN, assignment_put, NULL,
		{ "domains", "*", "users", "*", "roles", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, assignment_delete, NULL,
		{ "domains", "*", "users", "*", "roles", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, assigned_roles_get, NULL, { "system", "users", "*", "roles" } },
	{ HTTP_GET, ACCESS_ADMIN, assignment_get, NULL, { "system", "users", "*", "roles", "*" } },
	{ HTTP_PUT, ACCESS_ADMIN, assignment_put, NULL, { "system", "users", "*", "roles", "*" } },
	{ HTTP_DELETE, ACCESS_ADMIN, assignment_delete, NULL,
		{ "system", "users", "*", "roles", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, assignments_list, NULL, { "role_assignments" } },
	{ HTTP_GET, ACCESS_TOKEN, own_projects_get, NULL, { "auth", "projects" } },
	{ HTTP_GET, ACCESS_TOKEN, user_projects_get, NULL, { "users", "*", "projects" } },
	{ HTTP_GET, ACCESS_TOKEN, app_credentials_list, NULL,
		{ "users", "*", "application_credentials" } },
	{ HTTP_POST, ACCESS_TOKEN, app_credential_post, NULL,
		{ "users", "*", "application_credentials" } },
	{ HTTP_GET, ACCESS_TOKEN, app_credential_get, NULL,
		{ "users", "*", "application_credentials", "*" } },
	{ HTTP_DELETE, ACCESS_TOKEN, app_credential_delete, NULL,
		{ "users", "*", "application_credentials", "*" } },
	{ HTTP_GET, ACCESS_ADMIN, services_get, NULL, { "services" } },
	{ HTTP_GET, ACCESS_ADMIN, endpoints_get, NULL, { "endpoints" } },
	{ HTTP_GET, ACCESS_TOKEN, regions_get, NULL, { "regions" } },
};

void visit_fail(const struct visit *visit, GError *error)
{
	call_fail(&visit->call, error);
}

static bool match(const char *const *pattern, const struct http_target *target, struct visit *visit)
{
	unsigned i = 0, n_args = 0;

	for (; pattern[i]; i++) {
		if (i + 1 >= target->n_segments)
			return false;
		if (!strcmp(pattern[i], "*"))
			visit->args[n_args++] = target->segments[i + 1];
		else if (strcmp(pattern[i], target->segments[i + 1]))
			return false;
	}
	return i + 1 == target->n_segments;
}

static bool admit(struct visit *visit, enum access access, GError **error)
{
	const char *token = auth_presented(visit->call.request);
	struct caller caller;

	if (access == ACCESS_OPEN)
		return true;
	if (!token || !subject_of_token(visit->identity, token, &visit->subject, NULL)) {
		/* One of the configuration is nobody in particular. */
		if (!auth_caller(visit->call.api->auth, visit->call.request, &caller, error))
			return false;
		visit->subject = (struct subject){ .rank = (unsigned)caller.role + 1 };
	}
	visit->call.caller = subject_is_admin(&visit->subject)
				     ? identity_itself
				     : (struct caller){ CALLER_READER, "" };
	if (access == ACCESS_ADMIN && !subject_is_admin(&visit->subject))
		return weft_fail(error, FORBIDDEN, "Only an administrator may do this.");
	return true;
}

void identity_handle(struct identity *identity, const struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	enum http_method method = http_request_method(call->request);
	struct visit visit = { .identity = identity, .call = *call };
	GError *error = NULL;
	bool found = false;

	if (method == HTTP_HEAD)
		method = HTTP_GET;
	for (unsigned i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (!match(routes[i].segments, target, &visit))
			continue;
		found = true;
		if (routes[i].method != method)
			continue;
		if (!admit(&visit, routes[i].access, &error))
			return visit_fail(&visit, error);
		visit.call.kind = routes[i].kind;
		return routes[i].handle(&visit);
	}
	if (found)
		weft_fail(&error, METHOD_NOT_ALLOWED, "%s is not possible here.",
			http_request_method_name(call->request));
	else
		weft_fail(&error, NOT_FOUND, "There is nothing at this path.");
	visit_fail(&visit, error);
}
