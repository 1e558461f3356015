/* SPDX-License-Identifier: Apache-2.0 */
/* What one call of a provider gives, by the callbacks of its request (include/weft/provider.h). */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct provider_reply {
	json_t *answer; /* NULL: none yet */
	char *reason;	/* NULL: none yet */
	size_t max;	/* bytes of an answer; 0: WEFT_PROVIDER_ANSWER_MAX */
};

/* weft_provider_request's `answer` and `explain`; @context is the struct provider_reply, or begins
 * with it. */
int provider_reply_answer(void *context, const char *json, size_t size);
void provider_reply_explain(void *context, const char *reason);

void provider_reply_clear(struct provider_reply *reply);
