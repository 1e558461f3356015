/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CREDENTIAL_BYTES 32
#define BACKLOG 16

/* A lock of POSIX's, as it says who has it. */
static bool take_lock(const char *folder, int *ret, GError **error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	g_autofree char *path = g_build_filename(folder, "lock", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return weft_fail_errno(error, errno, "open %s", path);
	if (fcntl(fd, F_SETLK, &lock)) {
		close(fd);
		return weft_fail(error, CONFLICT, "%s belongs to an appliance that runs", folder);
	}
	*ret = fd;
	return true;
}

bool folder_write(const char *folder, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static char *make_credential(void)
{
	GString *text = g_string_new(NULL);
	unsigned char bytes[CREDENTIAL_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		g_error("the kernel has no random numbers"); /* it always has, of this size */
	for (size_t i = 0; i < sizeof(bytes); i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

bool folder_make(const char *folder, int *ret_lock, char **ret_credential, GError **error)
{
	g_autofree char *credential = make_credential();
	int lock = -1;

	if (g_mkdir_with_parents(folder, 0700) || g_chmod(folder, 0700))
		return weft_fail_errno(error, errno, "make the folder %s", folder);
	if (!take_lock(folder, &lock, error))
		return false;
	if (!folder_write(folder, "credential", credential, error)) {
		close(lock);
		return false;
	}
	*ret_lock = lock;
	*ret_credential = g_steal_pointer(&credential);
	return true;
}

int folder_owner(const char *folder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	g_autofree char *path = g_build_filename(folder, "lock", NULL);
	int fd = open(path, O_RDWR | O_CLOEXEC), owner = -1;

	if (fd < 0)
		return -1;
	if (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK)
		owner = pidfd_open(lock.l_pid, 0);
	close(fd);
	return owner;
}

int folder_listen(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "api.sock", NULL);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
		sizeof(address.sun_path)) {
		weft_fail(error, INVALID_INPUT, "the path %s is too long for a socket", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
		!listen(fd, BACKLOG))
		return fd;
	weft_fail_errno(error, errno, "listen at %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Of ours, or what g_file_set_contents() had begun of one when it was killed. */
static bool is_own(const char *entry)
{
	static const char *const names[] = { "credential", "appliance.conf", "api.sock", "cert.pem",
		"client.pem", "cert.pem.next", "client.pem.next", "state.json", "lock" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *rest =
			g_str_has_prefix(entry, names[i]) ? &entry[strlen(names[i])] : ".";

		if (!rest[0] || (rest[0] == '.' && strlen(rest) == 1 + strlen("XXXXXX")))
			return true;
	}
	return false;
}

void folder_remove(const char *folder)
{
	g_autofree char *root = g_build_filename(folder, "root", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *entry;

	rmdir(root);
	while (dir && (entry = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, entry, NULL);

		if (is_own(entry))
			unlink(path);
	}
	rmdir(folder);
}
