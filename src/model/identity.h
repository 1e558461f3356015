/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of Identity: who there is, and who may do what where. They are administrators' and are
 * served by controller/identity, not by the Networking API.
 */
#pragma once

#include "model/txn.h"

enum domain_slot { DOMAIN_ENABLED = N_STANDARD_SLOTS, N_DOMAIN_SLOTS };
enum domain_index { DOMAIN_BY_NAME, N_DOMAIN_INDEXES };

enum project_slot { PROJECT_DOMAIN_ID = N_STANDARD_SLOTS, PROJECT_ENABLED, N_PROJECT_SLOTS };
enum project_index {
	PROJECT_BY_NAME,
	PROJECT_BY_DOMAIN,
	PROJECT_BY_DOMAIN_NAME, /* unique */
	N_PROJECT_INDEXES
};

enum user_slot {
	USER_DOMAIN_ID = N_STANDARD_SLOTS,
	USER_ENABLED,
	USER_DEFAULT_PROJECT_ID,
	USER_EMAIL,
	USER_PASSWORD_HASH, /* secret: argon2id, crypto_pwhash_str(); null: no password */
	USER_GENERATION,    /* counts its passwords; a token is good for one */
	N_USER_SLOTS
};
enum user_index {
	USER_BY_NAME,
	USER_BY_DOMAIN,
	USER_BY_DOMAIN_NAME, /* unique */
	USER_BY_DEFAULT_PROJECT,
	N_USER_INDEXES
};

enum { N_ROLE_SLOTS = N_STANDARD_SLOTS };
enum role_index { ROLE_BY_NAME, N_ROLE_INDEXES };

/* A role of a user on exactly one of: a project, a domain, the system (both null). */
enum assignment_slot {
	ASSIGNMENT_USER_ID = N_STANDARD_SLOTS,
	ASSIGNMENT_ROLE_ID,
	ASSIGNMENT_PROJECT_ID,
	ASSIGNMENT_DOMAIN_ID,
	N_ASSIGNMENT_SLOTS
};
enum assignment_index {
	ASSIGNMENT_BY_USER,
	ASSIGNMENT_BY_ROLE,
	ASSIGNMENT_BY_PROJECT,
	ASSIGNMENT_BY_DOMAIN,
	N_ASSIGNMENT_INDEXES
};

enum app_credential_slot {
	APP_CREDENTIAL_USER_ID = N_STANDARD_SLOTS,
	APP_CREDENTIAL_PROJECT_ID,
	APP_CREDENTIAL_ROLE_IDS,   /* those that it has, as far as the user has them still */
	APP_CREDENTIAL_EXPIRES_AT, /* null: never */
	APP_CREDENTIAL_UNRESTRICTED,
	APP_CREDENTIAL_SECRET_HASH, /* secret: argon2id */
	N_APP_CREDENTIAL_SLOTS
};
enum app_credential_index {
	APP_CREDENTIAL_BY_NAME,
	APP_CREDENTIAL_BY_USER,
	APP_CREDENTIAL_BY_PROJECT,
	APP_CREDENTIAL_BY_USER_NAME, /* unique */
	N_APP_CREDENTIAL_INDEXES
};

/* What seals tokens; there is one. */
enum token_key_slot { TOKEN_KEY_KEY = N_STANDARD_SLOTS, N_TOKEN_KEY_SLOTS };

/* A token that was revoked before it expired; its id is the token's audit id. */
enum token_revocation_slot {
	TOKEN_REVOCATION_EXPIRES_AT = N_STANDARD_SLOTS,
	N_TOKEN_REVOCATION_SLOTS
};

extern const struct kind domain_kind, project_kind, user_kind, role_kind, assignment_kind,
	app_credential_kind, token_key_kind, token_revocation_kind;
