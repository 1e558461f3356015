/* SPDX-License-Identifier: Apache-2.0 */
/* From a command line to a request's body, by the kinds' tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/attribute.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/subnet.h"

/* Instead of the controller: an id that shows what was asked. */
static char *fake_resolve(void *data, const struct kind *kind, const char *text, GError **error)
{
	(void)data;
	if (!strcmp(text, "nowhere")) {
		weft_fail(error, NOT_FOUND, "there is no %s '%s'", kind->singular, text);
		return NULL;
	}
	return g_strdup_printf("<%s %s>", kind->singular, text);
}

/* Parses the words behind the command; the command's first words say which. */
static bool parse(struct cli *cli, const char *line, GError **error)
{
	g_auto(GStrv) words = NULL;
	unsigned used;

	assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
	const struct command *command = command_find(words, &used);

	assert_non_null(command);
	return cli_parse(cli, command, words + used, error);
}

static void expect_body(
	const char *line, const struct kind *kind, enum attribute_use use, const char *wanted)
{
	struct cli cli = { 0 };
	json_t *body = json_object();

	assert_true(parse(&cli, line, NULL));
	assert_true(attribute_body(&cli, kind, use, fake_resolve, NULL, body, NULL));
	char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(body);
	cli_clear(&cli);
}

static void test_port_is_made_of_options(void **state)
{
	(void)state;
	expect_body(
		"port create p --network n --fixed-ip subnet=s,ip-address=10.0.0.5 --fixed-ip ip-address=::5 --host h1",
		&port_kind, ATTRIBUTE_CREATE,
		"{\"binding:host_id\":\"h1\",\"fixed_ips\":[{\"ip_address\":\"10.0.0.5\",\"subnet_id\":\"<subnet s>\"},"
		"{\"ip_address\":\"::5\"}],\"network_id\":\"<network n>\"}");
	expect_body(
		"port create --allowed-address ip-address=10.0.0.0/8 --extra-dhcp-option name=mtu,value=1300,ip-version=4",
		&port_kind, ATTRIBUTE_CREATE,
		"{\"allowed_address_pairs\":[{\"ip_address\":\"10.0.0.0/8\"}],\"extra_dhcp_opts\":[{\"ip_version\":4,"
		"\"opt_name\":\"mtu\",\"opt_value\":\"1300\"}]}");
}

static void test_switches_have_both_spellings(void **state)
{
	(void)state;
	expect_body("port set p --disable --no-port-security", &port_kind, ATTRIBUTE_SET,
		"{\"admin_state_up\":false,\"port_security_enabled\":false}");
	expect_body("port set p --enable-port-security --admin-state-up", &port_kind, ATTRIBUTE_SET,
		"{\"admin_state_up\":true,\"port_security_enabled\":true}");
	expect_body("network create n --external --share --mtu 1400", &network_kind,
		ATTRIBUTE_CREATE, "{\"mtu\":1400,\"router:external\":true,\"shared\":true}");
}

static void test_values_can_be_taken_back(void **state)
{
	(void)state;
	expect_body("port set p --no-fixed-ip --no-allowed-address", &port_kind, ATTRIBUTE_SET,
		"{\"allowed_address_pairs\":[],\"fixed_ips\":[]}");
	expect_body(
		"subnet set s --no-gateway", &subnet_kind, ATTRIBUTE_SET, "{\"gateway_ip\":null}");
	expect_body(
		"subnet create s --network n --subnet-range 10.0.0.0/24 --gateway none --no-dhcp "
		"--host-route destination=10.1.0.0/16,gateway=10.0.0.9",
		&subnet_kind, ATTRIBUTE_CREATE,
		"{\"cidr\":\"10.0.0.0/24\",\"enable_dhcp\":false,\"gateway_ip\":null,\"host_routes\":[{\"destination\":"
		"\"10.1.0.0/16\",\"nexthop\":\"10.0.0.9\"}],\"network_id\":\"<network n>\"}");
}

static void expect_refused(const char *line, const char *message)
{
	struct cli cli = { 0 };
	g_autoptr(GError) error = NULL;
	json_t *body = json_object();

	assert_false(parse(&cli, line, &error) && attribute_body(&cli, &port_kind, ATTRIBUTE_CREATE,
							  fake_resolve, NULL, body, &error));
	assert_string_equal(error->message, message);
	json_decref(body);
	cli_clear(&cli);
}

static void test_wrong_options_are_refused_with_what_is_right(void **state)
{
	(void)state;
	expect_refused("port create --network nowhere", "there is no network 'nowhere'");
	expect_refused("port create --fixed-ip colour=red",
		"--fixed-ip colour=red: 'colour' is not known here; wanted is subnet=…,ip-address=…");
	expect_refused("port create --vnic-type cable",
		"--vnic-type cable: must be one of normal, direct, direct-physical, macvtap, baremetal, virtio-forwarder, "
		"smart-nic, vdpa, accelerator-direct, accelerator-direct-physical, remote-managed");
	expect_refused("port create --extra-dhcp-option name=a,ip-version=six",
		"--extra-dhcp-option six: must be a number");
	expect_refused(
		"port create a b", "'b' is one argument too many; wanted: weft port create [NAME]");
	expect_refused("port create --host a --host b", "--host is given twice; once is enough");
	expect_refused(
		"port create --binding-profile {", "--binding-profile {: this is no JSON object");
	expect_refused("port create --port-security --no-port-security",
		"--port-security and --no-port-security exclude each other");
}

static void test_filters_become_a_query(void **state)
{
	struct cli cli = { 0 };

	(void)state;
	assert_true(parse(&cli,
		"port list --network n --network m --status ACTIVE --no-port-security "
		"--fixed-ip ip-address=10.0.0.5 --name 'a b&c'",
		NULL));
	g_autofree char *query = attribute_query(&cli, &port_kind, fake_resolve, NULL, NULL);

	assert_string_equal(query,
		"?name=a%20b%26c&network_id=%3Cnetwork%20n%3E&network_id=%3Cnetwork%20m%3E&fixed_ips=ip_address%3D10.0.0.5"
		"&port_security_enabled=false&status=ACTIVE");
	cli_clear(&cli);
}

static void test_every_command_has_what_help_needs(void **state)
{
	(void)state;
	for (const struct command *const *c = commands_all(); *c; c++) {
		unsigned used;
		g_auto(GStrv) words = g_strsplit((*c)->words, " ", 0);

		assert_ptr_equal(command_find(words, &used), *c);
		assert_non_null((*c)->run);
		assert_true(
			(*c)->summary && *(*c)->summary && !g_str_has_suffix((*c)->summary, "."));
		for (unsigned set = 0; set < MAX_OPTION_SETS && (*c)->options[set]; set++)
			for (const struct option *o = (*c)->options[set]; o->name; o++)
				assert_true(o->doc && *o->doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_is_made_of_options),
		cmocka_unit_test(test_switches_have_both_spellings),
		cmocka_unit_test(test_values_can_be_taken_back),
		cmocka_unit_test(test_wrong_options_are_refused_with_what_is_right),
		cmocka_unit_test(test_filters_become_a_query),
		cmocka_unit_test(test_every_command_has_what_help_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
