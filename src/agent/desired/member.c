/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/desired/parts.h"

struct member *member_need(struct network *network, const struct uuid *host)
{
	struct member *member = g_hash_table_lookup(network->members, host);

	if (member)
		return member;
	member = g_new0(struct member, 1);
	member->host = *host;
	member->network = network;
	g_hash_table_insert(network->members, &member->host, member);
	return member;
}

bool member_is_unused(const struct member *member)
{
	return !member->known && !member->endpoints && !member->applied_vtep.family;
}

void member_mark(struct desired *desired, struct member *member)
{
	g_hash_table_add(desired->dirty_members, member);
	network_mark(desired, member->network);
}

void member_mark_endpoints(struct desired *desired, struct member *member)
{
	for (struct endpoint *e = member->endpoints; e; e = e->next)
		endpoint_mark(desired, e);
}

/* Of this host it says what is asked of the network's ports here. */
static void set_dhcp(struct desired *desired, struct member *member, bool dhcp)
{
	const GPtrArray *ports = member->network->ports;

	if (member->no_dhcp == !dhcp)
		return;
	member->no_dhcp = !dhcp;
	for (guint i = 0; i < ports->len; i++)
		port_mark(desired, ports->pdata[i]);
}

void member_put(struct desired *desired, const struct record_member *record)
{
	struct network *network = network_need(desired, &record->network_id);
	struct member *member = member_need(network, &record->host_id);
	bool same = member->known && member->routed == record->routed &&
		    memcmp(&member->tunnel, &record->tunnel, sizeof(record->tunnel)) == 0;

	member->known = true;
	member->tunnel = record->tunnel;
	member->routed = record->routed;
	member->unconnected = !record->connected;
	set_dhcp(desired, member, record->dhcp);
	member_mark(desired, member);
	if (!same)
		member_mark_endpoints(desired, member);
}

void member_delete(struct desired *desired, const struct uuid *network_id, const struct uuid *host)
{
	struct network *network = desired_network(desired, network_id);
	struct member *member = network ? g_hash_table_lookup(network->members, host) : NULL;

	if (!member)
		return;
	member->known = false;
	set_dhcp(desired, member, true);
	member_mark(desired, member);
	member_mark_endpoints(desired, member);
}
