/* SPDX-License-Identifier: Apache-2.0 */
/* The group [keystone]. */
#include <string.h>

#include "controller/config_impl.h"

#define CACHE_DEFAULT_S 60
#define CACHE_MAX_S 300
#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_MAX_S 60

const char *const config_keystone_keys[] = { "url", "www-authenticate-uri", "username", "password",
	"password-file", "user-domain", "project", "project-domain", "ca-file", "cache-time",
	"timeout", NULL };

static char *read_text(const struct config_reader *reader, const char *key, const char *fallback)
{
	return config_text(reader, "keystone", key, fallback);
}

static bool is_local(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "::1") ||
	       (g_hostname_is_ip_address(host) && g_str_has_prefix(host, "127."));
}

/* Of Keystone itself, or of its version 3: what is asked is below /v3. */
static char *read_url(const struct config_reader *reader, bool plain_allowed, GError **error)
{
	g_autofree char *text = read_text(reader, "url", "");
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	bool plain = !strcmp(scheme, "http");

	if ((!plain && strcmp(scheme, "https")) || !*g_uri_get_host(uri) || g_uri_get_query(uri) ||
		g_uri_get_fragment(uri)) {
		weft_fail(error, INVALID_INPUT,
			"%s: [keystone] url = %s: give Keystone's URL, like https://keystone.example.org:5000/v3",
			reader->path, text);
		return NULL;
	}
	if (plain && !plain_allowed && !is_local(g_uri_get_host(uri))) {
		weft_fail(error, INVALID_INPUT,
			"%s: [keystone] url = %s: beyond loopback, passwords and tokens would travel in clear; give an https URL, or allow-plain-http = true in [weftd]",
			reader->path, text);
		return NULL;
	}
	while (g_str_has_suffix(text, "/"))
		text[strlen(text) - 1] = '\0';
	return g_str_has_suffix(text, "/v3") ? g_steal_pointer(&text)
					     : g_strconcat(text, "/v3", NULL);
}

static char *read_password(const struct config_reader *reader, GError **error)
{
	g_autofree char *password = read_text(reader, "password", NULL);
	g_autofree char *path = read_text(reader, "password-file", NULL);
	g_autofree char *text = NULL;

	if (!password == !path) {
		weft_fail(error, INVALID_INPUT,
			"%s: [keystone] needs one of password and password-file", reader->path);
		return NULL;
	}
	if (password)
		return g_steal_pointer(&password);
	if (!g_file_get_contents(path, &text, NULL, error)) {
		g_prefix_error(error, "%s: [keystone] password-file: ", reader->path);
		return NULL;
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (*text)
		return g_steal_pointer(&text);
	weft_fail(error, INVALID_INPUT,
		"%s: [keystone] password-file = %s: its first line is empty", reader->path, path);
	return NULL;
}

static bool fill(const struct config_reader *reader, bool plain_allowed,
	struct config_keystone *keystone, GError **error)
{
	keystone->url = read_url(reader, plain_allowed, error);
	if (!keystone->url)
		return false;
	keystone->www_authenticate_uri = read_text(reader, "www-authenticate-uri", keystone->url);
	keystone->username = read_text(reader, "username", NULL);
	keystone->user_domain = read_text(reader, "user-domain", "Default");
	keystone->project = read_text(reader, "project", "service");
	keystone->project_domain = read_text(reader, "project-domain", "Default");
	keystone->ca_file = read_text(reader, "ca-file", NULL);
	if (!keystone->username)
		return weft_fail(error, INVALID_INPUT,
			"%s: [keystone] needs username, of a user with the role service in a project",
			reader->path);
	keystone->password = read_password(reader, error);
	return keystone->password &&
	       config_number(reader, "keystone", "cache-time", CACHE_DEFAULT_S, 1, CACHE_MAX_S,
		       &keystone->cache_s, error) &&
	       config_number(reader, "keystone", "timeout", TIMEOUT_DEFAULT_S, 1, TIMEOUT_MAX_S,
		       &keystone->timeout_s, error);
}

struct config_keystone *config_keystone_read(
	const struct config_reader *reader, bool plain_allowed, GError **error)
{
	struct config_keystone *keystone = g_new0(struct config_keystone, 1);

	if (fill(reader, plain_allowed, keystone, error))
		return keystone;
	config_keystone_free(keystone);
	return NULL;
}

void config_keystone_free(struct config_keystone *keystone)
{
	if (!keystone)
		return;
	if (keystone->password)
		explicit_bzero(keystone->password, strlen(keystone->password));
	g_free(keystone->password);
	g_free(keystone->url);
	g_free(keystone->www_authenticate_uri);
	g_free(keystone->username);
	g_free(keystone->user_domain);
	g_free(keystone->project);
	g_free(keystone->project_domain);
	g_free(keystone->ca_file);
	g_free(keystone);
}
