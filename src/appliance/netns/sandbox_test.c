/* SPDX-License-Identifier: Apache-2.0 */
/* What is given up is given up: in a child, since there is no way back. Needs root. */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "appliance/netns/sandbox_parts.h"

#define REFUSED(call, with) (errno = 0, (call) == -1 && errno == (with))

/* The number of the first thing that is not as it should be; 0: none. */
static int try_all(void)
{
	const int checks[] = {
		prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1,
		prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 0,
		prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE) == 0,
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
		REFUSED(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM),
		REFUSED(unshare(CLONE_NEWUSER), EPERM),
		REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL), EPERM),
		REFUSED(syscall(SYS_clone3, NULL, 0), ENOSYS),
		REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM),
		REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM),
		REFUSED(syscall(SYS_io_uring_setup, 1, NULL), EPERM),
		REFUSED(chroot("/"), EPERM),
		REFUSED(mknod("/tmp/weft-sandbox-test", S_IFBLK | 0600, 0), EPERM),
		REFUSED(mknod("/tmp/weft-sandbox-test", S_IFCHR | 0600, 0), EPERM),
		REFUSED(mkfifo("/nowhere/fifo", 0600), ENOENT),
		getpid() > 0,
	};

	for (int i = 0; i < (int)G_N_ELEMENTS(checks); i++)
		if (!checks[i])
			return i + 1;
	return 0;
}

static void test_powers(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(sandbox_drop_powers(NULL) && sandbox_filter_calls(NULL) ? try_all() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_powers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
