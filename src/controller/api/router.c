/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to its handler. A route is a pattern of path segments; "{collection}" is the path
 * of one of the model's kinds (path.h), "{…}" at the end is any rest. The first that fits wins.
 */
#include "controller/api/route.h"

#include <string.h>

#include "controller/api/path.h"
#include "model/host/host.h"

#define MAX_PATTERN 8

enum access {
	ACCESS_OPEN,   /* anybody */
	ACCESS_CALLER, /* a valid token */
	ACCESS_OWN,    /* the handler looks itself */
};

struct route {
	const char *name; /* in the metrics */
	const char *segments[MAX_PATTERN];
	enum access access;
	call_fn get, post, put, del, patch, other;
	size_t body_max; /* 0: BODY_MAX */
};

#define BODY_MAX (1024 * 1024)
#define BODY_MAX_UNKNOWN (16 * 1024)	   /* of who shows no valid token */
#define BODY_MAX_REPORT (32 * 1024 * 1024) /* a full one names every port of the host */

#define V2 "v2.0"
#define LB "load-balancer", V2
#define HOSTS "weft", "v1", "hosts"

static void identity_pass(struct call *call);

/* What is asked for most stands first. */
static const struct route routes[] = {
	{ "/v2.0/{collection}", { "{collection}" }, ACCESS_CALLER, .get = collection_list,
		.post = collection_create, .put = collection_replace },
	{ "/v2.0/{collection}/{id}", { "{collection}", "{id}" }, ACCESS_CALLER, .get = object_show,
		.put = object_update, .del = object_delete },
	{ "/v2.0/{collection}/{id}/tags", { "{collection}", "{id}", "tags" }, ACCESS_CALLER,
		.get = tags_get, .post = tags_add, .put = tags_replace, .del = tags_clear },
	{ "/v2.0/{collection}/{id}/tags/{tag}", { "{collection}", "{id}", "tags", "{item}" },
		ACCESS_CALLER, .get = tag_get, .put = tag_add, .del = tag_remove },
	{ "/v2.0/{collection}/{id}/{action}", { "{collection}", "{id}", "{action}" }, ACCESS_CALLER,
		.get = action_read, .put = action_run, .post = action_add },
	{ "/v2.0/{collection}/{id}/{action}/{item}",
		{ "{collection}", "{id}", "{action}", "{item}" }, ACCESS_CALLER,
		.del = action_remove },
	{ "/", { NULL }, ACCESS_OPEN, .get = versions_get },
	{ "/healthz", { "healthz" }, ACCESS_OPEN, .get = healthz_get },
	{ "/metrics", { "metrics" }, ACCESS_OPEN, .get = metrics_get },
	{ "/openapi.json", { "openapi.json" }, ACCESS_OPEN, .get = openapi_get },
	{ "/v2.0", { V2 }, ACCESS_OPEN, .get = resources_get },
	{ "/v2.0/extensions", { V2, "extensions" }, ACCESS_CALLER, .get = extensions_get },
	{ "/v2.0/extensions/{alias}", { V2, "extensions", "{id}" }, ACCESS_CALLER,
		.get = extension_get },
	{ "/v2.0/auto-allocated-topology/{id}", { V2, "auto-allocated-topology", "{id}" },
		ACCESS_CALLER, .get = auto_allocated_topology_show,
		.del = auto_allocated_topology_delete },
	{ "/v2.0/flavors/{id}/service_profiles", { V2, "flavors", "{id}", "service_profiles" },
		ACCESS_CALLER, .post = flavor_associate },
	{ "/v2.0/flavors/{id}/service_profiles/{item}",
		{ V2, "flavors", "{id}", "service_profiles", "{item}" }, ACCESS_CALLER,
		.get = flavor_show_associated, .del = flavor_dissociate },
	{ "/v2.0/qos/rule-types", { V2, "qos", "rule-types" }, ACCESS_CALLER,
		.get = rule_types_list },
	{ "/v2.0/qos/rule-types/{id}", { V2, "qos", "rule-types", "{id}" }, ACCESS_CALLER,
		.get = rule_type_show },
	{ "/v2.0/ports/{id}/bindings", { V2, "ports", "{id}", "bindings" }, ACCESS_CALLER,
		.get = bindings_list, .post = binding_create },
	{ "/v2.0/ports/{id}/bindings/{host}", { V2, "ports", "{id}", "bindings", "{item}" },
		ACCESS_CALLER, .get = binding_show, .put = binding_update, .del = binding_delete },
	{ "/v2.0/ports/{id}/bindings/{host}/activate",
		{ V2, "ports", "{id}", "bindings", "{item}", "activate" }, ACCESS_CALLER,
		.put = binding_activate },
	{ "/v2.0/quotas", { V2, "quotas" }, ACCESS_CALLER, .get = quotas_list },
	{ "/v2.0/quotas/{id}", { V2, "quotas", "{id}" }, ACCESS_CALLER, .get = quota_show,
		.put = quota_update, .del = quota_delete },
	{ "/v2.0/quotas/{id}/{item}", { V2, "quotas", "{id}", "{item}" }, ACCESS_CALLER,
		.get = quota_show_part },
	{ "/load-balancer", { "load-balancer" }, ACCESS_OPEN, .get = load_balancer_versions },
	{ "/load-balancer/v2.0", { LB }, ACCESS_OPEN, .get = load_balancer_version },
	{ "/load-balancer/v2.0/lbaas/providers", { LB, "lbaas", "providers" }, ACCESS_CALLER,
		.get = load_balancer_providers },
	{ "/load-balancer/v2.0/lbaas/flavors", { LB, "lbaas", "flavors" }, ACCESS_CALLER,
		.get = load_balancer_no_choice },
	{ "/load-balancer/v2.0/lbaas/flavorprofiles", { LB, "lbaas", "flavorprofiles" },
		ACCESS_CALLER, .get = load_balancer_no_choice },
	{ "/load-balancer/v2.0/lbaas/availabilityzones", { LB, "lbaas", "availabilityzones" },
		ACCESS_CALLER, .get = load_balancer_no_choice },
	{ "/load-balancer/v2.0/lbaas/availabilityzoneprofiles",
		{ LB, "lbaas", "availabilityzoneprofiles" }, ACCESS_CALLER,
		.get = load_balancer_no_choice },
	{ "/load-balancer/v2.0/octavia/amphorae", { LB, "octavia", "amphorae" }, ACCESS_CALLER,
		.get = load_balancer_no_choice },
	{ "/load-balancer/v2.0/lbaas/providers/{id}/flavor_capabilities",
		{ LB, "lbaas", "providers", "{id}", "flavor_capabilities" }, ACCESS_CALLER,
		.get = load_balancer_capabilities },
	{ "/load-balancer/v2.0/lbaas/providers/{id}/availability_zone_capabilities",
		{ LB, "lbaas", "providers", "{id}", "availability_zone_capabilities" },
		ACCESS_CALLER, .get = load_balancer_capabilities },
	{ "/load-balancer/v2.0/lbaas/quotas", { LB, "lbaas", "quotas" }, ACCESS_CALLER,
		.get = quotas_list },
	{ "/load-balancer/v2.0/lbaas/quotas/defaults", { LB, "lbaas", "quotas", "defaults" },
		ACCESS_CALLER, .get = quota_defaults },
	{ "/load-balancer/v2.0/lbaas/quotas/{id}", { LB, "lbaas", "quotas", "{id}" }, ACCESS_CALLER,
		.get = quota_show, .put = quota_update, .del = quota_delete },
	{ "/v3/…", { "v3", "{…}" }, ACCESS_OWN, .get = identity_pass, .post = identity_pass,
		.put = identity_pass, .patch = identity_pass, .del = identity_pass,
		.other = identity_pass },
	{ "/weft/v1/providers", { "weft", "v1", "providers" }, ACCESS_CALLER,
		.get = providers_list },
	{ "/weft/v1/hosts/{id}", { HOSTS, "{id}" }, ACCESS_OWN, .put = host_update },
	{ "/weft/v1/hosts/{id}/credential", { HOSTS, "{id}", "credential" }, ACCESS_CALLER,
		.post = host_renew },
	{ "/weft/v1/hosts/{id}/view", { HOSTS, "{id}", "view" }, ACCESS_OWN, .get = sync_pass },
	{ "/weft/v1/hosts/{id}/report", { HOSTS, "{id}", "report" }, ACCESS_OWN, .post = sync_pass,
		.body_max = BODY_MAX_REPORT },
	{ "/weft/v1/hosts/{id}/connections", { HOSTS, "{id}", "connections" }, ACCESS_OWN,
		.post = sync_pass },
	{ "/weft/v1/…", { "weft", "v1", "{…}" }, ACCESS_OWN, .get = sync_pass, .post = sync_pass,
		.put = sync_pass },
};

