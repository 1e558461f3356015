/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "controller/config.h"

static struct config *load(const char *text, GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("weft-config-XXXXXX", &path, NULL);
	struct config *config;

	assert_true(fd >= 0);
	g_close(fd, NULL);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	config = config_load(path, error);
	g_unlink(path);
	return config;
}

static void test_defaults(void **state)
{
	g_autoptr(config) config = load("[tokens]\ntop-secret = admin : admin\n", NULL);
	const struct config_token *token;

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->listen[0], "127.0.0.1:9696");
	assert_string_equal(config->store, "sqlite:/var/lib/weft/weft.db");
	assert_int_equal(config->underlay_mtu, 1500);
	assert_false(config->snat_centralized);
	token = &g_array_index(config->tokens, struct config_token, 0);
	assert_string_equal(token->token, "top-secret");
	assert_string_equal(token->project_id, "admin");
	assert_int_equal(token->role, CALLER_ADMIN);
}

static void test_everything(void **state)
{
	g_autoptr(config) config = load("[weftd]\n"
					"listen = 127.0.0.1:1; [::1]:2\n"
					"store = memory:\n"
					"underlay-mtu = 9000\n"
					"snat = centralized\n"
					"max-connections = 100\n"
					"[tokens]\n"
					"aaaaaaaa = p:1:member\n"
					"bbbbbbbb = p2:reader\n",
		NULL);

	(void)state;
	assert_non_null(config);
	assert_int_equal(g_strv_length(config->listen), 2);
	assert_string_equal(config->listen[1], "[::1]:2");
	assert_int_equal(config->underlay_mtu, 9000);
	assert_true(config->snat_centralized);
	assert_int_equal(config->connections_max, 100);
	assert_int_equal(config->tokens->len, 2);
	assert_string_equal(
		g_array_index(config->tokens, struct config_token, 0).project_id, "p:1");
}

#define KEYSTONE(text) "[weftd]\nauth = keystone\n[keystone]\n" text

static void test_keystone(void **state)
{
	g_autoptr(config) config =
		load(KEYSTONE("url = https://[2001:db8::1]:5000/identity/\nusername = weft\n"
			      "password = a b\nproject = net\n"),
			NULL);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->keystone->url, "https://[2001:db8::1]:5000/identity/v3");
	assert_string_equal(config->keystone->www_authenticate_uri, config->keystone->url);
	assert_string_equal(config->keystone->password, "a b");
	assert_string_equal(config->keystone->project, "net");
	assert_string_equal(config->keystone->project_domain, "Default");
	assert_int_equal(config->keystone->cache_s, 60);
}

/* Each is refused with a word that says what is wrong, and no token is in the message. */
static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "no token" },
		{ "[weftd]\nlisten = 127.0.0.1:1\n", "no token" },
		{ "[weftd]\nlissten = x\n[tokens]\nzzzzzzzz = a:admin\n", "no key 'lissten'" },
		{ "[other]\n[tokens]\nzzzzzzzz = a:admin\n", "no group [other]" },
		{ "[weftd]\nunderlay-mtu = 100\n[tokens]\nzzzzzzzz = a:admin\n", "from 1280" },
		{ "[weftd]\nunderlay-mtu = 1500x\n[tokens]\nzzzzzzzz = a:admin\n", "from 1280" },
		{ "[weftd]\nlisten = :9696\n[tokens]\nzzzzzzzz = a:admin\n", "in clear" },
		{ "[weftd]\nallow-plain-http = yes\n[tokens]\nzzzzzzzz = a:admin\n",
			"true or false" },
		{ "[weftd]\nsnat = on\n[tokens]\nzzzzzzzz = a:admin\n", "give distributed" },
		{ "[weftd]\ntls-cert = /x\n[tokens]\nzzzzzzzz = a:admin\n", "tls-key" },
		{ "[tokens]\nzzzzzzzz = admin\n", "PROJECT:ROLE" },
		{ "[tokens]\nzzzzzzzz = a:root\n", "PROJECT:ROLE" },
		{ "[tokens]\nzzz = a:admin\n", "shorter" },
		{ "[weftd]\nauth = ldap\n[tokens]\nzzzzzzzz = a:admin\n",
			"tokens, identity or keystone" },
		{ "[weftd]\nauth = keystone\n[identity]\n",
			"a group [identity] and no group [keystone]" },
		{ "[keystone]\nurl = http://localhost\n", "auth = tokens" },
		{ KEYSTONE("url = ftp://h\n"), "https://keystone" },
		{ KEYSTONE("url = http://192.0.2.1:5000\n"), "in clear" },
		{ KEYSTONE("url = https://h\n"), "username" },
		{ KEYSTONE("url = https://h\nusername = u\n"),
			"one of password and password-file" },
		{ KEYSTONE("url = https://h\nusername = u\npassword-file = /nonexistent\n"),
			"/nonexistent" },
		{ KEYSTONE("url = https://h\nusername = u\npassword = zzz\ncache-time = 301\n"),
			"from 1 to 300" },
		{ KEYSTONE("insecure = true\n"), "no key 'insecure'" },
		{ "[notify]\n[tokens]\nzzzzzzzz = a:admin\n", "no url" },
		{ "[notify]\nurl = http://x/\nurls = y\n[tokens]\nzzzzzzzz = a:admin\n",
			"no key 'urls'" },
		{ "garbage\n", "can't read" },
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(load(bad[i].text, &error));
		if (!strstr(error->message, bad[i].says))
			fail_msg("'%s' does not say '%s'", error->message, bad[i].says);
		assert_null(strstr(error->message, "zzz"));
	}
}

static void test_plain_http_when_told(void **state)
{
	g_autoptr(config) config = load("[weftd]\nlisten = :9696\nallow-plain-http = true\n"
					"[tokens]\nzzzzzzzz = a:admin\n",
		NULL);

	(void)state;
	assert_non_null(config);
}

static void test_missing_file(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(config_load("/nonexistent/weftd.conf", &error));
	assert_non_null(strstr(error->message, "/nonexistent/weftd.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_keystone),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_plain_http_when_told),
		cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
