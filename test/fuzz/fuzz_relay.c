/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of guests to the metadata service: any bytes; what is rewritten stays within its length,
 * and rewritten again it is the same. */
#include <string.h>

#include "agent/metadata/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ip v4 = { .family = 4, .b = { 10, 0, 1, 0 } };
	const struct ip v6 = { .family = 6, .b = { 0xfd, 0, 0xa9, 0xfe, [15] = 9 } };
	g_autofree u8 *packet = g_memdup2(data, size), *again = NULL;
	size_t len = size;
	struct ip src, dst;

	if (!relay_addresses(packet, len, &src, &dst)) {
		g_assert_false(relay_rewrite(packet, &len, &v4, &v4));
		return 0;
	}
	g_assert_true(src.family == dst.family);
	g_assert_true(relay_rewrite(packet, &len, src.family == 4 ? &v4 : &v6, &dst));
	g_assert_cmpuint(len, <=, size);
	again = g_memdup2(packet, len);
	g_assert_true(relay_rewrite(again, &len, src.family == 4 ? &v4 : &v6, &dst));
	g_assert_true(!memcmp(again, packet, len));
	return 0;
}
