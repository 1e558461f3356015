/* SPDX-License-Identifier: Apache-2.0 */
/* A provider that is compiled in and asked like a plug-in, but in weftd's own process: it does no
 * I/O and does not wait. */
#pragma once

#include "controller/provider/driver.h"
#include "model/provider/service_map.h"

/* @provider is borrowed, and static. */
struct provider_driver *in_tree_new(const struct weft_provider *provider);
