/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/settings.h"

#include <string.h>

#include "base/key_file.h"
#include "http/listen.h"

#define GROUP "appliance"
#define CREDENTIAL_MIN 16

static bool read_credential(GKeyFile *file, struct settings *settings, GError **error)
{
	g_autofree char *path = key_file_text(file, GROUP, "credential-file", NULL);

	if (!path)
		return weft_fail(error, INVALID_INPUT,
			"credential-file: must be a file with the credential that the controller shows");
	settings->credential = key_file_secret(path, "credential-file", CREDENTIAL_MIN, error);
	return settings->credential != NULL;
}

static bool check(const struct settings *settings, GError **error)
{
	if (!settings->listen)
		return weft_fail(error, INVALID_INPUT,
			"listen: must be the management NIC's address and a port, such as 192.0.2.5:9797");
	if (!settings->tls_cert != !settings->tls_key)
		return weft_fail(error, INVALID_INPUT, "tls-cert, tls-key: only one is given");
	if (settings->tls_client_cert && !settings->tls_cert)
		return weft_fail(error, INVALID_INPUT,
			"tls-client-cert: is shown by TLS alone; give tls-cert and tls-key");
	if (!settings->tls_cert && !http_listen_is_local(settings->listen))
		return weft_fail(error, INVALID_INPUT,
			"listen: beyond loopback the credential would travel in clear; give tls-cert and tls-key");
	if (settings->channel && !g_str_has_prefix(settings->listen, "127.0.0.1:"))
		return weft_fail(error, INVALID_INPUT,
			"channel: with it listen must be 127.0.0.1 and a port, to which it leads");
	/* It goes into files that end a path at these. */
	if (!g_path_is_absolute(settings->folder) || strpbrk(settings->folder, " ,\t\n#\"\\"))
		return weft_fail(error, INVALID_INPUT,
			"folder: \"%s\" must be an absolute path without spaces, commas and quotes",
			settings->folder);
	return true;
}

struct settings *settings_load(const char *path, GError **error)
{
	static const char *const known[] = { "listen", "credential-file", "tls-cert", "tls-key",
		"tls-client-cert", "memory-events", "folder", "channel", NULL };
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(settings) settings = g_new0(struct settings, 1);

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) ||
		!key_file_check(file, GROUP, known, error) ||
		!read_credential(file, settings, error)) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	settings->listen = key_file_text(file, GROUP, "listen", NULL);
	settings->tls_cert = key_file_text(file, GROUP, "tls-cert", NULL);
	settings->tls_key = key_file_text(file, GROUP, "tls-key", NULL);
	settings->tls_client_cert = key_file_text(file, GROUP, "tls-client-cert", NULL);
	settings->memory_events = key_file_text(file, GROUP, "memory-events", NULL);
	settings->folder = key_file_text(file, GROUP, "folder", "/run/weft-appliance");
	settings->channel = key_file_text(file, GROUP, "channel", NULL);
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
	g_free(settings->tls_client_cert);
	g_free(settings->folder);
	g_free(settings->memory_events);
	g_free(settings->channel);
	g_free(settings);
}
