/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/auth/credential.h"

#include <sodium.h>
#include <string.h>

#define CREDENTIAL_BYTES 32

struct credential_hash credential_hash(const char *credential)
{
	struct credential_hash hash;

	crypto_generichash(hash.b, sizeof hash.b, (const unsigned char *)credential,
		strlen(credential), NULL, 0);
	return hash;
}

const char *credential_hash_format(
	const struct credential_hash *hash, char buf[static CREDENTIAL_HEX_STRLEN])
{
	return sodium_bin2hex(buf, CREDENTIAL_HEX_STRLEN, hash->b, sizeof hash->b);
}

bool credential_hash_equal(const struct credential_hash *a, const struct credential_hash *b)
{
	return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

char *credential_new(void)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	size_t len = sodium_base64_ENCODED_LEN(CREDENTIAL_BYTES, variant);
	unsigned char bytes[CREDENTIAL_BYTES];
	char *text = g_malloc(len);

	do { /* a command would take it for an option */
		randombytes_buf(bytes, sizeof bytes);
		sodium_bin2base64(text, len, bytes, sizeof bytes, variant);
	} while (text[0] == '-');
	sodium_memzero(bytes, sizeof bytes);
	return text;
}
