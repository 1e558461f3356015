/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/netns/nics.h"
#include "appliance/netns/sandbox.h"
#include "appliance/runtime/folder.h"
#include "appliance/runtime/machine_impl.h"

#define SOCKET_FD 3
#define MEMORY_EVENTS_FD 4

/* Of the machine's own file system. */
static const char settings[] = "[appliance]\n"
			       "listen = fd:3\n"
			       "credential-file = /etc/weft/credential\n"
			       "folder = /run/weft-appliance\n";
static const char with_limit[] = "memory-events = fd:4\n";

static bool check(const struct description *description, GError **error)
{
	return (!description->image && !description->vcpus &&
		       description->accelerator == ACCELERATOR_ANY) ||
	       weft_fail(error, INVALID_INPUT,
		       "image, vcpus, accelerator: these are of a virtual machine (weft-appliance-qemu); one of namespaces has the programs of this system");
}

/* In the child, before it becomes our program again: one thread, as unshare() is about. */
static void into_namespace(gpointer data)
{
	(void)data;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || unshare(CLONE_NEWNET))
		_exit(1);
}

/* Process 1's parent; it waits for a byte on standard input, which *ret_go writes. */
static bool spawn(struct machine *machine, int memory_events, int *ret_go, GError **error)
{
	const char *const argv[] = { "/proc/self/exe", "--inside", machine->program, "--folder",
		machine->folder, machine->cgroup ? "--cgroup" : NULL, machine->cgroup, NULL };
	const int sources[] = { machine->listening, memory_events };
	const int targets[] = { SOCKET_FD, MEMORY_EVENTS_FD };

	return g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, into_namespace, NULL, -1,
		-1, -1, sources, targets, memory_events >= 0 ? 2 : 1, &machine->pid, ret_go, NULL,
		NULL, error);
}

/* Of its control group, which is not to be seen inside; -1: it has no limit of memory. */
static int open_memory_events(const struct machine *machine)
{
	g_autofree char *path =
		machine->cgroup ? g_build_filename(machine->cgroup, "memory.events", NULL) : NULL;

	return path && machine->description->memory_mib ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static bool start(struct machine *machine, GError **error)
{
	int memory_events = open_memory_events(machine), go = -1;
	g_autofree char *text = g_strconcat(settings, memory_events >= 0 ? with_limit : NULL, NULL);
	bool ok = folder_write(machine->folder, "appliance.conf", text, error) &&
		  spawn(machine, memory_events, &go, error);

	if (memory_events >= 0)
		close(memory_events);
	if (!ok)
		return false;
	ok = nics_plug(machine->description, machine->pid, error);
	if (ok && write(go, "g", 1) != 1)
		ok = weft_fail_errno(error, errno, "start the machine");
	close(go);
	if (!ok) {
		kill(machine->pid, SIGKILL);
		waitpid(machine->pid, NULL, 0);
	}
	return ok;
}

int netns_inside(const char *folder, const char *program, const char *cgroup, GError **error)
{
	const struct sandbox sandbox = { folder, program, cgroup };
	char go;

	if (read(STDIN_FILENO, &go, 1) != 1)
		return 0; /* who made us has thought better of it */
	return sandbox_run(&sandbox, error);
}

static bool plug(struct machine *machine, const struct description *wanted, GError **error)
{
	return nics_change(machine->description, wanted, machine->pid, machine->leaving, error);
}

static void unplug(struct machine *machine)
{
	nics_remove(machine->leaving);
}

const struct runtime netns_runtime = {
	.program = "weft-appliance-netns",
	.start_s = 60,
	.limits_memory = true,
	.check = check,
	.start = start,
	.plug = plug,
	.unplug = unplug,
};
