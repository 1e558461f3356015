/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/token.h"

#include <string.h>

#define TOKEN_VERSION 1
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* What is sealed; numbers big-endian. Bytes only, so without padding. */
struct sealed {
	u8 version, methods, scope;
	u8 generation[4];
	u8 issued_at[8], expires_at[8];
	struct uuid audit, user, scope_id, app_credential;
};
_Static_assert(sizeof(struct sealed) == 87, "a stored format");

#define CIPHER_LEN (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + sizeof(struct sealed))
#define TEXT_LEN sodium_base64_ENCODED_LEN(CIPHER_LEN, VARIANT)

static void put_be64(u8 to[static 8], s64 value)
{
	u64 be = GUINT64_TO_BE((u64)value);

	memcpy(to, &be, sizeof be);
}

static s64 get_be64(const u8 from[static 8])
{
	u64 be;

	memcpy(&be, from, sizeof be);
	return (s64)GUINT64_FROM_BE(be);
}

char *token_seal(const struct token *token, const struct token_key *key)
{
	unsigned char cipher[CIPHER_LEN];
	u32 generation = GUINT32_TO_BE(token->generation);
	struct sealed plain = {
		.version = TOKEN_VERSION,
		.methods = (u8)token->methods,
		.scope = (u8)token->scope,
		.audit = token->audit,
		.user = token->user,
		.scope_id = token->scope_id,
		.app_credential = token->app_credential,
	};
	char *text = g_malloc(TEXT_LEN);

	memcpy(plain.generation, &generation, sizeof generation);
	put_be64(plain.issued_at, token->issued_at);
	put_be64(plain.expires_at, token->expires_at);
	randombytes_buf(cipher, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(cipher + crypto_secretbox_NONCEBYTES, (const unsigned char *)&plain,
		sizeof plain, cipher, key->b);
	return sodium_bin2base64(text, TEXT_LEN, cipher, sizeof cipher, VARIANT);
}

bool token_open(const char *text, const struct token_key *key, struct token *ret)
{
	unsigned char cipher[CIPHER_LEN];
	struct sealed plain;
	size_t len;
	u32 generation;

	if (strlen(text) + 1 != TEXT_LEN ||
		sodium_base642bin(
			cipher, sizeof cipher, text, TEXT_LEN - 1, NULL, &len, NULL, VARIANT) ||
		len != sizeof cipher ||
		crypto_secretbox_open_easy((unsigned char *)&plain,
			cipher + crypto_secretbox_NONCEBYTES,
			sizeof cipher - crypto_secretbox_NONCEBYTES, cipher, key->b) ||
		plain.version != TOKEN_VERSION || plain.scope >= N_TOKEN_SCOPES)
		return false;
	memcpy(&generation, plain.generation, sizeof generation);
	*ret = (struct token){
		.methods = plain.methods,
		.scope = plain.scope,
		.audit = plain.audit,
		.user = plain.user,
		.scope_id = plain.scope_id,
		.app_credential = plain.app_credential,
		.generation = GUINT32_FROM_BE(generation),
		.issued_at = get_be64(plain.issued_at),
		.expires_at = get_be64(plain.expires_at),
	};
	return true;
}
