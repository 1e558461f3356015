/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics on the loopback address, for Prometheus. */
#pragma once

#include "agent/agent.h"

struct http_server;

/* *ret: NULL when the configuration asks for none. */
bool exporter_new(struct agent *agent, struct http_server **ret, GError **error);