static bool match_segment(const char *pattern, const char *segment, struct call *call)
{
	if (pattern[0] != '{')
		return !strcmp(pattern, segment) &&
		       (strcmp(pattern, "tags") || call->kind->attrs[SLOT_TAGS].name);
	if (!strcmp(pattern, "{id}"))
		call->id = segment;
	else if (!strcmp(pattern, "{item}")) {
		call->item = segment;
		return !call->action || call->action->remove;
	} else if (!strcmp(pattern, "{action}"))
		return (call->action = kind_action(call->kind, segment)) != NULL;
	return true;
}

/* How many segments paths of the kind have at most. */
static unsigned deepest(const struct collection_path *path)
{
	if (!(path->kind->flags & KIND_COMPUTED))
		return G_MAXUINT;
	return path->n_segments + (path->kind->hooks.one != NULL);
}

static bool match(const struct route *route, const struct http_target *target,
	const struct collection_path *path, struct call *call)
{
	const char *const *pattern = route->segments;
	unsigned at = 0;

	call->kind = NULL;
	call->parent = call->id = call->item = NULL;
	call->action = NULL;
	call->alias = false;
	if (*pattern && !strcmp(*pattern, "{collection}")) {
		if (!path->kind)
			return false;
		call->kind = path->kind;
		call->parent = path->parent;
		call->alias = path->alias;
		if (target->n_segments > deepest(path))
			return false;
		at = path->n_segments;
		pattern++;
	}
	for (; *pattern; pattern++, at++) {
		if (!strcmp(*pattern, "{…}"))
			return target->n_segments >= at;
		if (at >= target->n_segments ||
			!match_segment(*pattern, path_segment(target, at), call))
			return false;
	}
	/* Where objects are found without their parent, there is no collection. */
	return at == target->n_segments && (!call->alias || call->id);
}

