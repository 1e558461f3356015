/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/process.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/lab/run.h"

#define KILL_WAIT_MS 5000

/* Start time of a process in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). 0: no
 * such process, or a zombie. */
static u64 start_time(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	const char *rest = strrchr(text, ')'); /* the program's name may hold anything */

	if (!rest)
		return 0;
	g_auto(GStrv) fields = g_strsplit(rest + 1, " ", 0); /* fields[1] is field 3, the state */

	if (g_strv_length(fields) < 21 || fields[1][0] == 'Z' || fields[1][0] == 'X')
		return 0;
	return g_ascii_strtoull(fields[20], NULL, 10);
}

int process_pid(const char *pid_path)
{
	g_autofree char *text = NULL;
	int pid;
	guint64 start;

	if (!g_file_get_contents(pid_path, &text, NULL, NULL) ||
		sscanf(text, "%d %" G_GUINT64_FORMAT, &pid, &start) != 2)
		return 0;
	return start && start_time(pid) == start ? pid : 0;
}

static int open_netns(const char *netns, GError **error)
{
	g_autofree char *path = g_build_filename("/run/netns", netns, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		weft_fail_errno(error, errno, "network namespace %s", netns);
	return fd;
}

bool process_enter_netns(const char *netns, GError **error)
{
	int fd = open_netns(netns, error);

	if (fd < 0)
		return false;
	bool entered = setns(fd, CLONE_NEWNET) == 0;
	int problem = errno;

	close(fd);
	return entered || weft_fail_errno(error, problem, "enter network namespace %s", netns);
}

/* Runs between fork and exec. Only the network namespace is changed: the mount namespace stays, so
 * that what is mounted (bpffs) is the same for everybody. */
static void child_setup(gpointer data)
{
	int netns_fd = GPOINTER_TO_INT(data);

	setsid();
	if (netns_fd >= 0 && setns(netns_fd, CLONE_NEWNET) < 0)
		_exit(126);
}

bool process_start(const struct process *process, GError **error)
{
	g_auto(GStrv) environment = g_get_environ();
	int netns_fd = -1, null_fd, log_fd;
	GPid pid;

	if (process->netns && (netns_fd = open_netns(process->netns, error)) < 0)
		return false;
	for (const char *const *e = process->environ_add; e && *e; e++) {
		g_autofree char *name = g_strndup(*e, strcspn(*e, "="));

		environment = g_environ_setenv(environment, name, *e + strcspn(*e, "=") + 1, TRUE);
	}
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_fd = open(process->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool started =
		log_fd >= 0 && g_spawn_async_with_pipes_and_fds(NULL, process->argv,
				       (const char *const *)environment, G_SPAWN_SEARCH_PATH,
				       child_setup, GINT_TO_POINTER(netns_fd), null_fd, log_fd,
				       log_fd, NULL, NULL, 0, &pid, NULL, NULL, NULL, error);

	if (log_fd < 0)
		weft_fail_errno(error, errno, "open %s", process->log_path);
	if (netns_fd >= 0)
		close(netns_fd);
	if (log_fd >= 0)
		close(log_fd);
	close(null_fd);
	if (!started)
		return false;
	g_autofree char *record =
		g_strdup_printf("%d %" G_GUINT64_FORMAT "\n", pid, (guint64)start_time(pid));

	return g_file_set_contents(process->pid_path, record, -1, error);
}

/* Signals and waits through a pidfd, so that it is one process from beginning to end. */
static bool stop_pidfd(int fd, int pid, int signal, unsigned timeout_ms, GError **error)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0)
		return errno == ESRCH || weft_fail_errno(error, errno, "signal process %d", pid);
	if (poll(&wait, 1, (int)timeout_ms) > 0)
		return true;
	syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	if (poll(&wait, 1, KILL_WAIT_MS) > 0)
		return true;
	return weft_fail(error, TIMEOUT, "process %d does not end, even killed", pid);
}

bool process_stop(const char *pid_path, int signal, unsigned timeout_ms, GError **error)
{
	int pid = process_pid(pid_path);
	bool stopped = true;

	if (pid) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);

		if (fd >= 0 && process_pid(pid_path) == pid) /* still the one that was recorded */
			stopped = stop_pidfd(fd, pid, signal, timeout_ms, error);
		if (fd >= 0)
			close(fd);
	}
	if (stopped)
		unlink(pid_path);
	return stopped;
}

bool process_stop_netns(const char *netns, GError **error)
{
	g_autofree char *pids = run_output(error, "ip", "netns", "pids", netns, NULL);
	g_autofree char *wanted_path = g_build_filename("/run/netns", netns, NULL);
	GStatBuf wanted, actual;

	if (!pids || g_stat(wanted_path, &wanted) < 0)
		return pids != NULL;
	g_auto(GStrv) lines = g_strsplit(pids, "\n", 0);

	for (char **line = lines; *line; line++) {
		int pid = atoi(*line);
		g_autofree char *link = g_strdup_printf("/proc/%d/ns/net", pid);
		int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

		if (fd < 0)
			continue;
		bool inside = g_stat(link, &actual) == 0 && actual.st_ino == wanted.st_ino;
		bool stopped = !inside || stop_pidfd(fd, pid, SIGTERM, 1000, error);

		close(fd);
		if (!stopped)
			return false;
	}
	return true;
}

char *process_log_tail(const char *log_path, unsigned lines)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(log_path, &text, NULL, NULL) || !*text)
		return g_strdup("(its log is empty)");
	g_strchomp(text);
	char *from = text + strlen(text);

	while (from > text && (from[-1] != '\n' || --lines))
		from--;
	return g_strdup(from);
}
