/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a daemon that is killed, with a file that counts as the kernel does. */
#include "appliance/daemon/daemon.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/oom.h"

struct bed {
	char *folder, *events, *pid_file;
	struct daemon *daemon;
};

static void count(const struct bed *bed, unsigned kills)
{
	g_autofree char *text = g_strdup_printf("low 0\noom 7\noom_kill %u\n", kills);
	FILE *file = fopen(bed->events, "r+e");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_bed(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct bed *bed = g_new0(struct bed, 1);

	bed->folder = g_dir_make_tmp("daemon-XXXXXX", NULL);
	bed->events = g_build_filename(bed->folder, "memory.events", NULL);
	bed->pid_file = g_build_filename(bed->folder, "pid", NULL);
	g_file_set_contents(bed->events, "low 0\noom 0\noom_kill 0\n", -1, NULL);
	oom_set_source(bed->events);
	bed->daemon = daemon_new(argv, bed->pid_file);
	daemon_start(bed->daemon);
	*state = bed;
	return 0;
}

static int remove_bed(void **state)
{
	struct bed *bed = *state;

	daemon_free(bed->daemon);
	g_unlink(bed->events);
	g_rmdir(bed->folder);
	g_free(bed->folder);
	g_free(bed->events);
	g_free(bed->pid_file);
	g_free(bed);
	return 0;
}

static void await_restart(const struct bed *bed, unsigned restarts)
{
	while (daemon_restarts(bed->daemon) < restarts || !daemon_pid(bed->daemon))
		g_main_context_iteration(NULL, TRUE);
}

/* Only what the kernel has counted since its start is taken for the reason. */
static void test_killed(void **state)
{
	struct bed *bed = *state;

	assert_null(daemon_last_end(bed->daemon));
	kill(daemon_pid(bed->daemon), SIGKILL);
	await_restart(bed, 1);
	assert_string_equal(daemon_last_end(bed->daemon), "ended by signal 9");
	count(bed, 1);
	kill(daemon_pid(bed->daemon), SIGKILL);
	await_restart(bed, 2);
	assert_non_null(strstr(daemon_last_end(bed->daemon),
		"ended by signal 9: it needed more memory than the machine has"));
	kill(daemon_pid(bed->daemon), SIGKILL);
	await_restart(bed, 3);
	assert_string_equal(daemon_last_end(bed->daemon), "ended by signal 9");
	count(bed, 2);
	kill(daemon_pid(bed->daemon), SIGTERM);
	await_restart(bed, 4);
	assert_string_equal(daemon_last_end(bed->daemon), "ended by signal 15");
	assert_null(daemon_reason(bed->daemon));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_killed, make_bed, remove_bed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
