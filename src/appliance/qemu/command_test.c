/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/command.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define CONFIG                                                                                                       \
	"\"config\": {\"id\": \"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001\", \"revision\": 1,"                            \
	"\"interfaces\": ["                                                                                          \
	"{\"name\": \"mgmt\", \"role\": \"management\", \"mac_address\": \"fa:16:3e:00:00:01\", \"addresses\": []}," \
	"{\"name\": \"guest0\", \"role\": \"guest\", \"mac_address\": \"fa:16:3e:00:00:03\", \"addresses\": []}]}"
#define NICS                                                   \
	"\"nics\": [{\"name\": \"mgmt\", \"device\": \"t0\"}," \
	"{\"name\": \"guest0\", \"pci_address\": \"0000:3b:02.1\"}],"

static char *command_of(const char *rest, bool kvm)
{
	g_autofree char *text = g_strconcat("{", rest, NICS, CONFIG, "}", NULL);
	const int taps[] = { 12, -1 }, vhost[] = { kvm ? 13 : -1, -1 };
	const struct qemu_files files = { .program = "qemu",
		.kvm = kvm,
		.config = 10,
		.channel = 11,
		.taps = taps,
		.vhost = vhost };
	GError *error = NULL;
	g_autoptr(description) description = description_parse(text, strlen(text), &error);
	g_auto(GStrv) argv = NULL;

	if (!description)
		fail_msg("%s", error->message);
	argv = qemu_command(description, &files);
	return g_strjoinv(" ", argv);
}

static void assert_has(const char *line, const char *part)
{
	if (!strstr(line, part))
		fail_msg("\"%s\" is not in: %s", part, line);
}

static void test_emulated(void **state)
{
	g_autofree char *line = command_of("\"image\": \"/i.qcow2\",", false);

	(void)state;
	assert_has(line, "qemu -machine q35,");
	assert_has(line, "-accel tcg,split-wx=on -cpu qemu64 -smp 1 -m 256 ");
	assert_has(line, "-drive file=/i.qcow2,format=qcow2,if=virtio,readonly=on ");
	assert_has(line, "-add-fd fd=10,set=1 -drive file=/dev/fdset/1,format=raw,");
	assert_has(line, "-chardev socket,id=api,fd=11 ");
	assert_has(line,
		"-netdev tap,id=nic0,fd=12 -device virtio-net-pci,netdev=nic0,mac=fa:16:3e:00:00:01,");
	assert_has(line, "-device vfio-pci,host=0000:3b:02.1");
	assert_has(line, "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny");
}

static void test_size_and_kvm(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("image-XXXXXX", NULL);
	g_autofree char *rest = g_strdup_printf(
		"\"image\": \"%s\", \"cpu_percent\": 150, \"memory_mib\": 512,", folder);
	g_autofree char *line = command_of(rest, true);
	g_autofree char *four =
		command_of("\"image\": \"/i.raw\", \"cpu_percent\": 150, \"vcpus\": 4,", true);
	g_autofree char *kernel = g_strdup_printf(
		"-kernel %s/vmlinuz -initrd %s/initramfs -append console=ttyS0", folder, folder);

	(void)state;
	assert_has(line, "-accel kvm -cpu host -smp 2 -m 512 ");
	assert_has(four, " -smp 4 ");
	assert_has(line, kernel);
	assert_has(line, "fd=12,vhost=on,vhostfd=13 ");
	g_rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emulated),
		cmocka_unit_test(test_size_and_kvm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
