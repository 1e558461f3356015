/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/token.h"

#include <string.h>

#define TOKEN_VERSION 2
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* What is sealed; numbers big-endian. Bytes only, so without padding. */
struct sealed {
	u8 version, use, methods, scope;
	u8 generation[4], trust_generation[4];
	u8 issued_at[8], expires_at[8];
	struct uuid audit, chain, user, scope_id, app_credential, trust;
};
_Static_assert(sizeof(struct sealed) == 124, "a stored format");

#define CIPHER_LEN (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + sizeof(struct sealed))
#define TEXT_LEN sodium_base64_ENCODED_LEN(CIPHER_LEN, VARIANT)

static void put_be32(u8 to[static 4], u32 value)
{
	u32 be = GUINT32_TO_BE(value);

	memcpy(to, &be, sizeof be);
}

static u32 get_be32(const u8 from[static 4])
{
	u32 be;

	memcpy(&be, from, sizeof be);
	return GUINT32_FROM_BE(be);
}

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
	struct sealed plain = {
		.version = TOKEN_VERSION,
		.use = (u8)token->use,
		.methods = (u8)token->methods,
		.scope = (u8)token->scope,
		.audit = token->audit,
		.chain = token->chain,
		.user = token->user,
		.scope_id = token->scope_id,
		.app_credential = token->app_credential,
		.trust = token->trust,
	};
	char *text = g_malloc(TEXT_LEN);

	put_be32(plain.generation, token->generation);
	put_be32(plain.trust_generation, token->trust_generation);
	put_be64(plain.issued_at, token->issued_at);
	put_be64(plain.expires_at, token->expires_at);
	do { /* a command would take a text that begins with a dash for an option */
		randombytes_buf(cipher, crypto_secretbox_NONCEBYTES);
		crypto_secretbox_easy(cipher + crypto_secretbox_NONCEBYTES,
			(const unsigned char *)&plain, sizeof plain, cipher, key->b);
		sodium_bin2base64(text, TEXT_LEN, cipher, sizeof cipher, VARIANT);
	} while (text[0] == '-');
	return text;
}

bool token_open(const char *text, const struct token_key *key, struct token *ret)
{
	unsigned char cipher[CIPHER_LEN];
	struct sealed plain;
	size_t len;

	if (strlen(text) + 1 != TEXT_LEN ||
		sodium_base642bin(
			cipher, sizeof cipher, text, TEXT_LEN - 1, NULL, &len, NULL, VARIANT) ||
		len != sizeof cipher ||
		crypto_secretbox_open_easy((unsigned char *)&plain,
			cipher + crypto_secretbox_NONCEBYTES,
			sizeof cipher - crypto_secretbox_NONCEBYTES, cipher, key->b) ||
		plain.version != TOKEN_VERSION || plain.scope >= N_TOKEN_SCOPES)
		return false;
	*ret = (struct token){
		.use = plain.use,
		.methods = plain.methods,
		.scope = plain.scope,
		.audit = plain.audit,
		.chain = plain.chain,
		.user = plain.user,
		.scope_id = plain.scope_id,
		.app_credential = plain.app_credential,
		.trust = plain.trust,
		.generation = get_be32(plain.generation),
		.trust_generation = get_be32(plain.trust_generation),
		.issued_at = get_be64(plain.issued_at),
		.expires_at = get_be64(plain.expires_at),
	};
	return true;
}
