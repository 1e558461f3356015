/* SPDX-License-Identifier: Apache-2.0 */
/* Provider "edge": services that the edge switch and its agent give on every host, without any
 * appliance. */
#pragma once

#include <weft/provider.h>

extern const struct weft_provider edge_provider;
