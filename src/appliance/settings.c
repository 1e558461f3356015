/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/settings.h"

#include <string.h>
#include <sys/stat.h>

#include "http/listen.h"

#define GROUP "appliance"
#define CREDENTIAL_MIN 16

static bool check_keys(GKeyFile *file, GError **error)
{
	static const char *const known[] = { "listen", "credential-file", "tls-cert", "tls-key",
		"folder", NULL };
	g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, error);

	if (!keys)
		return false;
	for (char **key = keys; *key; key++)
		if (!g_strv_contains(known, *key)) {
			g_autofree char *all = g_strjoinv(", ", (char **)known);

			return weft_fail(error, INVALID_INPUT,
				"\"%s\" is not a known key of [" GROUP "]; these are: %s", *key,
				all);
		}
	return true;
}

static char *get(GKeyFile *file, const char *key, const char *fallback)
{
	char *text = g_key_file_get_string(file, GROUP, key, NULL);

	return text ? g_strstrip(text) : g_strdup(fallback);
}

static bool read_credential(GKeyFile *file, struct settings *settings, GError **error)
{
	g_autofree char *path = get(file, "credential-file", NULL);
	struct stat status;

	if (!path)
		return weft_fail(error, INVALID_INPUT,
			"credential-file: must be a file with the credential that the controller shows");
	if (!g_file_get_contents(path, &settings->credential, NULL, error)) {
		g_prefix_error(error, "credential-file: ");
		return false;
	}
	if (stat(path, &status) || status.st_mode & 077)
		return weft_fail(error, INVALID_INPUT,
			"credential-file: %s can be read by others than its owner; chmod 600 it",
			path);
	g_strstrip(settings->credential);
	if (strlen(settings->credential) < CREDENTIAL_MIN || strpbrk(settings->credential, "\r\n"))
		return weft_fail(error, INVALID_INPUT,
			"credential-file: %s must hold one line of at least %d characters", path,
			CREDENTIAL_MIN);
	return true;
}

static bool check(const struct settings *settings, GError **error)
{
	if (!settings->listen)
		return weft_fail(error, INVALID_INPUT,
			"listen: must be the management NIC's address and a port, such as 192.0.2.5:9797");
	if (!settings->tls_cert != !settings->tls_key)
		return weft_fail(error, INVALID_INPUT, "tls-cert, tls-key: only one is given");
	if (!settings->tls_cert && !http_listen_is_local(settings->listen))
		return weft_fail(error, INVALID_INPUT,
			"listen: beyond loopback the credential would travel in clear; give tls-cert and tls-key");
	/* It goes into files that end a path at these. */
	if (!g_path_is_absolute(settings->folder) || strpbrk(settings->folder, " ,\t\n#\"\\"))
		return weft_fail(error, INVALID_INPUT,
			"folder: \"%s\" must be an absolute path without spaces, commas and quotes",
			settings->folder);
	return true;
}

struct settings *settings_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(settings) settings = g_new0(struct settings, 1);

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) ||
		!check_keys(file, error) || !read_credential(file, settings, error)) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	settings->listen = get(file, "listen", NULL);
	settings->tls_cert = get(file, "tls-cert", NULL);
	settings->tls_key = get(file, "tls-key", NULL);
	settings->folder = get(file, "folder", "/run/weft-appliance");
	if (check(settings, error))
		return g_steal_pointer(&settings);
	g_prefix_error(error, "%s: ", path);
	return NULL;
}

void settings_free(struct settings *settings)
{
	g_free(settings->listen);
	g_free(settings->credential);
	g_free(settings->tls_cert);
	g_free(settings->tls_key);
	g_free(settings->folder);
	g_free(settings);
}
