/* SPDX-License-Identifier: Apache-2.0 */
/* The group [providers], and [provider NAME] for each that is behind a URL. */
#include <string.h>

#include "controller/config_impl.h"
#include "controller/provider/message.h"

#define GROUP "providers"
#define CALL_TIMEOUT_S 10
#define RECONCILE_S 300
#define TAKEOVER_S 30
#define DAY_S 86400
#define SECRET_MIN 16

const char *const config_webhook_keys[] = { "type", "url", "secret-file", "services", "timeout",
	NULL };

static bool check_keys(const struct config_reader *reader, GError **error)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(known, g_strdup("folder"));
	g_ptr_array_add(known, g_strdup("call-timeout"));
	g_ptr_array_add(known, g_strdup("reconcile-interval"));
	g_ptr_array_add(known, g_strdup("appliance-takeover"));
	for (unsigned i = 0; i < N_SERVICES; i++)
		if ((NETWORK_SERVICES | ROUTER_SERVICES) & SERVICE_BIT(i))
			g_ptr_array_add(known, g_strconcat("default-", service_name(i), NULL));
	g_ptr_array_add(known, NULL);
	return !g_key_file_has_group(reader->file, GROUP) ||
	       config_check_keys(reader, GROUP, (const char *const *)known->pdata, error);
}

static bool is_local(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "::1") ||
	       (g_hostname_is_ip_address(host) && g_str_has_prefix(host, "127."));
}

static bool read_url(const struct config_reader *reader, const char *group, bool plain_allowed,
	struct config_webhook *webhook, GError **error)
{
	g_autoptr(GUri) uri = NULL;
	const char *scheme;
	bool plain;

	webhook->url = config_text(reader, group, "url", "");
	uri = g_uri_parse(webhook->url, G_URI_FLAGS_NONE, NULL);
	scheme = uri ? g_uri_get_scheme(uri) : "";
	plain = !strcmp(scheme, "http");
	if ((!plain && strcmp(scheme, "https")) || !g_uri_get_host(uri) || !*g_uri_get_host(uri))
		return weft_fail(error, INVALID_INPUT,
			"%s: [%s] url = %s: give the vendor's URL, like https://vendor.example.org/weft",
			reader->path, group, webhook->url);
	return !plain || plain_allowed || is_local(g_uri_get_host(uri)) ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: [%s] url = %s: beyond loopback, the tenants' networks would travel in clear; give an https URL, or allow-plain-http = true in [weftd]",
		       reader->path, group, webhook->url);
}

static bool read_secret(const struct config_reader *reader, const char *group,
	struct config_webhook *webhook, GError **error)
{
	g_autofree char *path = config_text(reader, group, "secret-file", NULL);
	g_autoptr(GError) reason = NULL;

	if (!path)
		return weft_fail(error, INVALID_INPUT,
			"%s: [%s] has no secret-file: the file with the secret that its requests are signed with",
			reader->path, group);
	if (!g_file_get_contents(path, &webhook->secret, NULL, &reason))
		return weft_fail(error, INVALID_INPUT, "%s: [%s] secret-file = %s: %s",
			reader->path, group, path, reason->message);
	g_strstrip(webhook->secret);
	return strlen(webhook->secret) >= SECRET_MIN ||
	       weft_fail(error, INVALID_INPUT,
		       "%s: [%s] secret-file = %s: the secret has fewer than %d bytes",
		       reader->path, group, path, SECRET_MIN);
}

static bool read_services(const struct config_reader *reader, const char *group,
	struct config_webhook *webhook, GError **error)
{
	g_autofree char *text = config_text(reader, group, "services", "");
	g_auto(GStrv) names = g_strsplit_set(text, ", ;", -1);
	json_t *list = json_array();
	bool ok;

	for (char **name = names; *name; name++)
		if (**name)
			json_array_append_new(list, json_string(*name));
	ok = provider_services_parse(list, &webhook->services, error);
	json_decref(list);
	if (!ok)
		g_prefix_error(error, "%s: [%s] services = %s: ", reader->path, group, text);
	return ok;
}

static void free_webhook(gpointer data)
{
	struct config_webhook *webhook = data;

	if (webhook->secret)
		explicit_bzero(webhook->secret, strlen(webhook->secret));
	g_free(webhook->secret);
	g_free(webhook->name);
	g_free(webhook->url);
	g_free(webhook);
}

static bool read_webhook(const struct config_reader *reader, const char *group, bool plain_allowed,
	struct config_providers *providers, GError **error)
{
	struct config_webhook *webhook = g_new0(struct config_webhook, 1);
	g_autofree char *type = config_text(reader, group, "type", "");

	g_ptr_array_add(providers->webhooks, webhook);
	webhook->name = g_strdup(group + strlen(CONFIG_PROVIDER_GROUP));
	if (!provider_name_check(webhook->name, error)) {
		g_prefix_error(error, "%s: [%s]: ", reader->path, group);
		return false;
	}
	if (strcmp(type, "webhook"))
		return weft_fail(error, INVALID_INPUT,
			"%s: [%s] type = %s: give webhook; a plug-in needs no group, it lies in the folder of [providers]",
			reader->path, group, type);
	return read_url(reader, group, plain_allowed, webhook, error) &&
	       read_secret(reader, group, webhook, error) &&
	       read_services(reader, group, webhook, error) &&
	       config_number(reader, group, "timeout", CALL_TIMEOUT_S, 1, 600, &webhook->timeout_s,
		       error);
}

static bool read_webhooks(const struct config_reader *reader, bool plain_allowed,
	struct config_providers *providers, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(reader->file, NULL);

	for (char **group = groups; *group; group++)
		if (g_str_has_prefix(*group, CONFIG_PROVIDER_GROUP) &&
			!read_webhook(reader, *group, plain_allowed, providers, error))
			return false;
	return true;
}

bool config_providers_read(const struct config_reader *reader, bool plain_allowed,
	struct config_providers *providers, GError **error)
{
	providers->webhooks = g_ptr_array_new_with_free_func(free_webhook);
	providers->folder = config_text(reader, GROUP, "folder", NULL);
	for (unsigned i = 0; i < N_SERVICES; i++) {
		g_autofree char *key = g_strconcat("default-", service_name(i), NULL);

		providers->defaults[i] = config_text(reader, GROUP, key, NULL);
	}
	return check_keys(reader, error) &&
	       config_number(reader, GROUP, "call-timeout", CALL_TIMEOUT_S, 1, 600,
		       &providers->call_timeout_s, error) &&
	       config_number(reader, GROUP, "reconcile-interval", RECONCILE_S, 1, DAY_S,
		       &providers->reconcile_s, error) &&
	       config_number(reader, GROUP, "appliance-takeover", TAKEOVER_S, 1, DAY_S,
		       &providers->takeover_s, error) &&
	       read_webhooks(reader, plain_allowed, providers, error);
}

void config_providers_clear(struct config_providers *providers)
{
	for (unsigned i = 0; i < N_SERVICES; i++)
		g_free(providers->defaults[i]);
	g_free(providers->folder);
	g_clear_pointer(&providers->webhooks, g_ptr_array_unref);
}
