/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do something and end. */
#pragma once

#include "base/error.h"

/* Runs it and waits. False, with what it said on standard error, if it could not be started, did
 * not end with 0, or took longer than ten seconds. *ret_output may be NULL: not wanted. */
bool program_run(const char *const *argv, char **ret_output, GError **error);
