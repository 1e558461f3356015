/* SPDX-License-Identifier: Apache-2.0 */
/* /v2.0/quotas: the limits of a project as one object, named by the project. */
#include "model/access/quota.h"

#include <string.h>

#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/balancer/load_balancer.h"
#include "model/access/policy.h"

#define PROJECT_MAX 255 /* characters of an id */

/* Goes through the kinds that have a quota, of the service that is asked. */
static const struct kind *next_kind(const struct call *call, const struct kind *after)
{
	bool balancers = call_is_load_balancer(call->request);

	for (unsigned id = after ? after->id + 1 : KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);

		if (kind->quota.name && g_str_has_prefix(kind->path, LB_API) == balancers)
			return kind;
	}
	return NULL;
}

/* Its own project's limits everybody may see. */
static bool require(const struct call *call, enum policy_operation operation, const char *project,
	GError **error)
{
	static const struct policy_target nothing = { 0 };

	if (policy_allows(&call->caller, &quota_kind, operation, &nothing) ||
		(operation == POLICY_GET && !g_strcmp0(project, call->caller.project_id)))
		return true;
	return weft_fail(error, FORBIDDEN,
		"rule:%s is disallowed by policy: by default only an administrator may see quotas of other projects, or change any.",
		operation == POLICY_GET	     ? "get_quota"
		: operation == POLICY_UPDATE ? "update_quota"
					     : "delete_quota");
}

static void write_limits(struct json_writer *w, const struct call *call, const char *project)
{
	const struct model *model = call->api->model;

	for (const struct kind *kind = next_kind(call, NULL); kind; kind = next_kind(call, kind))
		jw_member_int(w, kind->quota.name,
			project ? quota_limit(model, kind, project) : quota_default(model, kind));
	if (!call_is_load_balancer(call->request))
		jw_member_int(w, QUOTA_CONNECTION,
			project ? quota_connections(model, project) : QUOTA_UNLIMITED);
}

static void write_usage(struct json_writer *w, const struct call *call, const char *project)
{
	const struct model *model = call->api->model;

	for (const struct kind *kind = next_kind(call, NULL); kind; kind = next_kind(call, kind)) {
		jw_key(w, kind->quota.name);
		jw_begin_object(w);
		jw_member_int(w, "limit", quota_limit(model, kind, project));
		jw_member_int(w, "used", quota_used(model, kind, project));
		jw_member_int(w, "reserved", 0);
		jw_end_object(w);
	}
}

static void answer(const struct call *call, unsigned status, const char *project,
	void (*write)(struct json_writer *w, const struct call *call, const char *project))
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "quota");
	jw_begin_object(&w);
	write(&w, call, project);
	jw_end_object(&w);
	jw_end_object(&w);
	call_answer(call, status, text);
}

/* Projects that have limits of their own, each once: by the first of them. */
static void write_projects(struct json_writer *w, const struct call *call)
{
	const struct model *model = call->api->model;
	const struct object *limit;
	struct model_iter iter;

	model_iter_all(&iter, model, KIND_QUOTA, NULL);
	while ((limit = model_iter_next(&iter))) {
		const char *project = object_str(limit, SLOT_PROJECT_ID);

		if (model_first(model, KIND_QUOTA, QUOTA_BY_PROJECT, project, NULL) != limit)
			continue;
		jw_begin_object(w);
		jw_member_string(w, "project_id", project);
		jw_member_string(w, "tenant_id", project);
		write_limits(w, call, project);
		jw_end_object(w);
	}
}

