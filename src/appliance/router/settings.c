/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/settings.h"

#include <string.h>
#include <sys/stat.h>

#include "base/uuid.h"
#include "http/listen.h"

#define GROUP "virtual-router"
#define SECRET_MIN 16
#define LIMIT_MAX 1000000

static bool check_keys(GKeyFile *file, GError **error)
{
	static const char *const known[] = { "listen", "tls-cert", "tls-key", "secret-file",
		"controller", "token-file", "ca-file", "host", "state-dir", "run-dir",
		"management-network", "public-network", "cpu-percent", "memory-mib",
		"dns-forwarders", "allow-plain-http", NULL };
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

static bool need(GKeyFile *file, const char *key, const char *what, char **ret, GError **error)
{
	*ret = get(file, key, NULL);
	return (*ret && **ret) || weft_fail(error, INVALID_INPUT, "%s: must be %s", key, what);
}

/* One line that nobody else can read. */
static bool read_secret(GKeyFile *file, const char *key, size_t min, char **ret, GError **error)
{
	g_autofree char *path = NULL;
	struct stat status;

	if (!need(file, key, "a file", &path, error) ||
		!g_file_get_contents(path, ret, NULL, error))
		return false;
	if (stat(path, &status) || status.st_mode & 077)
		return weft_fail(error, INVALID_INPUT,
			"%s: %s can be read by others than its owner; chmod 600 it", key, path);
	g_strstrip(*ret);
	return (strlen(*ret) >= min && !strpbrk(*ret, "\r\n")) ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: %s must hold one line of at least %zu characters", key, path, min);
}

static bool read_network(GKeyFile *file, const char *key, char **ret, GError **error)
{
	struct uuid id;

	*ret = get(file, key, NULL);
	return !*ret || uuid_parse(*ret, &id) ||
	       weft_fail(error, INVALID_INPUT, "%s: \"%s\" must be the id of a network", key, *ret);
}

static bool read_limit(GKeyFile *file, const char *key, u32 *ret, GError **error)
{
	g_autofree char *text = get(file, key, "0");
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, LIMIT_MAX, &number, NULL))
		return weft_fail(error, INVALID_INPUT, "%s: \"%s\" must be a number", key, text);
	*ret = (u32)number;
	return true;
}

static bool read_forwarders(GKeyFile *file, GArray *ret, GError **error)
{
	g_autofree char *text = get(file, "dns-forwarders", "");
	g_auto(GStrv) items = g_strsplit(text, ",", -1);
	struct ip ip;

	for (char **item = items; *item; item++) {
		if (!*g_strstrip(*item))
			continue;
		if (!ip_parse(*item, &ip))
			return weft_fail(error, INVALID_INPUT,
				"dns-forwarders: \"%s\" must be an IP address", *item);
		g_array_append_val(ret, ip);
	}
	return true;
}

static bool check_clear(const struct router_settings *settings, GError **error)
{
	if (!settings->tls_cert != !settings->tls_key)
		return weft_fail(error, INVALID_INPUT, "tls-cert, tls-key: only one is given");
	return settings->tls_cert || settings->allow_plain_http ||
	       http_listen_is_local(settings->listen) ||
	       weft_fail(error, INVALID_INPUT,
		       "listen: beyond loopback the tenants' networks would travel in clear; give tls-cert and tls-key, or allow-plain-http = true");
}

static bool read_all(GKeyFile *file, struct router_settings *settings, GError **error)
{
	settings->allow_plain_http = g_key_file_get_boolean(file, GROUP, "allow-plain-http", NULL);
	settings->tls_cert = get(file, "tls-cert", NULL);
	settings->tls_key = get(file, "tls-key", NULL);
	settings->ca_file = get(file, "ca-file", NULL);
	settings->state_dir = get(file, "state-dir", "/var/lib/weft-virtual-router");
	settings->run_dir = get(file, "run-dir", "/run/weft/appliance");
	settings->forwarders = g_array_new(FALSE, FALSE, sizeof(struct ip));
	return need(file, "listen", "an address and a port, such as 192.0.2.11:9798",
		       &settings->listen, error) &&
	       check_clear(settings, error) &&
	       read_secret(file, "secret-file", SECRET_MIN, &settings->secret, error) &&
	       need(file, "controller", "weftd's URL", &settings->controller, error) &&
	       read_secret(file, "token-file", 1, &settings->token, error) &&
	       need(file, "host", "this host's name at weftd", &settings->host, error) &&
	       read_network(file, "management-network", &settings->management_network, error) &&
	       (settings->management_network ||
		       weft_fail(error, INVALID_INPUT,
			       "management-network: must be the id of the network of the management NICs")) &&
	       read_network(file, "public-network", &settings->public_network, error) &&
	       read_limit(file, "cpu-percent", &settings->cpu_percent, error) &&
	       read_limit(file, "memory-mib", &settings->memory_mib, error) &&
	       read_forwarders(file, settings->forwarders, error);
}

struct router_settings *router_settings_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(router_settings) settings = g_new0(struct router_settings, 1);

	if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) &&
		check_keys(file, error) && read_all(file, settings, error))
		return g_steal_pointer(&settings);
	g_prefix_error(error, "%s: ", path);
	return NULL;
}

void router_settings_free(struct router_settings *settings)
{
	char *const texts[] = { settings->listen, settings->tls_cert, settings->tls_key,
		settings->secret, settings->controller, settings->token, settings->ca_file,
		settings->host, settings->state_dir, settings->run_dir,
		settings->management_network, settings->public_network };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	if (settings->forwarders)
		g_array_unref(settings->forwarders);
	g_free(settings);
}
