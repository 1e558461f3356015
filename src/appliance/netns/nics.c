/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/nics.h"

#include "appliance/program.h"

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

static bool name_port(const struct description_nic *nic, GError **error)
{
	g_autofree char *alias = g_strconcat("iface-id=", nic->port, NULL);
	const char *const argv[] = { "ip", "link", "set", "dev", nic->device, "alias", alias,
		NULL };

	return !*nic->port || program_run(argv, NULL, error);
}

static bool set_up(const struct description_nic *nic, GError **error)
{
	const char *const argv[] = { "ip", "link", "set", "dev", nic->device, "up", NULL };

	return program_run(argv, NULL, error);
}

bool nics_plug(const struct description *description, pid_t pid, GError **error)
{
	for (guint i = 0; i < description->nics->len; i++) {
		const struct description_nic *nic =
			&g_array_index(description->nics, struct description_nic, i);

		if (!make_pair(nic, pid, error) || !name_port(nic, error) || !set_up(nic, error)) {
			g_prefix_error(error, "nics[%u]: ", i);
			return false;
		}
	}
	return true;
}
