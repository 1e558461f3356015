/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a machine's NIC that is here. */
#pragma once

#include "appliance/runtime/description.h"

/* Sets the device up; its alias names the port, which is how weft-agent finds it (docs/agent.md).
 */
bool device_name_port(const struct description_nic *nic, GError **error);
