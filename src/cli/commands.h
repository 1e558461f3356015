/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that are written by hand, each in the file of its name. */
#pragma once

#include "cli/command.h"

extern const struct command plug_command, unplug_command;
extern const struct command wait_port_command, wait_revision_command;
extern const struct command status_command, trace_command, why_command;
extern const struct command binding_commands[];			  /* ended by one without words */
extern const struct command drops_command, port_counters_command; /* counters.c */
extern const struct command qos_counters_command;
extern const struct command logs_command, port_rules_command;
extern const struct command app_credential_commands[], trust_commands[]; /* ended likewise */
extern const struct command role_add_command, role_remove_command, role_assignment_list_command;
extern const struct command help_command_, completion_command, complete_command;

/* Adds the verbs of resources that their tables don't have (action.c). */
void action_commands(GPtrArray *commands);

/* Appends `weft quota …`, whose options are made from the kinds. */
void quota_commands(GPtrArray *commands);
