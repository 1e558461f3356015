/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a condition outside of this process: asked again in short intervals until a deadline.
 */
#pragma once

#include "base/error.h"
#include "base/types.h"

enum await_result { AWAIT_DONE, AWAIT_AGAIN, AWAIT_FAILED };

/* Asks the condition; for AWAIT_FAILED it sets @error. For AWAIT_AGAIN it may set *@ret_why, to be
 * freed by the caller. */
typedef enum await_result (*await_condition)(void *data, char **ret_why, GError **error);

/* False: failed, or TIMEOUT with @what and the last why as message. */
bool await(await_condition condition, void *data, u64 timeout_ms, const char *what, GError **error);
