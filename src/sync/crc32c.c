/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* 0x1edc6f41, bits reversed */

static u32 table[256];

static void fill_table(void)
{
	for (u32 i = 0; i < 256; i++) {
		u32 crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[i] = crc;
	}
}

u32 crc32c(const void *bytes, size_t len)
{
	const u8 *p = bytes;
	u32 crc = UINT32_MAX;

	if (!table[1])
		fill_table();
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}
