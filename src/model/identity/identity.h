/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of Identity: who there is, and who may do what where. They are administrators' and are
 * served by controller/identity, not by the Networking API.
 */
#pragma once

#include "model/txn.h"

enum domain_slot { DOMAIN_ENABLED = N_STANDARD_SLOTS, DOMAIN_OPTIONS, N_DOMAIN_SLOTS };
enum domain_index { DOMAIN_BY_NAME, N_DOMAIN_INDEXES };

/* A project without a parent is at the top of its domain. */
enum project_slot {
	PROJECT_DOMAIN_ID = N_STANDARD_SLOTS,
	PROJECT_ENABLED,
	PROJECT_PARENT_ID,
	PROJECT_OPTIONS,
	N_PROJECT_SLOTS
};
enum project_index {
	PROJECT_BY_NAME,
	PROJECT_BY_DOMAIN,
	PROJECT_BY_DOMAIN_NAME, /* unique */
	PROJECT_BY_PARENT,
	N_PROJECT_INDEXES
};

enum user_slot {
	USER_DOMAIN_ID = N_STANDARD_SLOTS,
	USER_ENABLED,
	USER_DEFAULT_PROJECT_ID,
	USER_EMAIL,
	USER_PASSWORD_HASH, /* secret: argon2id, crypto_pwhash_str(); null: no password */
	USER_GENERATION,    /* counts its passwords; a token is good for one */
	USER_OPTIONS,
	USER_PASSWORD_EXPIRES_AT,   /* null: never */
	USER_PASSWORD_CREATED_AT,   /* secret */
	USER_PASSWORD_SELF_SERVICE, /* secret: the user has chosen it */
	USER_PASSWORD_HISTORY,	    /* secret: hashes of older ones, newest first; null: none */
	N_USER_SLOTS
};
enum user_index {
	USER_BY_NAME,
	USER_BY_DOMAIN,
	USER_BY_DOMAIN_NAME, /* unique */
	USER_BY_DEFAULT_PROJECT,
	N_USER_INDEXES
};

enum group_slot { GROUP_DOMAIN_ID = N_STANDARD_SLOTS, N_GROUP_SLOTS };
enum group_index {
	GROUP_BY_NAME,
	GROUP_BY_DOMAIN,
	GROUP_BY_DOMAIN_NAME, /* unique */
	N_GROUP_INDEXES
};

enum group_member_slot {
	GROUP_MEMBER_GROUP_ID = N_STANDARD_SLOTS,
	GROUP_MEMBER_USER_ID,
	N_GROUP_MEMBER_SLOTS
};
enum group_member_index {
	GROUP_MEMBER_BY_GROUP,
	GROUP_MEMBER_BY_USER,
	GROUP_MEMBER_BY_BOTH, /* unique */
	N_GROUP_MEMBER_INDEXES
};

/* One with a domain is of use only for what it implies. */
enum role_slot { ROLE_DOMAIN_ID = N_STANDARD_SLOTS, ROLE_OPTIONS, N_ROLE_SLOTS };
enum role_index {
	ROLE_BY_NAME,
	ROLE_BY_DOMAIN,
	ROLE_BY_DOMAIN_NAME, /* unique; the domain "" for those without */
	N_ROLE_INDEXES
};

/* Who has the prior role has the implied one too. */
enum implied_role_slot {
	IMPLIED_ROLE_PRIOR_ID = N_STANDARD_SLOTS,
	IMPLIED_ROLE_IMPLIED_ID,
	N_IMPLIED_ROLE_SLOTS
};
enum implied_role_index {
	IMPLIED_ROLE_BY_PRIOR,
	IMPLIED_ROLE_BY_IMPLIED,
	IMPLIED_ROLE_BY_BOTH, /* unique */
	N_IMPLIED_ROLE_INDEXES
};

/* A role of a user or a group on exactly one of: a project, a domain, the system (both null). An
 * inherited one is good not there, but on the projects below. */
