/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of the view stream: bytes to lines to messages. */
#include "sync/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parse(const char *line, size_t len, void *data, GError **error)
{
	struct sync_message message;

	(void)data;
	(void)error;
	if (sync_line_parse(line, len, &message, NULL))
		sync_message_clear(&message);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sync_splitter splitter;

	sync_splitter_init(&splitter);
	sync_splitter_feed(&splitter, (const char *)data, size, parse, NULL, NULL);
	sync_splitter_clear(&splitter);
	return 0;
}
