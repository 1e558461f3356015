/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/reply.h"

#include <glib.h>
#include <weft/provider.h>

int provider_reply_answer(void *context, const char *json, size_t size)
{
	struct provider_reply *reply = context;
	json_t *answer = size <= (reply->max ?: WEFT_PROVIDER_ANSWER_MAX)
				 ? json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL)
				 : NULL;

	if (!json_is_object(answer)) {
		json_decref(answer);
		return -1;
	}
	json_decref(reply->answer);
	reply->answer = answer;
	return 0;
}

void provider_reply_explain(void *context, const char *reason)
{
	struct provider_reply *reply = context;

	g_free(reply->reason);
	reply->reason = g_utf8_make_valid(reason, -1);
}

void provider_reply_clear(struct provider_reply *reply)
{
	json_decref(reply->answer);
	g_free(reply->reason);
}
