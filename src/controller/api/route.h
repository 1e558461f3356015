/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, as far as the metrics and the OpenAPI document need it. */
#pragma once

#include "controller/api/call.h"

unsigned route_number(const struct route *route);
unsigned route_count(void);
const char *route_name(unsigned number);
bool route_has(unsigned number, enum http_method method);
