/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/program.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TIMEOUT_S 10
#define SAID_MAX 500 /* characters of an error that are of use */

/* In the child: libraries and programs have no time-out of their own. */
static void limit_time(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(TIMEOUT_S);
}

bool program_run(const char *const *argv, char **ret_output, GError **error)
{
	g_autofree char *output = NULL, *said = NULL;
	int status = 0;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, limit_time, NULL, &output,
		    &said, &status, error))
		return false;
	if (!g_spawn_check_wait_status(status, NULL)) {
		g_strstrip(said);
		if (strlen(said) > SAID_MAX)
			said[SAID_MAX] = '\0';
		return weft_fail(error, INTERNAL, "%s failed: %s", argv[0],
			*said ? said : "it said nothing");
	}
	if (ret_output)
		*ret_output = g_steal_pointer(&output);
	return true;
}
