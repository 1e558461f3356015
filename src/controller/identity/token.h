/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that people get for a password. A token is self-contained: what it says is sealed
 * (XSalsa20-Poly1305) with a key in the store, so a log-in writes nothing, and tokens survive a
 * restart. It says who and where, not what one may do: roles, and whether user and project are
 * still enabled, are looked up at each use and so take effect at once.
 */
#pragma once

#include <sodium.h>

#include "base/uuid.h"

enum token_method {
	TOKEN_METHOD_PASSWORD = 1 << 0,
	TOKEN_METHOD_TOKEN = 1 << 1,
	TOKEN_METHOD_APP_CREDENTIAL = 1 << 2,
	TOKEN_METHOD_TOTP = 1 << 3,
};
#define N_TOKEN_METHODS 4

/* A receipt says which methods a user has shown, when his rules ask for more. */
enum token_use { TOKEN_FOR_ACCESS, TOKEN_AS_RECEIPT };

enum token_scope { TOKEN_UNSCOPED, TOKEN_PROJECT, TOKEN_DOMAIN, TOKEN_SYSTEM, N_TOKEN_SCOPES };

struct token {
	enum token_use use;
	unsigned methods; /* enum token_method */
	enum token_scope scope;
	struct uuid audit; /* names the token in logs and when it is revoked */
	struct uuid chain; /* of the first token that this one comes of; zero: it is the first */
	struct uuid user;
	struct uuid scope_id;	    /* of the project or domain */
	struct uuid app_credential; /* zero: not by one */
	struct uuid trust;	    /* zero: not by one */
	u32 generation;		    /* of the user's password */
	u32 trust_generation;	    /* of that of the trust's other user */
	s64 issued_at, expires_at;  /* seconds since the epoch */
};

struct token_key {
	unsigned char b[crypto_secretbox_KEYBYTES];
};

/* URL-safe text; g_free. */
char *token_seal(const struct token *token, const struct token_key *key);
/* False: not sealed with @key, or no token at all. Expiry is the caller's to check. */
bool token_open(const char *text, const struct token_key *key, struct token *ret);
