/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider "virtual-router": services of networks and routers in an appliance of their own
 * (docs/virtual-router.md). It is a function from weftd's document to the appliance that is to
 * run, through weft/provider.h and nothing else: it keeps nothing, and the same document gives the
 * same answer.
 */
#pragma once

#include <weft/provider.h>

extern const struct weft_provider virtual_router_provider;
