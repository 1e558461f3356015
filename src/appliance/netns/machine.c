/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/netns/cgroup.h"
#include "appliance/netns/folder.h"
#include "appliance/netns/nics.h"
#include "appliance/netns/push.h"
#include "appliance/netns/sandbox.h"
#include "base/log.h"

#define BACKOFF_MAX_S 60
#define STEADY_US (60 * G_USEC_PER_SEC)
#define SOCKET_FD 3
#define END_MS 3000
#define POLL_US 2000

struct machine {
	struct description *description;
	const char *folder, *program;
	char *cgroup, *credential, *socket;
	int lock, listening;
	GPid pid;
	guint watch, timer;
	unsigned backoff_s;
	s64 started_us;
	struct push *push;
};

/* In the child, before it becomes our program again: one thread, as unshare() is about. */
static void into_namespace(gpointer data)
{
	(void)data;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || unshare(CLONE_NEWNET))
		_exit(1);
}

/* Process 1's parent; it waits for a byte on standard input, which *ret_go writes. */
static bool spawn(struct machine *machine, int *ret_go, GError **error)
{
	const char *const argv[] = { "/proc/self/exe", "--inside", machine->program, "--folder",
		machine->folder, machine->cgroup ? "--cgroup" : NULL, machine->cgroup, NULL };
	const int target = SOCKET_FD;

	return g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, into_namespace, NULL, -1,
		-1, -1, &machine->listening, &target, 1, &machine->pid, ret_go, NULL, NULL, error);
}

/* Ends it for good, without a word to on_end(). */
static void end(struct machine *machine)
{
	s64 end_us = g_get_monotonic_time() + END_MS * 1000;

	push_stop(machine->push);
	g_clear_handle_id(&machine->timer, g_source_remove);
	g_clear_handle_id(&machine->watch, g_source_remove);
	if (!machine->pid)
		return;
	kill(machine->pid, SIGTERM);
	while (waitpid(machine->pid, NULL, WNOHANG) == 0) {
		if (g_get_monotonic_time() > end_us) {
			kill(machine->pid, SIGKILL);
			waitpid(machine->pid, NULL, 0);
			break;
		}
		g_usleep(POLL_US);
	}
	machine->pid = 0;
}

static gboolean make_again(gpointer data);

static void make_later(struct machine *machine, const char *why)
{
	if (g_get_monotonic_time() - machine->started_us > STEADY_US)
		machine->backoff_s = 1;
	log_warning("the machine %s; it is made again in %u s", why, machine->backoff_s);
	machine->timer = g_timeout_add_seconds(machine->backoff_s, make_again, machine);
	machine->backoff_s = MIN(2 * machine->backoff_s, BACKOFF_MAX_S);
}

static void on_end(GPid pid, int status, gpointer data)
{
	struct machine *machine = data;

	(void)pid, (void)status;
	machine->pid = 0;
	machine->watch = 0;
	push_stop(machine->push);
	make_later(machine, "has ended");
}

static bool make(struct machine *machine, GError **error)
{
	int go = -1;
	bool ok;

	machine->started_us = g_get_monotonic_time();
	if (!spawn(machine, &go, error)) {
		machine->pid = 0;
		return false;
	}
	ok = nics_plug(machine->description, machine->pid, error);
	if (ok && write(go, "g", 1) != 1)
		ok = weft_fail_errno(error, errno, "start the machine");
	close(go);
	if (!ok) {
		end(machine);
		return false;
	}
	machine->watch = g_child_watch_add(machine->pid, on_end, machine);
	push_config(machine->push, machine->description->config);
	return true;
}

static gboolean make_again(gpointer data)
{
	g_autoptr(GError) error = NULL;
	struct machine *machine = data;

	machine->timer = 0;
	if (!make(machine, &error)) {
		g_autofree char *why = g_strconcat("can't be made: ", error->message, NULL);

		make_later(machine, why);
	}
	return G_SOURCE_REMOVE;
}

/* A group that a killed process has left is empty by now: all that was in it has ended with it. */
static bool make_cgroup(struct machine *machine, GError **error)
{
	const struct description *description = machine->description;
	g_autofree char *mounts = NULL, *mount = NULL;
	g_autofree char *name = g_path_get_basename(machine->folder);

	if (!description->cpu_percent && !description->memory_mib)
		return true;
	if (!g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, error))
		return false;
	mount = cgroup_mount(mounts);
	if (!mount)
		return weft_fail(error, UNAVAILABLE,
			"cgroup v2 is not mounted, so the appliance's limits can't be kept");
	return cgroup_make(mount, name, description->cpu_percent, description->memory_mib,
		&machine->cgroup, error);
}

bool machine_new(struct description *description, const char *folder, const char *program,
	struct machine **ret, GError **error)
{
	g_autoptr(machine) machine = g_new0(struct machine, 1);

	*machine = (struct machine){ .description = description,
		.folder = folder,
		.program = program,
		.lock = -1,
		.listening = -1,
		.backoff_s = 1,
		.socket = g_build_filename(folder, "api.sock", NULL) };
	if (!folder_make(folder, &machine->lock, &machine->credential, error))
		return false;
	machine->push = push_new(machine->socket, machine->credential);
	if (!make_cgroup(machine, error))
		return false;
	machine->listening = folder_listen(folder, error);
	if (machine->listening < 0 || !make(machine, error))
		return false;
	*ret = g_steal_pointer(&machine);
	return true;
}

bool machine_change(struct machine *machine, struct description *description, GError **error)
{
	if (!description_same_machine(machine->description, description))
		return weft_fail(error, CONFLICT,
			"cpu_percent, memory_mib and nics are those of the machine: stop it and start it anew");
	description_free(machine->description);
	machine->description = description;
	if (machine->pid)
		push_config(machine->push, description->config);
	return true;
}

void machine_free(struct machine *machine)
{
	if (machine->push) {
		end(machine);
		push_free(machine->push);
	}
	if (machine->cgroup)
		cgroup_remove(machine->cgroup);
	if (machine->listening >= 0)
		close(machine->listening);
	if (machine->lock >= 0) {
		folder_remove(machine->folder);
		close(machine->lock);
	}
	description_free(machine->description);
	g_free(machine->cgroup);
	g_free(machine->credential);
	g_free(machine->socket);
	g_free(machine);
}

int machine_inside(const char *folder, const char *program, const char *cgroup, GError **error)
{
	const struct sandbox sandbox = { folder, program, cgroup };
	char go;

	if (read(STDIN_FILENO, &go, 1) != 1)
		return 0; /* who made us has thought better of it */
	return sandbox_run(&sandbox, error);
}
