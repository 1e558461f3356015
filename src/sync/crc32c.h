/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/types.h"

/* CRC-32C (Castagnoli), RFC 3720 appendix B.4: of "123456789" it is 0xe3069283. */
u32 crc32c(const void *bytes, size_t len);
