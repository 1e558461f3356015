/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"

static guint claim_hash(gconstpointer data)
{
	const struct claim *claim = data;
	struct uuid key;

	memcpy(key.b, claim->address.b, sizeof(key.b));
	return uuid_hash(&key) ^ claim->address.type;
}

static gboolean claim_equal(gconstpointer a, gconstpointer b)
{
	const struct claim *x = a, *y = b;

	return memcmp(&x->address, &y->address, sizeof(x->address)) == 0;
}

struct network *network_need(struct desired *desired, const struct uuid *id)
{
	struct network *network = desired_network(desired, id);

	if (network)
		return network;
	network = g_new0(struct network, 1);
	network->id = network->part = *id;
	network->subnets = g_ptr_array_new();
	network->ports = g_ptr_array_new();
	network->interfaces = g_ptr_array_new();
	network->load_balancers = g_ptr_array_new();
	network->gone_routers = g_array_new(FALSE, FALSE, sizeof(struct mac));
	network->members = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);
	network->claims = g_hash_table_new(claim_hash, claim_equal);
	network->names = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(desired->networks, &network->id, network);
	return network;
}

void network_free(gpointer data)
{
	struct network *network = data;

	g_ptr_array_unref(network->subnets);
	g_ptr_array_unref(network->ports);
	g_ptr_array_unref(network->interfaces);
	g_ptr_array_unref(network->load_balancers);
	g_array_unref(network->gone_routers);
	g_hash_table_unref(network->members);
	g_hash_table_unref(network->claims);
	g_hash_table_unref(network->names);
	g_free(network->name);
	g_free(network->dns_domain);
	g_free(network->wire.physical_network);
	g_free(network);
}

bool network_is_unused(const struct network *network)
{
	return !network->known && !network->applied_vni && network->subnets->len == 0 &&
	       network->ports->len == 0 && network->interfaces->len == 0 &&
	       network->load_balancers->len == 0 && !network->group_members &&
	       g_hash_table_size(network->members) == 0 && g_hash_table_size(network->claims) == 0;
}

void network_mark(struct desired *desired, struct network *network)
{
	g_hash_table_add(desired->dirty_networks, network);
}

void network_mark_address(
	struct desired *desired, struct network *network, const struct address *address)
{
	struct dirty_address key = { .network = network, .address = *address };

	if (!g_hash_table_contains(desired->dirty_addresses, &key))
		g_hash_table_add(desired->dirty_addresses, g_memdup2(&key, sizeof(key)));
}

void network_mark_all(struct desired *desired, struct network *network)
{
	struct member *member;
	struct claim *claim;
	GHashTableIter i;

	network_mark(desired, network);
	g_hash_table_iter_init(&i, network->members);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&member))
		member_mark(desired, member);
	g_hash_table_iter_init(&i, network->claims);
	while (g_hash_table_iter_next(&i, (gpointer *)&claim, NULL))
		network_mark_address(desired, network, &claim->address);
	for (guint p = 0; p < network->ports->len; p++)
		port_mark(desired, network->ports->pdata[p]);
	for (guint n = 0; n < network->interfaces->len; n++)
		interface_mark(desired, network->interfaces->pdata[n]);
}

void network_put(struct desired *desired, const struct uuid *id, struct record_network *record)
{
	struct network *network = network_need(desired, id);
	u32 vni = record->wire.physical_network ? desired_wire_number(desired, &record->wire, NULL)
						: record->vni;
	bool fundamental =
		!network->known || network->vni != vni ||
		g_strcmp0(network->wire.physical_network, record->wire.physical_network) ||
		network->mtu_bytes != record->mtu_bytes ||
		network->admin_state_up != record->admin_state_up ||
		network->l2_adjacency != record->l2_adjacency;

	network->known = true;
	network->vni = vni;
	g_free(network->wire.physical_network);
	network->wire = record->wire;
	record->wire.physical_network = NULL; /* taken over */
	network->mtu_bytes = record->mtu_bytes;
	network->admin_state_up = record->admin_state_up;
	network->l2_adjacency = record->l2_adjacency;
	g_free(network->name);
	g_free(network->dns_domain);
	network->name = g_steal_pointer(&record->name);
	network->dns_domain = g_steal_pointer(&record->dns_domain);
	network->dns = record->dns;
	network->metadata = record->metadata;
	firewall_network_changed(desired, network);
	if (fundamental)
		network_mark_all(desired, network);
	else
		network_mark(desired, network);
}

void network_delete(struct desired *desired, const struct uuid *id)
{
	struct network *network = desired_network(desired, id);

	if (!network)
		return;
	network->known = false;
	firewall_network_changed(desired, network);
	network_mark_all(desired, network);
}

const struct claim *network_claims(const struct network *network, const struct address *address)
{
	struct claim key = { .address = *address };

	return g_hash_table_lookup(network->claims, &key);
}
