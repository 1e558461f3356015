/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/parts.h"

void subnet_free(gpointer data)
{
	struct subnet *subnet = data;
	struct record record = { .kind = RECORD_SUBNET, .subnet = subnet->record };

	record_clear(&record);
	g_free(subnet);
}

/* Its gateway is the network's, and what it offers decides what the ports' guests may ask. */
static void mark(struct desired *desired, struct network *network)
{
	network_mark(desired, network);
	for (guint i = 0; i < network->ports->len; i++)
		port_mark(desired, network->ports->pdata[i]);
	for (guint i = 0; i < network->interfaces->len; i++)
		interface_mark(desired, network->interfaces->pdata[i]);
}

void subnet_put(struct desired *desired, const struct uuid *id, struct record_subnet *record)
{
	struct network *network = network_need(desired, &record->network_id);
	struct subnet *subnet = g_new0(struct subnet, 1);

	subnet_delete(desired, id);
	subnet->id = *id;
	subnet->network = network;
	subnet->record = *record;
	*record = (struct record_subnet){ 0 }; /* taken over */
	g_hash_table_insert(desired->subnets, &subnet->id, subnet);
	g_ptr_array_add(network->subnets, subnet);
	mark(desired, network);
}

void subnet_delete(struct desired *desired, const struct uuid *id)
{
	struct subnet *subnet = desired_subnet(desired, id);

	if (!subnet)
		return;
	g_ptr_array_remove(subnet->network->subnets, subnet);
	mark(desired, subnet->network);
	g_hash_table_remove(desired->subnets, id);
}
