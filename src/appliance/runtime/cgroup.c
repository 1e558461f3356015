/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PARENT "weft-appliance"
#define PERIOD_US 100000u
#define PROCESSES_MAX "1024"
#define REMOVE_TRIES 500
#define REMOVE_PAUSE_US 2000

/* "36 35 0:31 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw", proc(5) */
char *cgroup_mount(const char *mountinfo)
{
	g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		const char *type = strstr(*line, " - ");

		if (type && g_str_has_prefix(type, " - cgroup2 ") && g_strv_length(words) > 4 &&
			!strcmp(words[3], "/"))
			return g_strdup(words[4]);
	}
	return NULL;
}

/* A file of the kernel's takes a value by one write(2). */
static bool write_value(const char *folder, const char *name, const char *value, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	return ok || weft_fail_errno(error, errnum, "write \"%s\" to %s", value, path);
}

static bool has_controller(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, "cgroup.controllers", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	words = g_strsplit(g_strstrip(text), " ", -1);
	return g_strv_contains((const char *const *)words, name);
}

static bool enable(const char *mount, const char *parent, const char *controller, GError **error)
{
	g_autofree char *value = g_strconcat("+", controller, NULL);

	if (!has_controller(mount, controller))
		return weft_fail(error, UNAVAILABLE,
			"this machine has no controller \"%s\" of cgroup v2 at %s, so the appliance's limit can't be kept; start it without one, or boot with systemd.unified_cgroup_hierarchy=1",
			controller, mount);
	return write_value(mount, "cgroup.subtree_control", value, error) &&
	       write_value(parent, "cgroup.subtree_control", value, error);
}

static bool limit_cpu(
	const char *mount, const char *parent, const char *folder, u32 percent, GError **error)
{
	g_autofree char *value = g_strdup_printf("%u %u", percent * (PERIOD_US / 100), PERIOD_US);

	return !percent || (enable(mount, parent, "cpu", error) &&
				   write_value(folder, "cpu.max", value, error));
}

/* Swap would make a limit of memory one of speed. */
static bool limit_memory(
	const char *mount, const char *parent, const char *folder, u32 mib, GError **error)
{
	g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)mib << 20);
	g_autofree char *swap = g_build_filename(folder, "memory.swap.max", NULL);

	return !mib ||
	       (enable(mount, parent, "memory", error) &&
		       write_value(folder, "memory.max", value, error) &&
		       (access(swap, F_OK) || write_value(folder, "memory.swap.max", "0", error)));
}

/* Nobody has asked for it, so it is kept where it can be: what is limited otherwise should not be
 * able to use up the machine's processes. */
static bool limit_processes(
	const char *mount, const char *parent, const char *folder, GError **error)
{
	return !has_controller(mount, "pids") ||
	       (enable(mount, parent, "pids", error) &&
		       write_value(folder, "pids.max", PROCESSES_MAX, error));
}

bool cgroup_make(const char *mount, const char *name, u32 cpu_percent, u32 memory_mib, char **ret,
	GError **error)
{
	g_autofree char *parent = g_build_filename(mount, PARENT, NULL);
	g_autofree char *folder = g_build_filename(parent, name, NULL);

	if ((g_mkdir(parent, 0755) && errno != EEXIST) ||
		(g_mkdir(folder, 0755) && errno != EEXIST))
		return weft_fail_errno(error, errno, "make the control group %s", folder);
	if (!limit_cpu(mount, parent, folder, cpu_percent, error) ||
		!limit_memory(mount, parent, folder, memory_mib, error) ||
		!limit_processes(mount, parent, folder, error)) {
		g_rmdir(folder);
		return false;
	}
	*ret = g_steal_pointer(&folder);
	return true;
}

/* "oom_kill 2" of memory.events */
u64 cgroup_kills(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "memory.events", NULL);
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0; /* it has no limit */
	line = strstr(text, "oom_kill ");
	return line ? g_ascii_strtoull(line + strlen("oom_kill "), NULL, 10) : 0;
}

/* Killed processes leave a group a moment later, and nothing else says when. */
void cgroup_remove(const char *folder)
{
	write_value(folder, "cgroup.kill", "1", NULL);
	for (unsigned i = 0; i < REMOVE_TRIES && g_rmdir(folder) && errno == EBUSY; i++)
		g_usleep(REMOVE_PAUSE_US);
}
