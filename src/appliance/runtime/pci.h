/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of PCI cards that a machine has for its own (SR-IOV), by the kernel's files below
 * @sysfs ("/sys": Documentation/ABI/testing/sysfs-bus-pci).
 */
#pragma once

#include "base/addr.h"
#include "base/error.h"

#define PCI_SYSFS "/sys"

/* The network device that the function's driver has made; g_free(). NOT_FOUND: no such function, or
 * it has none. */
char *pci_net_device(const char *sysfs, const char *address, GError **error);

/* Of a virtual function: the card gives it the MAC address, whoever drives it. */
bool pci_set_mac(const char *sysfs, const char *address, const struct mac *mac, GError **error);

/* What pci_set_mac() has `ip` do: "link set DEVICE vf N mac MAC"; for tests. g_strfreev() */
char **pci_mac_command(
	const char *sysfs, const char *address, const struct mac *mac, GError **error);

/* Has vfio-pci drive it, for a virtual machine; the number of its IOMMU group in *ret_group. */
bool pci_take(const char *sysfs, const char *address, unsigned *ret_group, GError **error);
/* Gives it back to the driver that the kernel chooses. */
void pci_give_back(const char *sysfs, const char *address);
