/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/description.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/document/test_document.h"

#define NIC(name, device) "{\"name\":\"" name "\",\"device\":\"" device "\"}"
#define NICS                                                                                       \
	NIC("mgmt", "a-mgmt")                                                                      \
	"," NIC("public", "a-public") ",{\"name\":\"guest0\",\"device\":\"a-guest0\",\"port_id\":" \
				      "\"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0009\"}"
#define OF(size, nics) "{" size "\"nics\":[" nics "],\"config\":" TEST_WHOLE "}"

static struct description *parse(const char *text, GError **error)
{
	return description_parse(text, strlen(text), error);
}

static void test_whole(void **state)
{
	g_autoptr(description) description =
		parse(OF("\"cpu_percent\":50,\"memory_mib\":128,", NICS), NULL);
	const struct description_nic *nic;

	(void)state;
	assert_non_null(description);
	assert_int_equal(description->cpu_percent, 50);
	assert_int_equal(description->memory_mib, 128);
	nic = &g_array_index(description->nics, struct description_nic, 2);
	assert_string_equal(nic->device, "a-guest0");
	assert_string_equal(nic->port, "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0009");
	assert_int_equal(nic->mac.b[5], 3);
}

static void test_same_machine(void **state)
{
	g_autoptr(description) a = parse(OF("", NICS), NULL);
	g_autoptr(description) b = parse(OF("", NICS), NULL);
	g_autoptr(description) larger = parse(OF("\"memory_mib\":256,", NICS), NULL);
	g_autoptr(description) wider = parse(OF("\"vcpus\":2,", NICS), NULL);

	(void)state;
	assert_true(description_same_machine(a, b));
	assert_false(description_same_machine(a, larger));
	assert_false(description_same_machine(a, wider));
}

static const struct {
	const char *text, *says;
} refused[] = {
	{ "", "no JSON" },
	{ "{\"nics\":[]}", "config: must be" },
	{ OF("", ""), "nics: mgmt of the configuration's interfaces is missing" },
	{ OF("", NICS "," NIC("more", "a-more")), "nics[3].name: \"more\" is no interface" },
	{ OF("", NIC("mgmt", "a") "," NIC("public", "a") "," NIC("guest0", "b")),
		"nics[1].device: a is given twice" },
	{ OF("", NIC("mgmt", "lo")), "device: \"lo\"" },
	{ OF("\"memory_mib\":1,", NICS), "memory_mib: must be a number from 32" },
	{ OF("\"images\":\"x\",", NICS), "\"images\" is not known here" },
	{ OF("\"image\":\"x\",", NICS), "image: must be the absolute path" },
	{ OF("\"image\":\"/x,y\",", NICS), "without commas" },
	{ OF("\"accelerator\":\"xen\",", NICS), "accelerator: must be" },
	{ OF("\"vcpus\":65,", NICS), "vcpus: must be a number from 1 to 64" },
	{ OF("\"start_timeout_s\":0,", NICS), "start_timeout_s: must be a number from 1" },
	{ OF("", "{\"name\":\"mgmt\",\"device\":\"a\",\"pci_address\":\"0000:3b:02.1\"}"),
		"pci_address: with it there is no device here" },
	{ OF("", "{\"name\":\"mgmt\",\"pci_address\":\"3b:02.1\"}"), "as lspci -D says it" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(parse(refused[i].text, &error));
		if (!strstr(error->message, refused[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error->message, refused[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_same_machine),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
