/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	/usr, parts of /etc     the system's, read-only (/bin, /lib … are links into /usr on Debian)
 *	/weft-appliance         the program
 *	/run, /tmp              in memory, with a limit
 *	/dev                    null, zero, random, urandom; net/tun, if the system has it
 *	/var/run                a link to /run
 *	/proc                   of its processes; what is the machine's is read-only or hidden
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/netns/sandbox_parts.h"

#define TUN "/dev/net/tun"
#define QUIET (MS_NOSUID | MS_NODEV)

static bool fail(GError **error, const char *what, const char *path)
{
	return weft_fail_errno(error, errno, "%s %s", what, path);
}

static bool make_folder(const char *path, GError **error)
{
	return !g_mkdir_with_parents(path, 0755) || fail(error, "make", path);
}

/* Where a file is to be mounted there must be one. */
static bool make_file(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	int fd;

	if (!make_folder(parent, error))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(error, "make", path);
	close(fd);
	return true;
}

static bool bind_at(const char *source, const char *target, unsigned long flags, GError **error)
{
	bool folder = g_file_test(source, G_FILE_TEST_IS_DIR);

	if (!(folder ? make_folder(target, error) : make_file(target, error)))
		return false;
	return (!mount(source, target, NULL, MS_BIND, NULL) &&
		       !mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | flags, NULL)) ||
	       fail(error, "mount", target);
}

static bool bind_read_only(const char *source, const char *target, GError **error)
{
	return bind_at(source, target, MS_RDONLY | QUIET, error);
}

/* The same path inside: a link as it is, anything else read-only, nothing if there is none. */
static bool take(const char *root, const char *path, GError **error)
{
	g_autofree char *target = g_strconcat(root, path, NULL);
	g_autofree char *link = g_file_read_link(path, NULL);

	if (link)
		return !symlink(link, target) || fail(error, "make the link", target);
	return access(path, F_OK) || bind_read_only(path, target, error);
}

static bool take_system(const char *root, GError **error)
{
	static const char *const paths[] = { "/usr", "/bin", "/sbin", "/lib", "/lib64",
		"/etc/passwd", "/etc/group", "/etc/ld.so.cache", "/etc/iproute2", "/etc/protocols",
		"/etc/services" };

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		if (!take(root, paths[i], error))
			return false;
	return true;
}

/* Tunnels that the kernel can't do are made by it. */
static bool take_tun(const char *root, GError **error)
{
	g_autofree char *target = g_strconcat(root, TUN, NULL);

	return access(TUN, F_OK) || bind_at(TUN, target, MS_NOSUID | MS_NOEXEC, error);
}

/* Where wireguard-go and wg(8) meet. */
static bool link_run(const char *root, GError **error)
{
	g_autofree char *var = g_strconcat(root, "/var", NULL);
	g_autofree char *run = g_strconcat(var, "/run", NULL);

	return make_folder(var, error) &&
	       (!symlink("/run", run) || fail(error, "make the link", run));
}

static bool make_devices(const char *root, GError **error)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/random",
		"/dev/urandom" };

	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		g_autofree char *target = g_strconcat(root, devices[i], NULL);

		if (!bind_at(devices[i], target, MS_NOSUID | MS_NOEXEC, error))
			return false;
	}
	return take_tun(root, error);
}

static bool mount_memory(const char *root, const char *path, const char *options, GError **error)
{
	g_autofree char *target = g_strconcat(root, path, NULL);

	return make_folder(target, error) &&
	       (!mount("tmpfs", target, "tmpfs", QUIET | MS_NOEXEC, options) ||
		       fail(error, "mount", target));
}

/* Files there that are the machine's could be written by root without any of its powers. */
static bool mount_proc(const char *root, GError **error)
{
	static const char *const closed[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
		"/proc/bus" };
	g_autofree char *proc = g_strconcat(root, "/proc", NULL);

	if (!make_folder(proc, error))
		return false;
	if (mount("proc", proc, "proc", QUIET | MS_NOEXEC, NULL))
		return fail(error, "mount", proc);
	for (size_t i = 0; i < G_N_ELEMENTS(closed); i++) {
		g_autofree char *path = g_strconcat(root, closed[i], NULL);

		if (!access(path, F_OK) && !bind_read_only(path, path, error))
			return false;
	}
	return true;
}

static bool take_program(const struct sandbox *sandbox, const char *root, GError **error)
{
	static const char *const files[] = { "credential", "appliance.conf" };
	g_autofree char *program = g_strconcat(root, SANDBOX_PROGRAM, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *source = g_build_filename(sandbox->folder, files[i], NULL);
		g_autofree char *target = g_build_filename(root, "etc/weft", files[i], NULL);

		if (!bind_read_only(source, target, error))
			return false;
	}
	return bind_read_only(sandbox->program, program, error);
}

/* The old root is put below the new one at the same place, and taken away from there. */
static bool enter(const char *root, GError **error)
{
	if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
		chdir("/"))
		return fail(error, "enter", root);
	return !mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL) ||
	       fail(error, "make read-only:", "/");
}

bool sandbox_make_root(const struct sandbox *sandbox, GError **error)
{
	g_autofree char *root = g_build_filename(sandbox->folder, "root", NULL);

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail(error, "make private:", "/");
	if (!make_folder(root, error))
		return false;
	if (mount("tmpfs", root, "tmpfs", MS_NOSUID, "size=1m,mode=755"))
		return fail(error, "mount", root);
	return take_system(root, error) && link_run(root, error) && make_devices(root, error) &&
	       mount_memory(root, "/run", "size=64m,mode=755", error) &&
	       mount_memory(root, "/tmp", "size=16m,mode=1777", error) && mount_proc(root, error) &&
	       take_program(sandbox, root, error) && enter(root, error) &&
	       (!sethostname("appliance", strlen("appliance")) || fail(error, "name", "appliance"));
}
