/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts have which ports of a router's address, and this host's MAC on wires. */
#include <string.h>

#include "datapath/internal.h"

_Static_assert(DP_SNAT_BLOCK == 1 << SNAT_BLOCK_SHIFT, "what ranges are made of");
_Static_assert(DP_SNAT_PORTS_ALL == SNAT_PORTS_ALL && DP_SNAT_PORT_FIRST == SNAT_PORT_FIRST,
	"the range of a host that shares the address with nobody");

bool dp_set_wire_mac(struct dp *dp, const struct mac *mac, GError **error)
{
	if (!memcmp(dp->host.wire_mac, mac->b, sizeof(mac->b)))
		return true;
	memcpy(dp->host.wire_mac, mac->b, sizeof(mac->b));
	return host_raise_epoch(dp, error);
}

static struct router_key key_of(u64 router)
{
	return (struct router_key){ .router = { (u32)router, (u32)(router >> 32) } };
}

bool dp_snat_owners_put(
	struct dp *dp, u64 router, const struct dp_snat_owner *owners, size_t n, GError **error)
{
	struct router_key key = key_of(router);
	struct snat_owners value = { 0 };
	enum table_change change;

	for (size_t i = 0; i < n; i++)
		for (u32 port = owners[i].port_first;
			port < (u32)owners[i].port_first + owners[i].n_ports; port += DP_SNAT_BLOCK)
			memcpy(value.macs[port / DP_SNAT_BLOCK % SNAT_BLOCKS], owners[i].mac.b,
				sizeof(owners[i].mac.b));
	return table_put(dp, TABLE_SNAT_OWNERS, &key, &value, &change, error);
}

bool dp_snat_owners_delete(struct dp *dp, u64 router, GError **error)
{
	struct router_key key = key_of(router);

	return snat_owners_drop(dp, &key, error);
}

bool snat_owners_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_SNAT_OWNERS, key, error);
}
