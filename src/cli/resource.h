/* SPDX-License-Identifier: Apache-2.0 */
/* `weft KIND create|list|show|set|delete`: made for every kind of src/model that the Networking API
 * serves from its table. */
#pragma once

#include "cli/command.h"
#include "model/kind.h"

/* Appends the commands of all kinds (const struct command *). They live as long as the program. */
void resource_commands(GPtrArray *commands);

const struct kind *resource_kind(const struct resource *resource);
