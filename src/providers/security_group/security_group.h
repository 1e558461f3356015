/* SPDX-License-Identifier: Apache-2.0 */
/* Provider "security-group": the distributed firewall, at every guest's port. */
#pragma once

#include <weft/provider.h>

extern const struct weft_provider security_group_provider;
