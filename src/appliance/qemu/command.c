/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/command.h"

#include <string.h>

#define KERNEL_COMMAND_LINE "console=ttyS0 panic=-1 quiet"

static void add(GPtrArray *argv, const char *text)
{
	g_ptr_array_add(argv, g_strdup(text));
}

G_GNUC_PRINTF(3, 4)
static void add_option(GPtrArray *argv, const char *option, const char *format, ...)
{
	va_list list;

	add(argv, option);
	va_start(list, format);
	g_ptr_array_add(argv, g_strdup_vprintf(format, list));
	va_end(list);
}

/* Half a CPU is one with a limit. */
static unsigned cpus_of(const struct description *description)
{
	return description->vcpus ?: MAX((description->cpu_percent + 99) / 100, 1);
}

static void add_machine(
	GPtrArray *argv, const struct description *description, const struct qemu_files *files)
{
	add_option(argv, "-machine", "q35,usb=off,vmport=off,dump-guest-core=off");
	/* What it makes is written at one address and run at another: it may be forbidden to have
	 * memory that is both (MemoryDenyWriteExecute= of systemd). */
	add_option(argv, "-accel", "%s", files->kvm ? "kvm" : "tcg,split-wx=on");
	/* Emulated, each feature of the processor costs time. */
	add_option(argv, "-cpu", "%s", files->kvm ? "host" : "qemu64");
	add_option(argv, "-smp", "%u", cpus_of(description));
	add_option(argv, "-m", "%u", description->memory_mib ?: QEMU_MEMORY_MIB);
	add(argv, "-nodefaults");
	add(argv, "-no-user-config");
	add(argv, "-no-reboot");
	add_option(argv, "-display", "none");
	add_option(argv, "-serial", "stdio");
	add_option(argv, "-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add_option(argv, "-device", "virtio-rng-pci");
}

static bool is_folder(const char *image)
{
	return g_file_test(image, G_FILE_TEST_IS_DIR);
}

static void add_image(GPtrArray *argv, const char *image)
{
	const char *format = g_str_has_suffix(image, ".qcow2") ? "qcow2" : "raw";

	if (is_folder(image)) {
		add_option(argv, "-kernel", "%s/vmlinuz", image);
		add_option(argv, "-initrd", "%s/initramfs", image);
		add_option(argv, "-append", KERNEL_COMMAND_LINE);
	} else {
		add_option(
			argv, "-drive", "file=%s,format=%s,if=virtio,readonly=on", image, format);
	}
}

static void add_config(GPtrArray *argv, const struct qemu_files *files)
{
	add_option(argv, "-add-fd", "fd=%d,set=1", files->config);
	add_option(argv, "-drive",
		"file=/dev/fdset/1,format=raw,if=virtio,readonly=on,file.locking=off");
	add_option(argv, "-device", "virtio-serial-pci");
	add_option(argv, "-chardev", "socket,id=api,fd=%d", files->channel);
	add_option(argv, "-device", "virtserialport,chardev=api,name=" QEMU_PORT);
}

static void add_nic(
	GPtrArray *argv, const struct description_nic *nic, const struct qemu_files *files, guint i)
{
	g_autofree char *vhost = files->vhost[i] < 0
					 ? g_strdup("")
					 : g_strdup_printf(",vhost=on,vhostfd=%d", files->vhost[i]);
	char mac[MAC_STRLEN];

	if (*nic->pci) {
		add_option(argv, "-device", "vfio-pci,host=%s", nic->pci);
		return;
	}
	add_option(argv, "-netdev", "tap,id=nic%u,fd=%d%s", i, files->taps[i], vhost);
	add_option(argv, "-device", "virtio-net-pci,netdev=nic%u,mac=%s,romfile=", i,
		mac_format(&nic->mac, mac));
}

char **qemu_command(const struct description *description, const struct qemu_files *files)
{
	GPtrArray *argv = g_ptr_array_new();

	add(argv, files->program);
	add_machine(argv, description, files);
	add_image(argv, description->image);
	add_config(argv, files);
	for (guint i = 0; i < description->nics->len; i++)
		add_nic(argv, &g_array_index(description->nics, struct description_nic, i), files,
			i);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}
