/* SPDX-License-Identifier: Apache-2.0 */
/* Help on the terminal, from the command table. */
#pragma once

#include "cli/command.h"

void help_overview(void);
void help_command(const struct command *command);

/* Help on all commands of the topic that the words before the options name ("network", "qos",
 * "policy"); false: there are none. */
bool help_topic(char *const *words);

/* Sets a usage error that names the commands nearest to @words. Always returns false. */
bool help_suggest(char *const *words, GError **error);
