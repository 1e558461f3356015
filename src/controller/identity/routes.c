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
	const char *segments[MAX_PATTERN]; /* behind "v3" */
} routes[] = {
	{ HTTP_GET, ACCESS_OPEN, version_get, { NULL } },
	{ HTTP_POST, ACCESS_OPEN, login_post, { "auth", "tokens" } },
	{ HTTP_GET, ACCESS_TOKEN, token_get, { "auth", "tokens" } },
	{ HTTP_DELETE, ACCESS_TOKEN, token_delete, { "auth", "tokens" } },
	{ HTTP_GET, ACCESS_TOKEN, catalog_get, { "auth", "catalog" } },
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
		return routes[i].handle(&visit);
	}
	if (found)
		weft_fail(&error, METHOD_NOT_ALLOWED, "%s is not possible here.",
			http_request_method_name(call->request));
	else
		weft_fail(&error, NOT_FOUND, "There is nothing at this path.");
	visit_fail(&visit, error);
}
