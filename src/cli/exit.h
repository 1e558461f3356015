/* SPDX-License-Identifier: Apache-2.0 */
/* What the exit code of `weft` says. The table is also a section of the man page. */
#pragma once

#include <glib.h>

/* X(symbol, code, meaning) */
#define EXIT_CODES(X)                                                   \
	X(OK, 0, "done")                                                \
	X(FAILED, 1, "refused or failed; the message says why")         \
	X(USAGE, 2, "the command line is wrong")                        \
	X(NOT_FOUND, 3, "there is no such object, device or lab")       \
	X(UNREACHABLE, 4, "no answer from the controller or the agent") \
	X(TIMED_OUT, 5, "what was waited for did not happen in time")   \
	X(FORBIDDEN, 6, "the token is missing, unknown, or may not do this")

enum exit_code {
#define X(symbol, code, meaning) EXIT_##symbol = code,
	EXIT_CODES(X)
#undef X
};

int exit_code_of(const GError *error);
