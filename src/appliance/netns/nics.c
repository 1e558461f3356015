/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/nics.h"

#include <string.h>

#include "appliance/program.h"
#include "appliance/runtime/device.h"
#include "appliance/runtime/pci.h"
#include "base/log.h"

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

static bool plug(const struct description_nic *nic, pid_t pid, GError **error)
{
	return *nic->pci ? move_function(nic, pid, error)
			 : make_pair(nic, pid, error) && device_name_port(nic, error);
}

bool nics_plug(const struct description *description, pid_t pid, GError **error)
{
	for (guint i = 0; i < description->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (!plug(nic, pid, error)) {
			g_prefix_error(error, "nics[%u]: ", i);
			return false;
		}
	}
	return true;
}

static bool remove_device(const char *device, GError **error)
{
	const char *const argv[] = { "ip", "link", "delete", "dev", device, NULL };

	return program_run(argv, NULL, error);
}

/* The other end has its own from the configuration. */
static bool set_mtu(const struct description_nic *nic, GError **error)
{
	g_autofree char *mtu = nic->mtu ? g_strdup_printf("%u", nic->mtu) : g_strdup("1500");
	const char *const argv[] = { "ip", "link", "set", "dev", nic->device, "mtu", mtu, NULL };

	return program_run(argv, NULL, error);
}

/* @had: the one that has its name now, or NULL. */
static bool change(const struct description_nic *had, const struct description_nic *nic, pid_t pid,
	GError **error)
{
	struct description_nic same;

	if (!had)
		return plug(nic, pid, error);
	same = *had;
	same.mtu = nic->mtu;
	if (memcmp(&same, nic, sizeof(same)))
		return weft_fail(error, CONFLICT, "%s is another one", nic->name);
	return had->mtu == nic->mtu || set_mtu(nic, error);
}

void nics_remove(GPtrArray *leaving)
{
	for (guint i = 0; i < leaving->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!remove_device(leaving->pdata[i], &error))
			log_warning("a NIC that is not wanted any more: %s", error->message);
	}
	g_ptr_array_set_size(leaving, 0);
}

bool nics_change(const struct description *now, const struct description *wanted, pid_t pid,
	GPtrArray *leaving, GError **error)
{
	nics_remove(leaving); /* a new one may have its name */
	for (guint i = 0; i < wanted->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(wanted->nics, struct description_nic, i);

		if (!change(description_nic_named(now, nic->name), nic, pid, error)) {
			g_prefix_error(error, "nics[%u]: ", i);
			return false;
		}
	}
	for (guint i = 0; i < now->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(now->nics, struct description_nic, i);

		if (description_nic_named(wanted, nic->name))
			continue;
		if (*nic->pci)
			return weft_fail(error, CONFLICT,
				"%s is a card's, which goes with the machine", nic->name);
		g_ptr_array_add(leaving, g_strdup(nic->device));
	}
	return true;
}
