/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab …`: several hypervisors on one machine. */
#pragma once

#include "cli/command.h"
#include "cli/lab/state.h"

extern const struct command lab_up_command, lab_down_command;	   /* up.c */
extern const struct command lab_guest_command, lab_remove_command; /* guest_command.c */
extern const struct command lab_exec_command;			   /* exec.c */
extern const struct command lab_env_command;			   /* env.c */
extern const struct command lab_status_command, lab_logs_command;  /* show.c */
extern const struct command lab_stop_command, lab_start_command;   /* node_command.c */

/* --lab */
extern const struct option lab_options[];

/* The lab that --lab, $WEFT_LAB or the default names. */
const char *lab_wanted(const struct cli *cli);
struct lab *lab_of(const struct cli *cli, GError **error);

/* An error unless we are root. */
bool lab_check_root(GError **error);
