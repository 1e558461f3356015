/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, and the catalogue: the services that this weftd is, at the address it was asked at. */
#include <string.h>

#include "controller/identity/identity_impl.h"

static const struct service {
	const char *id, *type, *name, *path;
} services[] = {
	{ "77656674-0000-4000-8000-000000000001", "identity", "weft-identity", "/v3" },
	{ "77656674-0000-4000-8000-000000000002", "network", "weft", "" },
};

static const char *const interfaces[] = { "public", "internal", "admin" };

/* A constant of its own for each. */
static const char *endpoint_id(unsigned service, unsigned interface, char buf[static UUID_STRLEN])
{
	g_snprintf(buf, UUID_STRLEN, "77656674-0000-4000-8001-0000000000%u%u", service, interface);
	return buf;
}

static void write_endpoint(
	const struct visit *visit, unsigned service, unsigned interface, struct json_writer *w)
{
	g_autofree char *base = http_request_base_url(visit->call.request);
	g_autofree char *url = g_strconcat(base, services[service].path, NULL);
	const char *region = visit->identity->config->identity_region;
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", endpoint_id(service, interface, id));
	jw_member_string(w, "interface", interfaces[interface]);
	jw_member_string(w, "region", region);
	jw_member_string(w, "region_id", region);
	jw_member_string(w, "url", url);
}

void catalog_write(const struct visit *visit, struct json_writer *w)
{
	jw_begin_array(w);
	for (unsigned s = 0; s < G_N_ELEMENTS(services); s++) {
		jw_begin_object(w);
		jw_member_string(w, "id", services[s].id);
		jw_member_string(w, "type", services[s].type);
		jw_member_string(w, "name", services[s].name);
		jw_key(w, "endpoints");
		jw_begin_array(w);
		for (unsigned i = 0; i < G_N_ELEMENTS(interfaces); i++) {
			write_endpoint(visit, s, i, w);
			jw_end_object(w);
		}
		jw_end_array(w);
		jw_end_object(w);
	}
	jw_end_array(w);
}

void catalog_get(struct visit *visit)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "catalog");
	catalog_write(visit, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

static void answer_list(struct visit *visit, const char *key,
	void (*write)(const struct visit *visit, struct json_writer *w))
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, key);
	jw_begin_array(&w);
	write(visit, &w);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

static void write_services(const struct visit *visit, struct json_writer *w)
{
	(void)visit;
	for (unsigned s = 0; s < G_N_ELEMENTS(services); s++) {
		jw_begin_object(w);
		jw_member_string(w, "id", services[s].id);
		jw_member_string(w, "type", services[s].type);
		jw_member_string(w, "name", services[s].name);
		jw_member_string(w, "description", "");
		jw_member_bool(w, "enabled", true);
		jw_member_raw(w, "links", "{}");
		jw_end_object(w);
	}
}

static void write_endpoints(const struct visit *visit, struct json_writer *w)
{
	for (unsigned s = 0; s < G_N_ELEMENTS(services); s++)
		for (unsigned i = 0; i < G_N_ELEMENTS(interfaces); i++) {
			write_endpoint(visit, s, i, w);
			jw_member_string(w, "service_id", services[s].id);
			jw_member_bool(w, "enabled", true);
			jw_member_raw(w, "links", "{}");
			jw_end_object(w);
		}
}

static void write_regions(const struct visit *visit, struct json_writer *w)
{
	jw_begin_object(w);
	jw_member_string(w, "id", visit->identity->config->identity_region);
	jw_member_string(w, "description", "");
	jw_member_raw(w, "parent_region_id", "null");
	jw_member_raw(w, "links", "{}");
	jw_end_object(w);
}

void services_get(struct visit *visit)
{
	answer_list(visit, "services", write_services);
}

void endpoints_get(struct visit *visit)
{
	answer_list(visit, "endpoints", write_endpoints);
}

void regions_get(struct visit *visit)
{
	answer_list(visit, "regions", write_regions);
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

	jw_begin_object(w);
	jw_member_string(w, "id", "v3.14");
	jw_member_string(w, "status", "stable");
	jw_member_string(w, "updated", "2020-04-07T00:00:00Z");
	jw_member_raw(w, "media-types",
		"[{\"base\":\"application/json\",\"type\":\"application/vnd.openstack.identity-v3+json\"}]");
	jw_key(w, "links");
	jw_begin_array(w);
	jw_begin_object(w);
	jw_member_string(w, "rel", "self");
	jw_member_string(w, "href", url);
	jw_end_object(w);
	jw_end_array(w);
	jw_end_object(w);
}
