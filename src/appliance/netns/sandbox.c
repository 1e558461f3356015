/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/netns/sandbox_parts.h"
#include "base/log.h"

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

/* While it may still be written to: inside /proc/sys is read-only. */
static bool set_sysctls(GError **error)
{
	static const char ipv6[] = "/proc/sys/net/ipv6/conf/all/forwarding";

	return write_file("/proc/sys/net/ipv4/conf/all/promote_secondaries", "1", error) &&
	       write_file("/proc/sys/net/ipv4/ip_forward", "1", error) &&
	       (!g_file_test(ipv6, G_FILE_TEST_EXISTS) || write_file(ipv6, "1", error));
}

static bool start(const struct sandbox *sandbox, GError **error)
{
	static char *const argv[] = { (char *)SANDBOX_PROGRAM, (char *)"--config",
		(char *)SANDBOX_CONFIG, NULL };
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"LC_ALL=C.UTF-8", NULL };

	if (!sandbox_make_root(sandbox, error) || !sandbox_drop_powers(error) ||
		!sandbox_filter_calls(error))
		return false;
	/* Last, as a change of what a process may do clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return weft_fail_errno(error, errno, "end with who watches");
	execve(SANDBOX_PROGRAM, argv, environment);
	return weft_fail_errno(error, errno, "start " SANDBOX_PROGRAM);
}

static pid_t machine;

/* SIGTERM is for the machine: it stops its daemons. */
static void pass_on(int number)
{
	kill(machine, number);
}

static int await(pid_t pid)
{
	struct sigaction action = { .sa_handler = pass_on };
	int status;

	machine = pid;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int sandbox_run(const struct sandbox *sandbox, GError **error)
{
	pid_t pid;

	if (!join_cgroup(sandbox->cgroup, error) || !set_sysctls(error))
		return -1;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)) {
		weft_fail_errno(error, errno, "make namespaces");
		return -1;
	}
	pid = fork();
	if (pid < 0) {
		weft_fail_errno(error, errno, "make a process");
		return -1;
	}
	if (pid > 0)
		return await(pid);
	g_autoptr(GError) failed = NULL;

	start(sandbox, &failed);
	log_warning("the appliance's machine: %s", failed->message);
	_exit(1);
}
