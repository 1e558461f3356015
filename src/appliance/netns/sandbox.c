/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/netns/sandbox_parts.h"
#include "base/log.h"

#define SYSCTLS_S 2

static bool write_file(const char *path, const char *text, GError **error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	return ok || weft_fail_errno(error, errnum, "write \"%s\" to %s", text, path);
}

static bool join_cgroup(const char *cgroup, GError **error)
{
	g_autofree char *procs = cgroup ? g_build_filename(cgroup, "cgroup.procs", NULL) : NULL;

	return !procs || write_file(procs, "0", error);
}

static const char *const switches[] = { "/proc/sys/net/ipv4/conf/all/promote_secondaries",
	"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding" };
static int switch_fds[G_N_ELEMENTS(switches)];

/* While they may still be opened for writing: inside /proc/sys is read-only. Without IPv6 its own
 * is not there. */
static bool open_sysctls(GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
		switch_fds[i] = open(switches[i], O_RDWR | O_CLOEXEC);
		if (switch_fds[i] < 0 && (errno != ENOENT || !strstr(switches[i], "ipv6")))
			return weft_fail_errno(error, errno, "open %s", switches[i]);
	}
	return true;
}

static bool set_sysctls(GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
		if (switch_fds[i] >= 0 && pwrite(switch_fds[i], "1", 1, 0) != 1)
			return weft_fail_errno(error, errno, "write \"1\" to %s", switches[i]);
	return true;
}

/* Who is inside looks more often, so he has seen by then that somebody has changed it. */
static void repair_sysctls(void)
{
	static bool was_off;
	bool off = false;
	char now;

	for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
		off |= switch_fds[i] >= 0 && (pread(switch_fds[i], &now, 1, 0) != 1 || now != '1');
	if (off && was_off)
		set_sysctls(NULL);
	was_off = off;
}

/* Who watches may have been killed meanwhile, of which no signal came: its end of a pipe is closed
 * then. The kernel closes it before it looks whom to tell, so it is never too late for both. */
static bool end_with_watcher(int watcher, GError **error)
{
	struct pollfd fd = { .fd = watcher };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || poll(&fd, 1, 0) < 0)
		return weft_fail_errno(error, errno, "end with who watches");
	return !fd.revents || weft_fail(error, UNAVAILABLE, "who watches it has ended");
}

static bool start(const struct sandbox *sandbox, int watcher, GError **error)
{
	static char *const argv[] = { (char *)SANDBOX_PROGRAM, (char *)"--config",
		(char *)SANDBOX_CONFIG, NULL };
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"LC_ALL=C.UTF-8", NULL };

	if (!sandbox_make_root(sandbox, error) || !sandbox_drop_powers(error) ||
		!sandbox_filter_calls(error))
		return false;
	/* Last, as a change of what a process may do clears it. */
	if (!end_with_watcher(watcher, error))
		return false;
	execve(SANDBOX_PROGRAM, argv, environment);
	return weft_fail_errno(error, errno, "start " SANDBOX_PROGRAM);
}

static pid_t machine;

/* SIGTERM is for the machine: it stops its daemons. */
static void pass_on(int number)
{
	kill(machine, number);
}

static void wake(int number)
{
	(void)number;
}

/* Inside nobody can write to /proc/sys: who has changed it from here, is put right from here. */
static int await(pid_t pid)
{
	const struct sigaction action = { .sa_handler = pass_on }, look = { .sa_handler = wake };
	const struct itimerval every = { { SYSCTLS_S, 0 }, { SYSCTLS_S, 0 } };
	int status;

	machine = pid;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &look, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
		repair_sysctls();
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int sandbox_run(const struct sandbox *sandbox, GError **error)
{
	int watched[2]; /* nothing is written: it ends with us */
	pid_t pid;

	if (!join_cgroup(sandbox->cgroup, error) || !open_sysctls(error) || !set_sysctls(error))
		return -1;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)) {
		weft_fail_errno(error, errno, "make namespaces");
		return -1;
	}
	if (pipe2(watched, O_CLOEXEC) || (pid = fork()) < 0) {
		weft_fail_errno(error, errno, "make a process");
		return -1;
	}
	if (pid > 0)
		return await(pid);
	g_autoptr(GError) failed = NULL;

	close(watched[1]);
	start(sandbox, watched[0], &failed);
	log_warning("the appliance's machine: %s", failed->message);
	_exit(1);
}
