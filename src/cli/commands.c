/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, in the order in which help lists them. */
#include "cli/commands.h"
#include "cli/lab/commands.h"
#include "cli/resource.h"

/* Behind those made from the kinds. */
static const struct command *const fixed_commands[] = {
	&port_counters_command,
	&port_rules_command,
	&qos_counters_command,
	&role_add_command,
	&role_remove_command,
	&role_assignment_list_command,
	&plug_command,
	&unplug_command,
	&status_command,
	&wait_port_command,
	&wait_revision_command,
	&trace_command,
	&why_command,
	&drops_command,
	&logs_command,
	&lab_up_command,
	&lab_guest_command,
	&lab_exec_command,
	&lab_env_command,
	&lab_status_command,
	&lab_logs_command,
	&lab_stop_command,
	&lab_start_command,
	&lab_remove_command,
	&lab_down_command,
	&help_command_,
	&completion_command,
	&complete_command,
};

static void add_table(GPtrArray *all, const struct command *table)
{
	for (; table->words; table++)
		g_ptr_array_add(all, (gpointer)table);
}

const struct command *const *commands_all(void)
{
	static GPtrArray *all;

	if (!all) {
		all = g_ptr_array_new();
		resource_commands(all);
		action_commands(all);
		add_table(all, binding_commands);
		quota_commands(all);
		add_table(all, app_credential_commands);
		add_table(all, trust_commands);
		for (size_t i = 0; i < G_N_ELEMENTS(fixed_commands); i++)
			g_ptr_array_add(all, (gpointer)fixed_commands[i]);
		g_ptr_array_add(all, NULL);
	}
	return (const struct command *const *)all->pdata;
}
