/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "appliance/program.h"

#define DRIVER "vfio-pci"

static char *path_of(const char *sysfs, const char *address, const char *file)
{
	return g_build_filename(sysfs, "bus/pci/devices", address, file, NULL);
}

static bool write_text(const char *path, const char *text, GError **error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int errnum = errno;

	if (fd >= 0)
		close(fd);
	return ok || weft_fail_errno(error, errnum, "write \"%s\" to %s", text, path);
}

static bool check_function(const char *sysfs, const char *address, GError **error)
{
	g_autofree char *path = path_of(sysfs, address, NULL);

	return !access(path, F_OK) ||
	       weft_fail(error, NOT_FOUND,
		       "there is no PCI function %s here; lspci -D lists them, and sriov_numvfs of the card makes virtual ones",
		       address);
}

/* The first name in a folder, in order; NULL: none. */
static char *first_in(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;
	char *first = NULL;

	while (folder && (name = g_dir_read_name(folder)))
		if (!first || strcmp(name, first) < 0) {
			g_free(first);
			first = g_strdup(name);
		}
	return first;
}

char *pci_net_device(const char *sysfs, const char *address, GError **error)
{
	g_autofree char *path = path_of(sysfs, address, "net");
	char *name = NULL;

	if (!check_function(sysfs, address, error))
		return NULL;
	name = first_in(path);
	if (!name)
		weft_fail(error, NOT_FOUND,
			"the PCI function %s has no network device; is its driver loaded, and it not in another machine?",
			address);
	return name;
}

/* Which of the card's virtual functions it is: "virtfnN" of the physical one links to it. -1: none
 */
static int number_of(const char *physical, const char *address)
{
	g_autoptr(GDir) folder = g_dir_open(physical, 0, NULL);
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(physical, name, NULL);
		g_autofree char *target =
			g_str_has_prefix(name, "virtfn") ? g_file_read_link(path, NULL) : NULL;
		g_autofree char *last = target ? g_path_get_basename(target) : NULL;

		if (last && !strcmp(last, address))
			return (int)g_ascii_strtoll(name + strlen("virtfn"), NULL, 10);
	}
	return -1;
}

char **pci_mac_command(
	const char *sysfs, const char *address, const struct mac *mac, GError **error)
{
	g_autofree char *physical = path_of(sysfs, address, "physfn");
	g_autofree char *net = g_build_filename(physical, "net", NULL);
	g_autofree char *device = first_in(net);
	g_autofree char *number = NULL;
	int n = number_of(physical, address);
	char text[MAC_STRLEN];

	if (!check_function(sysfs, address, error))
		return NULL;
	if (!device || n < 0) {
		weft_fail(error, INVALID_INPUT,
			"the PCI function %s is no virtual function of a network card, whose MAC address the card would set",
			address);
		return NULL;
	}
	number = g_strdup_printf("%d", n);
	return g_strdupv((char **)(const char *const[]){ "ip", "link", "set", "dev", device, "vf",
		number, "mac", mac_format(mac, text), NULL });
}

bool pci_set_mac(const char *sysfs, const char *address, const struct mac *mac, GError **error)
{
	g_auto(GStrv) argv = pci_mac_command(sysfs, address, mac, error);

	return argv && program_run((const char *const *)argv, NULL, error);
}

static bool find_group(const char *sysfs, const char *address, unsigned *ret, GError **error)
{
	g_autofree char *path = path_of(sysfs, address, "iommu_group");
	g_autofree char *target = g_file_read_link(path, NULL);
	g_autofree char *last = target ? g_path_get_basename(target) : NULL;
	guint64 group;

	if (!last || !g_ascii_string_to_unsigned(last, 10, 0, G_MAXUINT, &group, NULL))
		return weft_fail(error, UNAVAILABLE,
			"the PCI function %s is in no IOMMU group; switch the IOMMU on (intel_iommu=on or amd_iommu=on) for virtual machines to have it",
			address);
	*ret = (unsigned)group;
	return true;
}

static bool unbind(const char *sysfs, const char *address, GError **error)
{
	g_autofree char *path = path_of(sysfs, address, "driver/unbind");

	return access(path, F_OK) || write_text(path, address, error);
}

bool pci_take(const char *sysfs, const char *address, unsigned *ret_group, GError **error)
{
	g_autofree char *chosen = path_of(sysfs, address, "driver_override");
	g_autofree char *probe = g_build_filename(sysfs, "bus/pci/drivers_probe", NULL);
	g_autofree char *driver = path_of(sysfs, address, "driver");
	g_autofree char *now = NULL, *name = NULL;

	if (!check_function(sysfs, address, error) ||
		!find_group(sysfs, address, ret_group, error) ||
		!write_text(chosen, DRIVER, error) || !unbind(sysfs, address, error) ||
		!write_text(probe, address, error))
		return false;
	now = g_file_read_link(driver, NULL);
	name = now ? g_path_get_basename(now) : NULL;
	if (!g_strcmp0(name, DRIVER))
		return true;
	pci_give_back(sysfs, address);
	return weft_fail(error, UNAVAILABLE,
		"the PCI function %s is driven by %s, not by " DRIVER "; load the module vfio-pci",
		address, name ?: "nobody");
}

void pci_give_back(const char *sysfs, const char *address)
{
	g_autofree char *chosen = path_of(sysfs, address, "driver_override");
	g_autofree char *probe = g_build_filename(sysfs, "bus/pci/drivers_probe", NULL);

	write_text(chosen, "\n", NULL);
	unbind(sysfs, address, NULL);
	write_text(probe, address, NULL);
}
