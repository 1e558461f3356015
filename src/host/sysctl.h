/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

/* Per-device IPv6 settings, /proc/sys/net/ipv6/conf/DEVICE/SETTING
 * (Documentation/networking/ip-sysctl). A kernel without IPv6 has none: WEFT_ERROR_NOT_FOUND. The
 * value is one line of text. */
bool sysctl_ipv6_get(const char *device, const char *setting, char **ret, GError **error);
bool sysctl_ipv6_set(const char *device, const char *setting, const char *value, GError **error);
