/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bearer credentials. They are long and random, so a fast hash keeps them (BLAKE2b, which libsodium
 * calls crypto_generichash); what people choose themselves would need a slow one.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

#define CREDENTIAL_HASH_LEN 32
struct credential_hash {
	u8 b[CREDENTIAL_HASH_LEN];
};
#define CREDENTIAL_HEX_STRLEN (2 * CREDENTIAL_HASH_LEN + 1)

struct credential_hash credential_hash(const char *credential);
const char *credential_hash_format(
	const struct credential_hash *hash, char buf[static CREDENTIAL_HEX_STRLEN]);

/* In constant time. */
bool credential_hash_equal(const struct credential_hash *a, const struct credential_hash *b);

/* Random, of almost 256 bits: URL-safe text that does not begin with '-'; g_free. */
char *credential_new(void);