static const struct route *find(const struct http_target *target, struct call *call)
{
	struct collection_path path = { 0 };

	path_find(target, &path);
	for (unsigned i = 0; i < G_N_ELEMENTS(routes); i++)
		if (match(&routes[i], target, &path, call))
			return &routes[i];
	return NULL;
}

/* Does the kind have what the route is for? */
static bool offers(const struct kind *kind, const struct route *route, enum http_method method)
{
	if (kind->flags & KIND_COMPUTED)
		return method == HTTP_GET || method == HTTP_HEAD;
	if (method == HTTP_PUT && route->put == collection_replace && !kind->replace_index)
		return false;
	if (kind->flags & KIND_FIXED)
		return !(method == HTTP_POST && route->post == collection_create) &&
		       !(method == HTTP_DELETE && route->del == object_delete);
	return true;
}

static call_fn method_of(
	const struct route *route, const struct kind *kind, enum http_method method)
{
	if (kind && !offers(kind, route, method))
		return NULL;
	switch (method) {
	case HTTP_GET:
	case HTTP_HEAD:
		return route->get;
	case HTTP_POST:
		return route->post;
	case HTTP_PUT:
		return route->put;
	case HTTP_PATCH:
		return route->patch;
	case HTTP_DELETE:
		return route->del;
	default:
		return route->other;
	}
}

