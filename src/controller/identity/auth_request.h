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

/* Everything is borrowed from the body. */
struct auth_request {
	enum token_method method;
	struct named_ref user; /* of a password, or of an application credential by name */
	const char *secret;    /* password, secret, or token */
	struct named_ref app_credential; /* without a domain */
	bool scope_given;		 /* also when it is "unscoped" */
	enum token_scope scope;
	struct named_ref scope_target; /* project or domain */
};

/* As `methods` has it. Static. */
const char *auth_method_name(enum token_method method);

/* BAD_REQUEST names what is missing or wrong. */
bool auth_request_parse(json_t *body, struct auth_request *ret, GError **error);
