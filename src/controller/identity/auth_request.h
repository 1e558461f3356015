/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v3/auth/tokens: how somebody shows who he is, and where he wants to work. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "controller/identity/token.h"

/* By id, or by name in a domain; what is not given is NULL. */
struct domain_ref {
	const char *id, *name;
};
struct named_ref {
	const char *id, *name;
	struct domain_ref domain;
};

/* Everything is borrowed from the body. What belongs to no method of it is zero. */
struct auth_request {
	unsigned methods; /* enum token_method */
	struct named_ref user;
	const char *password;
	const char *token;
	struct named_ref app_credential, app_user; /* the user of one that is given by name */
	const char *secret;
	struct named_ref totp_user;
	const char *passcode;
	bool scope_given; /* also when it is "unscoped" */
	enum token_scope scope;
	struct named_ref scope_target; /* project or domain */
	const char *trust;	       /* its id, instead of a scope; NULL: none */
};

/* As `methods` has it. Static. */
const char *auth_method_name(unsigned method);

/* BAD_REQUEST names what is missing or wrong. */
bool auth_request_parse(json_t *body, struct auth_request *ret, GError **error);
