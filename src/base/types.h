/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-width names used in all of weft, the same as the kernel's (linux/types.h). A value in
 * network byte order has a be type; host order has a u type. Nothing converts between them
 * silently.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef uint16_t be16;
typedef uint32_t be32;
