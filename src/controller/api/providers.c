/* SPDX-License-Identifier: Apache-2.0 */
/* GET /weft/v1/providers: all providers, how they do, and why one can't be used. */
#include "controller/api/call.h"

void providers_list(struct call *call)
{
	GError *error = NULL;
	GString *text;
	struct json_writer w;

	if (!caller_is_admin(&call->caller)) {
		weft_fail(&error, FORBIDDEN,
			"The state of providers is for administrators; /v2.0/service-providers lists who gives what.");
		return call_fail(call, error);
	}
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	jw_key(&w, "providers");
	providers_write(call->api->providers, &w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}