enum assignment_slot {
	ASSIGNMENT_USER_ID = N_STANDARD_SLOTS,
	ASSIGNMENT_GROUP_ID,
	ASSIGNMENT_ROLE_ID,
	ASSIGNMENT_PROJECT_ID,
	ASSIGNMENT_DOMAIN_ID,
	ASSIGNMENT_INHERITED,
	N_ASSIGNMENT_SLOTS
};
enum assignment_index {
	ASSIGNMENT_BY_USER,
	ASSIGNMENT_BY_GROUP,
	ASSIGNMENT_BY_ROLE,
	ASSIGNMENT_BY_PROJECT,
	ASSIGNMENT_BY_DOMAIN,
	N_ASSIGNMENT_INDEXES
};

/* Roles of the trustor in a project that the trustee may use. */
#define TRUST_REDELEGATION_MAX 3
enum trust_slot {
	TRUST_TRUSTOR_ID = N_STANDARD_SLOTS,
	TRUST_TRUSTEE_ID,
	TRUST_PROJECT_ID,
	TRUST_IMPERSONATION, /* its tokens are the trustor's */
	TRUST_ROLE_IDS,	     /* as far as the trustor has them still */
	TRUST_EXPIRES_AT,    /* null: never */
	TRUST_REMAINING_USES,
	TRUST_REDELEGATION_COUNT, /* how often it may be lent on */
	TRUST_REDELEGATED_ID,	  /* the one that it comes of */
	N_TRUST_SLOTS
};
enum trust_index {
	TRUST_BY_TRUSTOR,
	TRUST_BY_TRUSTEE,
	TRUST_BY_PROJECT,
	TRUST_BY_REDELEGATED,
	N_TRUST_INDEXES
};

/* What an application credential may be used for: requests of one method at paths of one service. A
 * user's rules are shared by its credentials. */
enum access_rule_slot {
	ACCESS_RULE_USER_ID = N_STANDARD_SLOTS,
	ACCESS_RULE_SERVICE, /* type: "network" */
	ACCESS_RULE_METHOD,
	ACCESS_RULE_PATH, /* "*" stands for what is in one segment, "**" for anything */
	N_ACCESS_RULE_SLOTS
};
enum access_rule_index { ACCESS_RULE_BY_USER, N_ACCESS_RULE_INDEXES };

/* Does @path fit the @pattern of a rule? A "{name}" in it is as "*". */
bool access_rule_fits(const char *pattern, const char *path);

enum app_credential_slot {
	APP_CREDENTIAL_USER_ID = N_STANDARD_SLOTS,
	APP_CREDENTIAL_PROJECT_ID,
	APP_CREDENTIAL_ROLE_IDS,   /* those that it has, as far as the user has them still */
	APP_CREDENTIAL_EXPIRES_AT, /* null: never */
	APP_CREDENTIAL_UNRESTRICTED,
	APP_CREDENTIAL_SECRET_HASH,	/* secret: argon2id */
	APP_CREDENTIAL_ACCESS_RULE_IDS, /* null: anything that its roles may */
	N_APP_CREDENTIAL_SLOTS
};
enum app_credential_index {
	APP_CREDENTIAL_BY_NAME,
	APP_CREDENTIAL_BY_USER,
	APP_CREDENTIAL_BY_PROJECT,
	APP_CREDENTIAL_BY_USER_NAME, /* unique */
	N_APP_CREDENTIAL_INDEXES
};

/* Something that a user keeps here for another service; weftd makes nothing of it. */
enum credential_slot {
	CREDENTIAL_USER_ID = N_STANDARD_SLOTS,
	CREDENTIAL_PROJECT_ID,
	CREDENTIAL_TYPE,
	CREDENTIAL_BLOB,
	N_CREDENTIAL_SLOTS
};
enum credential_index { CREDENTIAL_BY_USER, CREDENTIAL_BY_PROJECT, N_CREDENTIAL_INDEXES };

/* What seals tokens; there is one. */
enum token_key_slot { TOKEN_KEY_KEY = N_STANDARD_SLOTS, N_TOKEN_KEY_SLOTS };

/* A token that was revoked before it expired; its id is the token's audit id. */
enum token_revocation_slot {
	TOKEN_REVOCATION_EXPIRES_AT = N_STANDARD_SLOTS,
	N_TOKEN_REVOCATION_SLOTS
};

extern const struct kind domain_kind, project_kind, user_kind, group_kind, group_member_kind,
	role_kind, implied_role_kind, assignment_kind, trust_kind, access_rule_kind,
	app_credential_kind, credential_kind, token_key_kind, token_revocation_kind;
