/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/config.h"

static bool load(const char *text, struct config **ret, GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("config-XXXXXX", &path, NULL);
	bool loaded;

	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	loaded = config_load(path, ret, error);
	unlink(path);
	return loaded;
}

static void reads_what_is_written(void **state)
{
	const struct config_mapping *mapping;
	struct config *config;

	(void)state;
	assert_true(load(
		"[agent]\nhost = h1\ncontroller = https://10.0.0.1:9696/ ; http://[::1]:9696\n"
		"uplinks=eth0; eth1;\ntunnel-ips = 192.0.2.1;2001:db8::1\nmetrics-port=9100\nuplink-kbps=10000000\n"
		"bridge-mappings = public:eth1, phys-2 : bond0.7 ,\n"
		"connections-per-port = 5000\nhalf-open-per-port=100\nconnections-per-project=20000\n"
		"translations-per-project=3000\n"
		"resolv-conf = /etc/weft/resolv.conf\n",
		&config, NULL));
	assert_string_equal(config->host, "h1");
	assert_string_equal(config->controllers[0], "https://10.0.0.1:9696");
	assert_string_equal(config->controllers[1], "http://[::1]:9696");
	assert_null(config->controllers[2]);
	assert_string_equal(config->uplinks[1], "eth1");
	assert_null(config->uplinks[2]);
	assert_int_equal(config->tunnel_ip6.family, 6);
	assert_int_equal(config->metrics_port, 9100);
	assert_int_equal(config->uplink_kbps, 10000000);
	assert_int_equal(config->connections_per_port, 5000);
	assert_int_equal(config->half_open_per_port, 100);
	assert_int_equal(config->connections_per_project, 20000);
	assert_int_equal(config->translations_per_project, 3000);
	assert_int_equal(config->bridge_mappings->len, 2);
	mapping = &g_array_index(config->bridge_mappings, struct config_mapping, 1);
	assert_string_equal(mapping->physical_network, "phys-2");
	assert_string_equal(mapping->device, "bond0.7");
	assert_string_equal(config->state_dir, "/var/lib/weft-agent");
	assert_string_equal(config->resolv_conf, "/etc/weft/resolv.conf");
	config_free(config);
}

static void refusals_name_the_key(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "agent" },
		{ "[agent]\n", "host" },
		{ "[agent]\nhost=h1\ncontroler=http://a\n", "controler" },
		{ "[agent]\nhost=h1\n[other]\n", "[other]" },
		{ "[agent]\nhost=h1\n[network_log]\nrate=1\n", "\"rate\" is not" },
		{ "[agent]\nhost=h1\n[network_log]\nrate_limit=0\n", "rate_limit" },
		{ "[agent]\nhost=h1\n[network_log]\nburst_limit=x\n", "burst_limit" },
		{ "[agent]\nhost=h1\n[network_log]\njournal=maybe\n", "journal" },
		{ "[agent]\nhost=h1\ncontroller=10.0.0.1:9696\n", "controller" },
		{ "[agent]\nhost=h1\ntunnel-ips=192.0.2.1;192.0.2.2\n", "tunnel-ips" },
		{ "[agent]\nhost=h1\ntunnel-ips=eth0\n", "tunnel-ips" },
		{ "[agent]\nhost=h1\nmetrics-port=x\n", "metrics-port" },
		{ "[agent]\nhost=h1\nuplink-kbps=10G\n", "uplink-kbps" },
		{ "[agent]\nhost=h1\nhalf-open-per-port=-1\n", "half-open-per-port" },
		{ "[agent]\nhost=h1\nbridge-mappings=public\n", "\"public\" must be" },
		{ "[agent]\nhost=h1\nbridge-mappings=a:b:c\n", "\"a:b:c\" must be" },
		{ "[agent]\nhost=h1\nbridge-mappings=:eth1\n", "\":eth1\" must be" },
		{ "[agent]\nhost=h1\nbridge-mappings=a:a-long-device-name\n", "must be" },
		{ "[agent]\nhost=h1\nbridge-mappings=a:eth1,a:eth2\n", "\"a\" is mapped twice" },
		{ "[agent]\nhost=h1\nbridge-mappings=a:eth1,b:eth1\n", "both a and b" },
		{ "[agent]\nhost=h1\nappliance-accelerator=xen\n", "\"xen\" must be kvm or tcg" },
		{ "[agent]\nhost=h1\ncredential-file=/nonexistent\n", "credential-file" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct config *config;

		assert_false(load(bad[i].text, &config, &error));
		if (!strstr(error->message, bad[i].says))
			fail_msg("\"%s\" does not name %s", error->message, bad[i].says);
	}
}

static void a_credential_is_for_its_owner_only(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("credential-XXXXXX", &path, NULL);
	struct config *config;

	(void)state;
	assert_int_equal(write(fd, "s3cret\n", 7), 7);
	g_autofree char *text = g_strdup_printf("[agent]\nhost=h1\ncredential-file=%s\n", path);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_false(load(text, &config, &error));
	assert_non_null(strstr(error->message, "chmod 600"));
	assert_null(strstr(error->message, "s3cret"));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_true(load(text, &config, NULL));
	assert_string_equal(config->credential, "s3cret");
	config_free(config);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_written),
		cmocka_unit_test(refusals_name_the_key),
		cmocka_unit_test(a_credential_is_for_its_owner_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
