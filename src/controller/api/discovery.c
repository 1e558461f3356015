/* SPDX-License-Identifier: Apache-2.0 */
/* What clients ask first: which versions there are, and which collections. */
#include "controller/api/call.h"
#include "controller/api/version.h"
#include "model/balancer/load_balancer.h"

void versions_get(struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	g_autofree char *url = g_strconcat(base, "/v2.0/", NULL);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "versions");
	jw_begin_array(&w);
	version_write(&w, &(struct version){ .id = "v2.0", .status = "CURRENT", .url = url });
	if (call->api->identity)
		identity_write_version(call->request, &w);
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void resources_get(struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "resources");
	jw_begin_array(&w);
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);
		g_autofree char *url = g_strconcat(base, kind->path, NULL);

		if (kind->flags & KIND_NOT_NETWORKING || kind_is_nested(kind) ||
			g_str_has_prefix(kind->path, LB_API))
			continue;
		jw_begin_object(&w);
		jw_member_string(&w, "name", kind->singular);
		jw_member_string(&w, "collection", kind->collection);
		version_write_self(&w, url);
		jw_end_object(&w);
	}
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}
