/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Z39, against a folder that looks like /sys as far as it is read and written: there is no card
 * with virtual functions to try it on, so what a driver does is not tested here, but what the
 * kernel is asked for.
 */
#include "appliance/runtime/pci.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PHYSICAL "0000:3b:00.0"
#define VIRTUAL "0000:3b:02.1"
#define OTHER "0000:3b:02.2"

static char *path_of(const char *sysfs, const char *rest)
{
	return g_build_filename(sysfs, "bus/pci", rest, NULL);
}

static void folder(const char *sysfs, const char *rest)
{
	g_autofree char *path = path_of(sysfs, rest);

	assert_return_code(g_mkdir_with_parents(path, 0755), 0);
}

static void put(const char *sysfs, const char *rest)
{
	g_autofree char *path = path_of(sysfs, rest);

	assert_true(g_file_set_contents(path, "", -1, NULL));
}

static void link_to(const char *sysfs, const char *rest, const char *target)
{
	g_autofree char *path = path_of(sysfs, rest);

	unlink(path);
	assert_return_code(symlink(target, path), 0);
}

/* What was written there, from the start: a file of the kernel's has no end. */
static void assert_written(const char *sysfs, const char *rest, const char *text)
{
	g_autofree char *path = path_of(sysfs, rest), *now = NULL;

	assert_true(g_file_get_contents(path, &now, NULL, NULL));
	assert_string_equal(now, text);
}

static int make_tree(void **state)
{
	char *sysfs = g_dir_make_tmp("sysfs-XXXXXX", NULL);

	folder(sysfs, "devices/" PHYSICAL "/net/ens1f0");
	folder(sysfs, "devices/" VIRTUAL "/net/ens1f0v1");
	folder(sysfs, "devices/" OTHER);
	folder(sysfs, "drivers/iavf");
	folder(sysfs, "drivers/vfio-pci");
	link_to(sysfs, "devices/" PHYSICAL "/virtfn0", "../" OTHER);
	link_to(sysfs, "devices/" PHYSICAL "/virtfn12", "../" VIRTUAL);
	link_to(sysfs, "devices/" VIRTUAL "/physfn", "../" PHYSICAL);
	link_to(sysfs, "devices/" VIRTUAL "/driver", "../../drivers/iavf");
	link_to(sysfs, "devices/" VIRTUAL "/iommu_group", "../../../../kernel/iommu_groups/47");
	put(sysfs, "drivers_probe");
	put(sysfs, "drivers/iavf/unbind");
	put(sysfs, "drivers/vfio-pci/unbind");
	put(sysfs, "devices/" VIRTUAL "/driver_override");
	put(sysfs, "devices/" OTHER "/driver_override");
	*state = sysfs;
	return 0;
}

static int remove_tree(void **state)
{
	g_autofree char *command = g_strdup_printf("rm -r %s", (char *)*state);

	g_free(*state);
	return !g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
}

static void assert_fails(bool ok, GError **error, const char *says)
{
	assert_false(ok);
	if (!strstr((*error)->message, says))
		fail_msg("\"%s\" does not say \"%s\"", (*error)->message, says);
	g_clear_error(error);
}

static void test_net_device(void **state)
{
	const char *sysfs = *state;
	g_autofree char *device = pci_net_device(sysfs, VIRTUAL, NULL);
	GError *error = NULL;

	assert_string_equal(device, "ens1f0v1");
	assert_fails(pci_net_device(sysfs, OTHER, &error), &error, "has no network device");
	assert_fails(
		pci_net_device(sysfs, "0000:00:1f.7", &error), &error, "there is no PCI function");
}

static void test_mac(void **state)
{
	const char *sysfs = *state;
	const struct mac mac = { { 0xfa, 0x16, 0x3e, 0, 0, 1 } };
	GError *error = NULL;
	g_auto(GStrv) argv = pci_mac_command(sysfs, VIRTUAL, &mac, &error);
	g_autofree char *line = g_strjoinv(" ", argv);

	assert_string_equal(line, "ip link set dev ens1f0 vf 12 mac fa:16:3e:00:00:01");
	assert_fails(
		pci_mac_command(sysfs, PHYSICAL, &mac, &error), &error, "is no virtual function");
}

static void test_take(void **state)
{
	const char *sysfs = *state;
	unsigned group = 0;
	GError *error = NULL;

	/* The kernel, asked to, does not bind it: vfio-pci is not loaded. */
	assert_fails(pci_take(sysfs, VIRTUAL, &group, &error), &error,
		"driven by iavf, not by vfio-pci");
	assert_written(sysfs, "drivers/iavf/unbind", VIRTUAL);
	assert_written(sysfs, "drivers_probe", VIRTUAL);
	/* It does. */
	link_to(sysfs, "devices/" VIRTUAL "/driver", "../../drivers/vfio-pci");
	assert_true(pci_take(sysfs, VIRTUAL, &group, &error));
	assert_int_equal(group, 47);
	pci_give_back(sysfs, VIRTUAL);
	assert_written(sysfs, "drivers/vfio-pci/unbind", VIRTUAL);
	assert_written(sysfs, "devices/" VIRTUAL "/driver_override", "\nfio-pci");
	assert_fails(pci_take(sysfs, OTHER, &group, &error), &error, "switch the IOMMU on");
	assert_written(sysfs, "devices/" OTHER "/driver_override", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_net_device, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_mac, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_take, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
