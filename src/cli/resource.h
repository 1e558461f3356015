/* SPDX-License-Identifier: Apache-2.0 */
/* `weft network|subnet|port|host create|list|show|set|delete`: made for every kind of src/model. */
#pragma once

#include "cli/command.h"

/* Appends the commands of all kinds (const struct command *). They live as long as the program. */
void resource_commands(GPtrArray *commands);
