/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine's kernel can do, found by trying once. What it lacks is done in user space. */
#pragma once

#include <stdbool.h>

bool kernel_has_esp(void);
bool kernel_has_ah(void);
bool kernel_has_wireguard(void);
bool kernel_has_gre(void);
