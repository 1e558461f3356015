/* SPDX-License-Identifier: Apache-2.0 */
/* The cables of a virtual machine: each goes when nobody has its descriptor. */
#pragma once

#include "appliance/runtime/description.h"

/* A tap of that name for the NIC, up, with the port's alias; its descriptor, or -1. A device of
 * that name that is here is refused. */
int tap_open(const struct description_nic *nic, GError **error);
