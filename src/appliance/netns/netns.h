/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of namespaces (runtime.h): weft-appliance in a sandbox, with NICs of veth pairs. */
#pragma once

#include "appliance/runtime/runtime.h"

/* What our own program does as the first process of a new machine. */
int netns_inside(const char *folder, const char *program, const char *cgroup, GError **error);
