/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/quiet.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "host/sysctl.h"

#define SETTING "disable_ipv6"

struct quiet {
	char *path;
	GHashTable *former; /* device → former value */
};

static void load(struct quiet *quiet)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(quiet->path, &text, NULL, NULL))
		return;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 2);

		if (g_strv_length(words) == 2)
			g_hash_table_insert(quiet->former, g_strdup(words[0]), g_strdup(words[1]));
	}
}

static void save(struct quiet *quiet)
{
	g_autofree char *next = g_strconcat(quiet->path, ".new", NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const char *device, *value;
	GHashTableIter i;

	g_hash_table_iter_init(&i, quiet->former);
	while (g_hash_table_iter_next(&i, (gpointer *)&device, (gpointer *)&value))
		g_string_append_printf(text, "%s %s\n", device, value);
	/* Not synced to the disk: after a crash of the host the devices are new ones. */
	if (!g_file_set_contents_full(
		    next, text->str, (gssize)text->len, G_FILE_SET_CONTENTS_NONE, 0600, &error))
		log_limited(warning, "%s", error->message);
	else if (rename(next, quiet->path) < 0)
		log_limited(warning, "%s: %s", quiet->path, g_strerror(errno));
}

struct quiet *quiet_new(const char *path)
{
	struct quiet *quiet = g_new0(struct quiet, 1);

	quiet->path = g_strdup(path);
	quiet->former = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	load(quiet);
	return quiet;
}

void quiet_free(struct quiet *quiet)
{
	if (!quiet)
		return;
	g_hash_table_unref(quiet->former);
	g_free(quiet->path);
	g_free(quiet);
}

bool quiet_begin(struct quiet *quiet, const char *device, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *value = NULL;

	if (!sysctl_ipv6_get(device, SETTING, &value, &why))
		return true; /* a kernel without IPv6, or the MTU is below its least: silent already
			      */
	if (g_str_equal(value, "1"))
		return true;
	if (!g_hash_table_contains(quiet->former, device)) {
		g_hash_table_insert(quiet->former, g_strdup(device), g_steal_pointer(&value));
		save(quiet);
	}
	return sysctl_ipv6_set(device, SETTING, "1", error);
}

void quiet_end(struct quiet *quiet, const char *device)
{
	const char *value = g_hash_table_lookup(quiet->former, device);

	if (!value)
		return;
	sysctl_ipv6_set(device, SETTING, value, NULL); /* fails when the device is gone: fine */
	g_hash_table_remove(quiet->former, device);
	save(quiet);
}

void quiet_end_all(struct quiet *quiet)
{
	g_autofree gpointer *devices = g_hash_table_get_keys_as_array(quiet->former, NULL);

	for (guint i = 0; devices[i]; i++) {
		g_autofree char *device = g_strdup(devices[i]);

		quiet_end(quiet, device);
	}
}
