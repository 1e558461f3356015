/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char *setting_path(const char *device, const char *setting)
{
	return g_build_filename("/proc/sys/net/ipv6/conf", device, setting, NULL);
}

bool sysctl_ipv6_get(const char *device, const char *setting, char **ret, GError **error)
{
	g_autofree char *path = setting_path(device, setting);
	g_autoptr(GError) why = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &why))
		return weft_fail(error, NOT_FOUND, "%s", why->message);
	*ret = g_strdup(g_strstrip(text));
	return true;
}

bool sysctl_ipv6_set(const char *device, const char *setting, const char *value, GError **error)
{
	g_autofree char *path = setting_path(device, setting);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);

	if (fd < 0 && errno == ENOENT)
		return weft_fail(error, NOT_FOUND, "%s: there is no such setting", path);
	if (fd < 0)
		return weft_fail_errno(error, errno, "%s", path);
	bool written = write(fd, value, len) == (ssize_t)len;
	if (!written)
		weft_fail_errno(error, errno, "%s: writing %s", path, value);
	close(fd);
	return written;
}
