/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of login*.c: a log-in on its way. */
#pragma once

#include "controller/identity/identity_impl.h"

struct login {
	struct visit visit;
	json_t *body; /* what the request borrows from */
	struct auth_request request;
	struct uuid who;     /* has logged in; the token of a trust may be another's */
	struct token token;  /* as far as it is known */
	bool wrong;	     /* something that was shown */
	unsigned unverified; /* methods with a hash that are still to be looked at */
	unsigned verifying;  /* the one that is */
	char *hash;	     /* what it is verified with; NULL: there is nothing */
	char *user_key;	     /* for the throttles; NULL: nothing can be guessed */
};

void login_free(struct login *login);
void login_fail(struct login *login, GError *error);

/* login_scope.c. Where the token is for: what the request asks for, or where the user usually
 * works. UNAUTHORIZED when there is no such place. */
bool login_choose_scope(struct login *login, GError **error);
