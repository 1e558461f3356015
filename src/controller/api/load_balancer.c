/* SPDX-License-Identifier: Apache-2.0 */
/* What the Load Balancer API has beside the kinds of the model's table: its versions, and who
 * provides load balancers. */
#include "model/balancer/load_balancer.h"

#include <string.h>

#include "controller/api/call.h"
#include "controller/api/version.h"
#include "model/balancer/lb_provider.h"

/* Octavia counts what its API has learnt, and clients ask for nothing that is younger than the last
 * version that is listed: tags are of 2.5, allowed_cidrs of 2.12, additional_vips of 2.26. */
#define LAST_MINOR 26

static void write_version(struct json_writer *w, const char *base, unsigned minor)
{
	g_autofree char *url = g_strconcat(base, LB_API "/v2.0", NULL);
	g_autofree char *id = g_strdup_printf("v2.%u", minor);

	version_write(w, &(struct version){ .id = id,
				 .status = minor == LAST_MINOR ? "CURRENT" : "SUPPORTED",
				 .url = url,
				 .updated = "2026-11-01T00:00:00Z" });
}

void load_balancer_versions(struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "versions");
	jw_begin_array(&w);
	for (unsigned minor = 0; minor <= LAST_MINOR; minor++)
		write_version(&w, base, minor);
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void load_balancer_version(struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "version");
	write_version(&w, base, LAST_MINOR);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void load_balancer_providers(struct call *call)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "providers");
	jw_begin_array(&w);
	for (size_t i = 0; lb_providers[i]; i++) {
		if (!lb_providers[i]->serves)
			continue;
		jw_begin_object(&w);
		jw_member_string(&w, "name", lb_providers[i]->name);
		jw_member_string(&w, "description", lb_providers[i]->description);
		jw_end_object(&w);
	}
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

/* What a flavor, or an availability zone, could say to a provider: nothing to these. */
void load_balancer_capabilities(struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	GString *text;
	GError *error = NULL;

	if (!lb_check_provider(NULL, call->id, &error))
		return call_fail(call, error);
	text = g_string_new(NULL);
	g_string_printf(text, "{\"%s\":[]}", target->segments[target->n_segments - 1]);
	call_answer(call, 200, text);
}

/* The collections that are always empty, since there is nothing to choose, and no machine of
 * Octavia's: by the last part of their path. */
void load_balancer_no_choice(struct call *call)
{
	static const struct {
		const char *path, *name;
	} collections[] = {
		{ "flavors", "flavors" },
		{ "flavorprofiles", "flavorprofiles" },
		{ "availabilityzones", "availability_zones" },
		{ "availabilityzoneprofiles", "availability_zone_profiles" },
		{ "amphorae", "amphorae" },
	};
	const struct http_target *target = http_request_target(call->request);
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(collections); i++)
		if (!strcmp(target->segments[target->n_segments - 1], collections[i].path))
			g_string_printf(text, "{\"%s\":[],\"%s_links\":[]}", collections[i].name,
				collections[i].name);
	call_answer(call, 200, text);
}
