/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, and the catalogue. */
#include <string.h>

#include "controller/api/version.h"
#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"

/* What weftd is itself: at the address at which it was asked, until somebody changes that. */
static const struct service {
	const char *id, *type, *name, *url;
} services[] = {
	{ "77656674-0000-4000-8000-000000000001", "identity", "weft-identity", "$(weft_url)s/v3" },
	{ "77656674-0000-4000-8000-000000000002", "network", "weft", "$(weft_url)s" },
	{ "77656674-0000-4000-8000-000000000003", "load-balancer", "weft-load-balancer",
		"$(weft_url)s/load-balancer" },
};

static bool seed_endpoints(
	struct txn *txn, const struct service *service, const char *region, GError **error)
{
	static const char *const interfaces[] = { "public", "internal", "admin" };

	for (unsigned i = 0; i < G_N_ELEMENTS(interfaces); i++) {
		struct object *draft = object_new(&endpoint_kind, NULL);

		object_set_str(draft, ENDPOINT_SERVICE_ID, service->id);
		object_set_str(draft, ENDPOINT_INTERFACE, interfaces[i]);
		object_set_str(draft, ENDPOINT_URL, service->url);
		object_set_str(draft, ENDPOINT_REGION_ID, region);
		if (!txn_put(txn, draft, error))
			return false;
	}
	return true;
}

bool catalog_seed(struct txn *txn, const struct config *config, GError **error)
{
	struct object *draft = object_new(&region_kind, NULL);
	struct uuid id;

	object_set_str(draft, SLOT_NAME, config->identity_region);
	if (!txn_put(txn, draft, error))
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		uuid_parse(services[i].id, &id);
		draft = object_new(&service_kind, &id);
		object_set_str(draft, SLOT_NAME, services[i].name);
		object_set_str(draft, SERVICE_TYPE, services[i].type);
		if (!txn_put(txn, draft, error) ||
			!seed_endpoints(txn, &services[i], config->identity_region, error))
			return false;
	}
	return true;
}

/* $(name)s, and %(name)s as older catalogues write it. */
static void substitute(GString *url, const char *name, const char *value)
{
	g_autofree char *dollar = g_strdup_printf("$(%s)s", name);
	g_autofree char *percent = g_strdup_printf("%%(%s)s", name);

	g_string_replace(url, dollar, value, 0);
	g_string_replace(url, percent, value, 0);
}

/* NULL: it needs a project, and the token has none. */
static GString *url_of(
	const struct visit *visit, const struct token *token, const struct object *endpoint)
{
	g_autofree char *base = http_request_base_url(visit->call.request);
	GString *url = g_string_new(object_str(endpoint, ENDPOINT_URL));
	char project[UUID_STRLEN], user[UUID_STRLEN];

	substitute(url, "weft_url", base);
	substitute(url, "user_id", uuid_format(&token->user, user));
	if (token->scope == TOKEN_PROJECT) {
		uuid_format(&token->scope_id, project);
		substitute(url, "project_id", project);
		substitute(url, "tenant_id", project);
	}
	if (!strstr(url->str, "$(") && !strstr(url->str, "%("))
		return url;
	g_string_free(url, TRUE);
	return NULL;
}

static void write_endpoint(const struct visit *visit, const struct token *token,
	const struct object *endpoint, struct json_writer *w)
{
	const char *region = object_str(endpoint, ENDPOINT_REGION_ID);
	GString *url = url_of(visit, token, endpoint);
	char id[UUID_STRLEN];

	if (!url)
		return;
	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(endpoint), id));
	jw_member_string(w, "interface", object_str(endpoint, ENDPOINT_INTERFACE));
	jw_member_string(w, "region", region);
	jw_member_string(w, "region_id", region);
	jw_member_string(w, "url", url->str);
	jw_end_object(w);
	g_string_free(url, TRUE);
}

static void write_service(const struct visit *visit, const struct token *token,
	const struct object *service, struct json_writer *w)
{
	const struct object *endpoint;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(service), id));
	jw_member_string(w, "type", object_str(service, SERVICE_TYPE));
	jw_member_string(w, "name", object_str(service, SLOT_NAME));
	jw_key(w, "endpoints");
	jw_begin_array(w);
	model_iter_init(
		&iter, visit->identity->model, KIND_ENDPOINT, ENDPOINT_BY_SERVICE, id, NULL);
	while ((endpoint = model_iter_next(&iter)))
		if (object_bool(endpoint, ENDPOINT_ENABLED))
			write_endpoint(visit, token, endpoint, w);
	jw_end_array(w);
	jw_end_object(w);
}

void catalog_write(const struct visit *visit, const struct token *token, struct json_writer *w)
{
	const struct object *service;
	struct model_iter iter;

	jw_begin_array(w);
	model_iter_all(&iter, visit->identity->model, KIND_SERVICE, NULL);
	while ((service = model_iter_next(&iter)))
		if (object_bool(service, SERVICE_ENABLED))
			write_service(visit, token, service, w);
	jw_end_array(w);
}

void catalog_get(struct visit *visit)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "catalog");
	catalog_write(visit, &visit->subject.token, &w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

void version_get(struct visit *visit)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "version");
	identity_write_version(visit->call.request, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

void identity_write_version(const struct http_request *request, struct json_writer *w)
{
	g_autofree char *base = http_request_base_url(request);
	g_autofree char *url = g_strconcat(base, "/v3/", NULL);

	version_write(w,
		&(struct version){ .id = "v3.14",
			.status = "stable",
			.url = url,
			.updated = "2020-04-07T00:00:00Z",
			.media_types =
				"[{\"base\":\"application/json\",\"type\":\"application/vnd.openstack.identity-v3+json\"}]" });
}
