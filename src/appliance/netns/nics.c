/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/nics.h"

#include "appliance/program.h"
#include "appliance/runtime/device.h"
#include "appliance/runtime/pci.h"

static bool make_pair(const struct description_nic *nic, pid_t pid, GError **error)
{
	g_autofree char *space = g_strdup_printf("%d", (int)pid);
	g_autofree char *mtu = nic->mtu ? g_strdup_printf("%u", nic->mtu) : g_strdup("1500");
	char mac[MAC_STRLEN];
	const char *const argv[] = { "ip", "link", "add", nic->device, "mtu", mtu, "type", "veth",
		"peer", "name", nic->name, "address", mac_format(&nic->mac, mac), "mtu", mtu,
		"netns", space, NULL };

	return program_run(argv, NULL, error);
}

/* The card's own driver goes on to drive it, in there, where weft-appliance gives it its name. With
 * the end of the namespace the kernel gives it back. */
static bool move_function(const struct description_nic *nic, pid_t pid, GError **error)
{
	g_autofree char *device = pci_net_device(PCI_SYSFS, nic->pci, error);
	g_autofree char *space = g_strdup_printf("%d", (int)pid);
	g_autofree char *mtu = nic->mtu ? g_strdup_printf("%u", nic->mtu) : g_strdup("1500");
	const char *const down[] = { "ip", "link", "set", "dev", device, "down", NULL };
	const char *const move[] = { "ip", "link", "set", "dev", device, "mtu", mtu, "netns", space,
		NULL };

	return device && pci_set_mac(PCI_SYSFS, nic->pci, &nic->mac, error) &&
	       program_run(down, NULL, error) && program_run(move, NULL, error);
}

bool nics_plug(const struct description *description, pid_t pid, GError **error)
{
	for (guint i = 0; i < description->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (*nic->pci ? !move_function(nic, pid, error)
			      : !make_pair(nic, pid, error) || !device_name_port(nic, error)) {
			g_prefix_error(error, "nics[%u]: ", i);
			return false;
		}
	}
	return true;
}
