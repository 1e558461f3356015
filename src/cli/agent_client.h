/* SPDX-License-Identifier: Apache-2.0 */
/* Asks weft-agent by its control socket: one JSON line there, one back (docs/agent.md). */
#pragma once

#include <jansson.h>

#include "base/error.h"

#define AGENT_SOCKET_DEFAULT "/run/weft/agent.sock"

/* Takes over @request (with "op"). Returns "result" (a new reference), or NULL: the agent's error,
 * or UNAVAILABLE when nobody listens at @socket_path. */
json_t *agent_call(const char *socket_path, json_t *request, GError **error);

/* The same for a request whose answer is the beginning of a stream: @item gets "result" and then
 * each object that comes, until it returns false. It is an error if the agent ends the stream. */
typedef bool (*agent_item_fn)(const json_t *item, void *data);
bool agent_stream(
	const char *socket_path, json_t *request, agent_item_fn item, void *data, GError **error);
