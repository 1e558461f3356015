/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUIDs as 16-byte values: parse, print, make, hash. Text is RFC 9562's canonical form, lower case.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

struct uuid {
	u8 b[16];
};

#define UUID_STRLEN 37 /* 36 characters and NUL */

/* Accepts 8-4-4-4-12 hex digits in either case, the whole string or false (and *ret untouched). */
bool uuid_parse(const char *text, struct uuid *ret);

/* Canonical text into the caller's buffer, which is returned. */
const char *uuid_format(const struct uuid *uuid, char buf[static UUID_STRLEN]);

/* A random (version 4) UUID from the kernel's generator. */
struct uuid uuid_random(void);

bool uuid_is_zero(const struct uuid *uuid);

/* For GHashTable; keys are struct uuid pointers (or of a struct that starts with one). */
guint uuid_hash(gconstpointer uuid);
gboolean uuid_equal(gconstpointer a, gconstpointer b);
