/* SPDX-License-Identifier: Apache-2.0 */
/* What a plug-in's process says: any bytes as a line. What is taken is what weft/provider.h allows.
 */
#include "base/error.h"
#include "controller/provider/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	g_autoptr(GError) error = NULL;

	if (!message_parse((const char *)data, size, &message, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	switch (message.kind) {
	case MESSAGE_HELLO:
		g_assert_true(provider_name_check(message.name, NULL));
		g_assert_cmpuint(message.services, !=, 0);
		break;
	case MESSAGE_RESULT:
		if (message.result.result == WEFT_PROVIDER_OK)
			g_assert_true(provider_answer_check(message.result.answer, NULL));
		else
			g_assert_true(g_utf8_validate(message.result.reason, -1, NULL));
		break;
	default:
		g_assert_true(g_utf8_validate(message.text, -1, NULL));
	}
	message_clear(&message);
	return 0;
}
