/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071). */
#pragma once

#include <stddef.h>

#include "base/types.h"

/* @sum and the 16-bit words of @bytes, which are in network order; an odd last byte is the upper
 * half of one. Parts but the last are of even length. No more than 128 KiB in all. */
static inline u32 checksum_add(u32 sum, const u8 *bytes, size_t len)
{
	for (; len > 1; bytes += 2, len -= 2)
		sum += (u32)bytes[0] << 8 | bytes[1];
	return len ? sum + ((u32)bytes[0] << 8) : sum;
}

/* What is written into the header, as a number; 0 for a sum over a header with its checksum. */
static inline u16 checksum_fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}
