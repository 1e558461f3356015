/* SPDX-License-Identifier: Apache-2.0 */
/* The controller answers when it is so: nothing here polls. */
#pragma once

#include "cli/client.h"

/* TIMEOUT, with what is missing, unless the port has the status within @timeout_s. */
bool wait_for_port(
	struct client *client, const char *id, const char *status, u64 timeout_s, GError **error);
