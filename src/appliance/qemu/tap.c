/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "appliance/program.h"
#include "appliance/runtime/device.h"

static bool set_mtu(const struct description_nic *nic, GError **error)
{
	g_autofree char *mtu = g_strdup_printf("%u", nic->mtu);
	const char *const argv[] = { "ip", "link", "set", "dev", nic->device, "mtu", mtu, NULL };

	return !nic->mtu || program_run(argv, NULL, error);
}

int tap_open(const struct description_nic *nic, GError **error)
{
	struct ifreq request = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
						      IFF_TUN_EXCL) };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	g_strlcpy(request.ifr_name, nic->device, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		weft_fail_errno(error, errno, "make the tap %s", nic->device);
	} else if (set_mtu(nic, error) && device_name_port(nic, error)) {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}
