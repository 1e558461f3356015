/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that is a machine: QEMU with Debian's kernel and an initramfs made on the spot, in the
 * host's namespace, on a tap whose alias names the port. It is emulated in software unless KVM
 * works. Whether it does can only be found out by trying: there are machines with /dev/kvm on which
 * a guest kernel hangs at its first instructions. So the first machine of a lab is given a short
 * time to boot with KVM; the result is kept in the lab's file "accel".
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/await.h"
#include "cli/lab/guest.h"
#include "cli/lab/initramfs.h"
#include "cli/lab/process.h"
#include "cli/lab/run.h"
#include "cli/lab/vm.h"

#define KVM_BOOT_MS 4000
#define TCG_BOOT_MS 90000
#define MEMORY_MIB "160"

static bool make_tap(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *host = lab_host_netns(lab, guest->host);

	return run(error, "ip", "-n", host, "tuntap", "add", "dev", guest->device, "mode", "tap",
		       "vnet_hdr", NULL) &&
	       run_ip(error, host, "link set %s alias iface-id=%s\n", guest->device,
		       guest->port_id);
}

static bool start_qemu(
	const struct lab *lab, const struct guest *guest, const char *accel, GError **error)
{
	g_autofree char *netns = lab_host_netns(lab, guest->host),
			*dir = lab_path(lab, "guest-%s", guest->name);
	g_autofree char *log = g_build_filename(dir, "qemu.log", NULL),
			*pid = g_build_filename(dir, "qemu.pid", NULL);
	g_autofree char *initramfs = lab_path(lab, "initramfs"), *release = NULL;
	g_autofree char *kernel = kernel_find(&release, error); /* sets `release` */
	g_autofree char *console = g_strdup_printf("file:%s/console.log", dir);
	g_autofree char *channel = g_strdup_printf("unix:%s/exec.sock,server=on,wait=off", dir);
	g_autofree char *tap =
		g_strdup_printf("tap,id=n0,ifname=%s,script=no,downscript=no", guest->device);
	g_autofree char *card =
		g_strdup_printf("virtio-net-pci,netdev=n0,mac=%s,romfile=", guest->mac);
	g_autofree char *command_line =
		g_strdup_printf("console=ttyS0 quiet panic=-1 weft.name=%s", guest->name);
	const char *argv[] = { "qemu-system-x86_64", "-accel", accel, "-cpu", "max", "-m",
		MEMORY_MIB, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-serial", console, "-serial", channel, "-netdev", tap, "-device", card, "-kernel",
		kernel, "-initrd", initramfs, "-append", command_line, NULL };
	struct process process = { .netns = netns, .argv = argv, .log_path = log, .pid_path = pid };

	if (!kernel)
		return false;
	if (!g_file_test(initramfs, G_FILE_TEST_EXISTS) &&
		!initramfs_build(initramfs, release, error))
		return false;
	return process_start(&process, error);
}

static enum await_result has_booted(void *data, char **ret_why, GError **error)
{
	const char *dir = data;
	g_autofree char *console = g_build_filename(dir, "console.log", NULL), *text = NULL;
	g_autofree char *pid = g_build_filename(dir, "qemu.pid", NULL),
			*log = g_build_filename(dir, "qemu.log", NULL);

	if (g_file_get_contents(console, &text, NULL, NULL) && strstr(text, "WEFT-READY"))
		return AWAIT_DONE;
	if (!process_pid(pid)) {
		g_autofree char *tail = process_log_tail(log, 3);

		weft_fail(error, KERNEL, "QEMU has ended: %s", tail);
		return AWAIT_FAILED;
	}
	*ret_why = g_strdup_printf("%s shows how far it came", console);
	return AWAIT_AGAIN;
}

/* Boots with one accelerator; a machine that doesn't boot in time is ended. */
static bool boot(const struct lab *lab, const struct guest *guest, const char *accel,
	u64 timeout_ms, GError **error)
{
	g_autofree char *dir = lab_path(lab, "guest-%s", guest->name),
			*console = g_build_filename(dir, "console.log", NULL);
	g_autofree char *pid = g_build_filename(dir, "qemu.pid", NULL);
	g_autofree char *what = g_strdup_printf("boot of %s (%s)", guest->name, accel);

	unlink(console);
	if (start_qemu(lab, guest, accel, error) && await(has_booted, dir, timeout_ms, what, error))
		return true;
	process_stop(pid, SIGKILL, 0, NULL);
	return false;
}

static bool boot_fastest(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *path = lab_path(lab, "accel"), *known = NULL;

	g_file_get_contents(path, &known, NULL, NULL);
	if (!known) {
		bool kvm = access("/dev/kvm", R_OK | W_OK) == 0 &&
			   boot(lab, guest, "kvm", KVM_BOOT_MS, NULL);

		if (!g_file_set_contents(path, kvm ? "kvm" : "tcg", -1, error) || kvm)
			return kvm;
	} else if (!strcmp(known, "kvm")) {
		return boot(lab, guest, "kvm", TCG_BOOT_MS, error);
	}
	return boot(lab, guest, "tcg", TCG_BOOT_MS, error);
}

bool guest_vm_start(const struct lab *lab, const struct guest *guest, const struct guest_wish *wish,
	GError **error)
{
	static const char wait_for_address[] =
		"while ! ip -4 address show dev eth0 | grep -q inet; do sleep 0.05; done";
	int status;

	if (!make_tap(lab, guest, error) || !boot_fastest(lab, guest, error))
		return false;
	if (wish->addresses == GUEST_BARE)
		return true;
	g_autofree char *command = g_strdup_printf(
		"timeout %u sh -c '%s'", wish->timeout_ms / 1000 + 1, wait_for_address);

	if (!vm_exec(lab, guest, command, NULL, &status, error))
		return false;
	return status == 0 ||
	       weft_fail(error, TIMEOUT, "guest %s got no address by DHCP within %u s", guest->name,
		       wish->timeout_ms / 1000);
}
