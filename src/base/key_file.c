/* SPDX-License-Identifier: Apache-2.0 */
#include "base/key_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool key_file_check(GKeyFile *file, const char *group, const char *const *known, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, error);

	if (!keys)
		return false;
	for (char **key = keys; *key; key++)
		if (!g_strv_contains(known, *key)) {
			g_autofree char *all = g_strjoinv(", ", (char **)known);

			return weft_fail(error, INVALID_INPUT,
				"\"%s\" is not a known key of [%s]; these are: %s", *key, group,
				all);
		}
	return true;
}

char *key_file_text(GKeyFile *file, const char *group, const char *key, const char *fallback)
{
	char *text = g_key_file_get_string(file, group, key, NULL);

	return text ? g_strstrip(text) : g_strdup(fallback);
}

char *key_file_secret(const char *path, const char *key, size_t min, GError **error)
{
	g_autofree char *text = NULL;
	struct stat status;

	if (!g_file_get_contents(path, &text, NULL, error)) {
		g_prefix_error(error, "%s: ", key);
		return NULL;
	}
	if (stat(path, &status)) {
		weft_fail_errno(error, errno, "look at %s", path);
		return NULL;
	}
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		weft_fail(error, INVALID_INPUT,
			"%s: %s can be read by others than its owner; chmod 600 it", key, path);
		return NULL;
	}
	g_strstrip(text);
	if (strlen(text) < min || strpbrk(text, "\r\n")) {
		weft_fail(error, INVALID_INPUT,
			"%s: %s must hold one line of at least %zu characters", key, path, min);
		return NULL;
	}
	return g_steal_pointer(&text);
}
