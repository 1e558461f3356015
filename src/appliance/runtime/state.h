/* SPDX-License-Identifier: Apache-2.0 */
/* "state.json" in the folder: how the machine is, for who has it run. */
#pragma once

#include "base/error.h"

enum state { STATE_BUILD, STATE_ACTIVE, STATE_ERROR };

/* @reason: of an error, else NULL. It is written only when it is new. */
void state_write(const char *folder, enum state state, const char *reason);
void state_remove(const char *folder);
