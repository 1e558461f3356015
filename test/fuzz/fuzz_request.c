/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations (conversation.h) of everything below /v2.0 and /weft/v1; test/fuzz/request_seeds.py
 * makes inputs that use every verb of every kind. */
#include "conversation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char settings[] =
	"[weftd]\nlisten = 127.0.0.1:0\nstore = memory:\n[quotas]\ndefault = -1\n"
	"[tokens]\nadmin-token = p:admin\nmember-token = p:member\n"
	"other-token = q:member\nreader-token = p:reader\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *config;

	if (!config)
		config = conversation_config(settings);
	conversation_run(config, (const char *)data, size);
	return 0;
}
