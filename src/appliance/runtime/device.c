/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/device.h"

#include "appliance/program.h"

bool device_name_port(const struct description_nic *nic, GError **error)
{
	g_autofree char *alias = g_strconcat("iface-id=", nic->port, NULL);
	const char *const name[] = { "ip", "link", "set", "dev", nic->device, "alias", alias,
		NULL };
	const char *const up[] = { "ip", "link", "set", "dev", nic->device, "up", NULL };

	return (!*nic->port || program_run(name, NULL, error)) && program_run(up, NULL, error);
}
