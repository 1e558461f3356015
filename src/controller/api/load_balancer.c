/* SPDX-License-Identifier: Apache-2.0 */
/* What the Load Balancer API has beside the kinds of the model's table: its versions, and who
 * provides load balancers. */
#include "model/load_balancer.h"

#include "controller/api/call.h"

static void write_version(struct json_writer *w, const char *base)
{
	g_autofree char *url = g_strconcat(base, LB_API "/v2.0", NULL);

	jw_begin_object(w);
	jw_member_string(w, "id", "v2.0");
	jw_member_string(w, "status", "CURRENT");
	jw_member_string(w, "updated", "2026-11-01T00:00:00Z");
	jw_key(w, "links");
	jw_begin_array(w);
	jw_begin_object(w);
	jw_member_string(w, "rel", "self");
	jw_member_string(w, "href", url);
	jw_end_object(w);
	jw_end_array(w);
	jw_end_object(w);
}

void load_balancer_versions(struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "versions");
	jw_begin_array(&w);
	write_version(&w, base);
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
	write_version(&w, base);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void load_balancer_providers(struct call *call)
{
	call_answer(call, 200,
		g_string_new("{\"providers\":[{\"name\":\"" LB_PROVIDER
			     "\",\"description\":\"TCP and UDP, by the edge switch of the host "
			     "where a connection enters.\"}]}"));
}

void load_balancer_flavors(struct call *call)
{
	call_answer(call, 200, g_string_new("{\"flavors\":[],\"flavors_links\":[]}"));
}