/* Why objects that others make and delete can't be. */
static const char *reason(const struct call *call)
{
	if (!call->kind || !(call->kind->flags & KIND_FIXED))
		return "";
	return call->kind->id == KIND_AGENT
		       ? " (agents come and go with their host, in /v2.0/hosts)"
		       : " (these come and go with what they are for)";
}

static void refuse_method(const struct call *call, const struct route *route)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	g_autoptr(GString) allowed = g_string_new(NULL);
	GError *error = NULL;

	for (unsigned method = HTTP_GET; method < HTTP_OTHER; method++)
		if (method_of(route, call->kind, (enum http_method)method))
			g_string_append_printf(allowed, ", %s", names[method]);
	http_request_add_header(call->request, "Allow", allowed->str + 2);
	weft_fail(&error, METHOD_NOT_ALLOWED, "%s is not possible on %s%s; possible are %s.",
		http_request_method_name(call->request),
		call->kind ? call->kind->path : route->name, reason(call), allowed->str + 2);
	call_fail(call, error);
}

static void refuse_path(const struct call *call)
{
	GError *error = NULL;

	weft_fail(&error, NOT_FOUND, "There is nothing at this path; /v2.0/ lists what there is.");
	call_fail(call, error);
}

static void identity_pass(struct call *call)
{
	if (!call->api->identity)
		return refuse_path(call);
	identity_handle(call->api->identity, call);
}

void sync_pass(struct call *call)
{
	sync_server_handle(call->api->sync, call->request);
}

static bool is_known(
	const struct api *api, const struct http_request *request, const struct call *call)
{
	const struct object *host = call->id ? host_find(api->model, call->id) : NULL;
	struct caller caller;

	return auth_caller(api->auth, request, &caller, NULL) ||
	       (host && auth_host(api->auth, request, host, NULL));
}

bool api_admit(const struct api *api, struct http_request *request)
{
	struct call call = { 0 };
	const struct route *route = find(http_request_target(request), &call);
	const struct object *host =
		call.id && route->access == ACCESS_OWN ? host_find(api->model, call.id) : NULL;

	/* A host's credential is nobody's affair but ours. */
	if (!route || route->access == ACCESS_OPEN ||
		(host && auth_host(api->auth, request, host, NULL)))
		return true;
	return auth_admit(api->auth, request);
}

size_t api_body_max(const struct api *api, const struct http_request *request)
{
	struct call call = { 0 };
	const struct route *route = find(http_request_target(request), &call);

	if (!route || !is_known(api, request, &call))
		return BODY_MAX_UNKNOWN;
	return route->body_max ?: BODY_MAX;
}

void api_handle(struct api *api, struct http_request *request)
{
	struct call call = { .api = api, .request = request };
	const GError *wrong = http_request_error(request);
	bool too_large = g_error_matches(wrong, WEFT_ERROR, WEFT_ERROR_TOO_LARGE);
	const struct route *route;
	GError *error = NULL;
	call_fn handle;

	if (wrong && !too_large)
		return api_fail(api, request, wrong);
	if (api->stopping) {
		weft_fail(&error, UNAVAILABLE, "The controller is stopping; ask again later.");
		return call_fail(&call, error);
	}
	route = find(http_request_target(request), &call);
	if (!route)
		return refuse_path(&call);
	http_request_set_tag(request, metrics_route(api->metrics, route_number(route), call.kind));
	if (route->access == ACCESS_CALLER &&
		!auth_caller(api->auth, request, &call.caller, &error))
		return call_fail(&call, error);
	if (wrong) /* of those who may ask at all; others hear that they may not */
		return api_fail(api, request, wrong);
	handle = method_of(route, call.kind, http_request_method(request));
	if (!handle)
		return refuse_method(&call, route);
	handle(&call);
}

unsigned route_number(const struct route *route)
{
	return (unsigned)(route - routes);
}

unsigned route_count(void)
{
	return G_N_ELEMENTS(routes);
}

const char *route_name(unsigned number)
{
	return routes[number].name;
}

bool route_has(unsigned number, enum http_method method)
{
	return method_of(&routes[number], NULL, method);
}