void quotas_list(struct call *call)
{
	GString *text;
	struct json_writer w;
	GError *error = NULL;

	if (!require(call, POLICY_GET, NULL, &error))
		return call_fail(call, error);
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	jw_key(&w, "quotas");
	jw_begin_array(&w);
	write_projects(&w, call);
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

/* {"project": {"project_id": …}}: who the caller is. */
static void answer_self(const struct call *call)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	g_autofree char *key = g_strconcat(call->id, "_id", NULL);

	jw_begin_object(&w);
	jw_key(&w, call->id);
	jw_begin_object(&w);
	jw_member_string(&w, key, call->caller.project_id);
	jw_end_object(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void quota_show(struct call *call)
{
	GError *error = NULL;

	if (!strcmp(call->id, "project") || !strcmp(call->id, "tenant"))
		return answer_self(call);
	if (!require(call, POLICY_GET, call->id, &error))
		return call_fail(call, error);
	answer(call, 200, call->id, write_limits);
}

static void write_defaults(struct json_writer *w, const struct call *call, const char *project)
{
	(void)project;
	write_limits(w, call, NULL);
}

/* /default and /details, with or without ".json". */
void quota_show_part(struct call *call)
{
	GError *error = NULL;

	if (!require(call, POLICY_GET, call->id, &error))
		return call_fail(call, error);
	if (g_str_equal(call->item, "default") || g_str_equal(call->item, "default.json"))
		return answer(call, 200, call->id, write_defaults);
	if (g_str_equal(call->item, "details") || g_str_equal(call->item, "details.json"))
		return answer(call, 200, call->id, write_usage);
	weft_fail(&error, NOT_FOUND, "A quota has no '%.64s': there are default and details.",
		call->item);
	call_fail(call, error);
}

void quota_defaults(struct call *call)
{
	answer(call, 200, NULL, write_defaults);
}

static bool parse_limit(const char *name, json_t *value, s64 *ret, GError **error)
{
	const char *text = json_string_value(value);
	gint64 number = json_integer_value(value);
	bool understood = json_is_integer(value);

	if (text)
		understood = g_ascii_string_to_signed(
			text, 10, QUOTA_UNLIMITED, QUOTA_LIMIT_MAX, &number, NULL);
	if (!understood || number < QUOTA_UNLIMITED || number > QUOTA_LIMIT_MAX)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: give a number from 0 to %d, or -1 for no limit.",
			name, QUOTA_LIMIT_MAX);
	*ret = number;
	return true;
}

static bool check_used(const struct call *call, const struct kind *kind, s64 limit, GError **error)
{
	unsigned used = quota_used(call->api->model, kind, call->id);

	return limit == QUOTA_UNLIMITED || used <= limit ||
	       weft_fail(error, BAD_REQUEST,
		       "Quota limit %" G_GINT64_FORMAT
		       " for %s must be greater than or equal to already used %u.",
		       limit, kind->quota.name, used);
}

/* Of those that next_kind() goes through; Octavia's older names too. */
static const struct kind *find_kind(const struct call *call, const char *name)
{
	bool balancers = call_is_load_balancer(call->request);
	const struct kind *kind;

	if (balancers && !strcmp(name, "loadbalancer"))
		name = "load_balancer";
	if (balancers && !strcmp(name, "healthmonitor"))
		name = "health_monitor";
	kind = quota_find_kind(name);
	return kind && g_str_has_prefix(kind->path, LB_API) == balancers ? kind : NULL;
}

/* What hosts count: it has no kind, and nobody here knows how much of it is in use. */
static bool is_of_connections(const struct call *call, const char *name)
{
	return !strcmp(name, QUOTA_CONNECTION) && !call_is_load_balancer(call->request);
}

static bool is_control(const char *name)
{
	static const char *const names[] = { "force", "check_limit", "project_id", "tenant_id",
		NULL };

	return g_strv_contains(names, name);
}

static bool fail_unknown(const struct call *call, const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (const struct kind *kind = next_kind(call, NULL); kind; kind = next_kind(call, kind))
		g_string_append_printf(known, "%s%s", known->len ? ", " : "", kind->quota.name);
	if (!call_is_load_balancer(call->request))
		g_string_append(known, ", " QUOTA_CONNECTION);
	return weft_fail(error, INVALID_INPUT,
		"Unrecognized attribute(s) '%.64s': there are quotas of %s.", name, known->str);
}

static bool stage(const struct call *call, struct txn *txn, json_t *limits, GError **error)
{
	bool check = json_is_true(json_object_get(limits, "check_limit"));
	const char *name;
	json_t *value;
	s64 limit = QUOTA_UNLIMITED;

	if (!json_is_object(limits))
		return weft_fail(error, BAD_REQUEST, "'quota' must be an object of limits.");
	json_object_foreach(limits, name, value) {
		const struct kind *kind = find_kind(call, name);
		bool connections = is_of_connections(call, name);

		if (!kind && is_control(name))
			continue;
		if (!kind && !connections)
			return fail_unknown(call, name, error);
		if (kind && json_is_null(value) && call_is_load_balancer(call->request)) {
			if (!quota_unset(txn, kind, call->id, error)) /* as Octavia has it */
				return false;
			continue;
		}
		if (!parse_limit(name, value, &limit, error) ||
			(kind && check && !check_used(call, kind, limit, error)) ||
			!(connections ? quota_set_connections(txn, call->id, limit, error)
				      : quota_set(txn, kind, call->id, limit, error)))
			return false;
	}
	return true;
}

static bool check_project(const struct call *call, GError **error)
{
	return strlen(call->id) <= PROJECT_MAX ||
	       weft_fail(error, INVALID_INPUT, "The id of a project has at most %d characters.",
		       PROJECT_MAX);
}

static void respond_limits(struct write *write)
{
	/* Octavia's, which clients insist upon */
	unsigned status = call_is_load_balancer(write->call.request) ? 202 : 200;

	answer(&write->call, status, write->call.id, write_limits);
}

void quota_update(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	json_t *body = NULL, *limits = NULL;
	bool staged = require(call, POLICY_UPDATE, NULL, &error) && check_project(call, &error);

	if (staged)
		body = body_parse(call->request, &error);
	if (body)
		limits = body_member(body, "quota", &error);
	staged = limits && stage(call, txn, limits, &error);
	json_decref(body);
	if (!staged)
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, respond_limits);
}

void quota_delete(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	bool any = false;

	if (require(call, POLICY_DELETE, NULL, &error) &&
		quota_reset(txn, call->id, &any, &error) && !any)
		weft_fail(&error, QUOTA_NOT_FOUND,
			"Quota for tenant %.255s could not be found: it has the default one.",
			call->id);
	if (error)
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
