/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bgp/bgp_process.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define USER "frr"
#define PID_FILE "bgpd.pid"
#define END_MS 2000

static bool give_to_user(const char *path, GError **error)
{
	const struct passwd *user = getpwnam(USER);

	if (!user)
		return weft_fail(error, NOT_FOUND,
			"there is no user " USER ": install FRR (Debian's package frr)");
	return chown(path, user->pw_uid, user->pw_gid) == 0 ||
	       weft_fail_errno(error, errno, "%s", path);
}

bool bgp_folder_make(const char *folder, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(folder);

	if (g_mkdir_with_parents(parent, 0755) < 0 || g_mkdir_with_parents(folder, 0750) < 0)
		return weft_fail_errno(error, errno, "folder %s", folder);
	return give_to_user(folder, error);
}

void bgp_folder_remove(const char *folder)
{
	static const char *const names[] = { BGP_FILE, BGP_COMMANDS, PID_FILE, "bgpd.vty" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		unlink(path);
	}
	rmdir(folder);
}

bool bgp_folder_write(const char *folder, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_file_set_contents_full(
		       path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error) &&
	       give_to_user(path, error);
}

char *bgp_folder_read(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* Is the process the bgpd of the folder, and not another that got its number? */
static bool is_ours(int pid, const char *folder)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid), *words = NULL;
	gsize len;

	return g_file_get_contents(path, &words, &len, NULL) &&
	       memmem(words, len, folder, strlen(folder) + 1);
}

int bgp_process_find(const char *folder)
{
	g_autofree char *text = bgp_folder_read(folder, PID_FILE);
	int pid = text ? atoi(text) : 0;
	int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd >= 0 && is_ours(pid, folder))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void bgp_process_signal(int pidfd, int number)
{
	syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

void bgp_process_end(int pidfd)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };

	bgp_process_signal(pidfd, SIGTERM);
	if (poll(&wait, 1, END_MS) == 1)
		return;
	bgp_process_signal(pidfd, SIGKILL);
	poll(&wait, 1, END_MS);
}

char **bgp_start_command(const char *bgpd, const char *folder)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *pid = g_build_filename(folder, PID_FILE, NULL);
	g_autofree char *file = g_build_filename(folder, BGP_FILE, NULL);

	/* Without zebra, so that nothing gets into this host's routing table, and without a port of
	 * its own: it is we who begin sessions. */
	g_strv_builder_add_many(words, bgpd, "--daemon", "--no_zebra", "--bgp_port", "0",
		"--vty_port", "0", "--vty_socket", folder, "--pid_file", pid, "--config_file", file,
		NULL);
	return g_strv_builder_end(words);
}

char **bgp_vtysh_command(const char *folder, const char *option, const char *what)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	g_strv_builder_add_many(words, "vtysh", "--vty_socket", folder, "--config_dir", folder,
		"-d", "bgpd", option, what, NULL);
	return g_strv_builder_end(words);
}
