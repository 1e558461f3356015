/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers of this host's networks. */
#include <string.h>

#include "agent/desired/parts.h"

static void clear_record(struct load_balancer *balancer)
{
	struct record record = { .kind = RECORD_LOAD_BALANCER, .load_balancer = balancer->record };

	record_clear(&record);
	balancer->record = (struct record_load_balancer){ 0 };
}

void load_balancer_free(gpointer data)
{
	struct load_balancer *balancer = data;

	clear_record(balancer);
	g_clear_pointer(&balancer->networks, g_ptr_array_unref);
	g_clear_pointer(&balancer->applied, g_array_unref);
	g_clear_pointer(&balancer->applied_vips, g_array_unref);
	g_free(balancer->reason);
	g_free(balancer);
}

bool load_balancer_is_unused(const struct load_balancer *balancer)
{
	return !balancer->known && !balancer->applied_vni;
}

void load_balancer_mark(struct desired *desired, struct load_balancer *balancer)
{
	g_hash_table_add(desired->dirty_load_balancers, balancer);
}

bool load_balancer_is_on_wire(const struct load_balancer *balancer)
{
	return balancer->networks->len &&
	       ((const struct network *)balancer->networks->pdata[0])->wire.physical_network;
}

/* It depends on what is on these: its VIP's (the first) and its members'. */
static void watch(struct load_balancer *balancer, struct network *network)
{
	if (g_ptr_array_find(balancer->networks, network, NULL))
		return;
	g_ptr_array_add(balancer->networks, network);
	g_ptr_array_add(network->load_balancers, balancer);
}

static void unwatch(struct load_balancer *balancer)
{
	for (guint i = 0; i < balancer->networks->len; i++)
		g_ptr_array_remove(
			((struct network *)balancer->networks->pdata[i])->load_balancers, balancer);
	g_ptr_array_set_size(balancer->networks, 0);
}

static void watch_members(struct desired *desired, struct load_balancer *balancer)
{
	for (guint p = 0; p < balancer->record.pools->len; p++) {
		const GArray *members =
			g_array_index(balancer->record.pools, struct record_lb_pool, p).members;

		for (guint i = 0; i < members->len; i++)
			watch(balancer, network_need(desired,
						&g_array_index(members, struct record_lb_member, i)
							 .network_id));
	}
}

/* The VIP's own addresses, which the directory must not give to others. */
static void mark_addresses(struct desired *desired, const struct load_balancer *balancer)
{
	struct address mac = address_of_mac(&balancer->record.mac);

	if (!balancer->networks->len)
		return;
	for (guint i = 0; i < balancer->record.vips->len; i++) {
		struct address vip =
			address_of_ip(&g_array_index(balancer->record.vips, struct ip, i));

		network_mark_address(desired, balancer->networks->pdata[0], &vip);
	}
	network_mark_address(desired, balancer->networks->pdata[0], &mac);
}

void load_balancer_put(
	struct desired *desired, const struct uuid *id, struct record_load_balancer *record)
{
	struct load_balancer *balancer = desired_load_balancer(desired, id);

	if (!balancer) {
		balancer = g_new0(struct load_balancer, 1);
		balancer->id = *id;
		balancer->networks = g_ptr_array_new();
		g_hash_table_insert(desired->load_balancers, &balancer->id, balancer);
	}
	unwatch(balancer);
	clear_record(balancer);
	balancer->known = true;
	balancer->record = *record;
	*record = (struct record_load_balancer){ 0 }; /* taken over */
	watch(balancer, network_need(desired, &balancer->record.network_id));
	watch_members(desired, balancer);
	mark_addresses(desired, balancer);
	load_balancer_mark(desired, balancer);
}

void load_balancer_delete(struct desired *desired, const struct uuid *id)
{
	struct load_balancer *balancer = desired_load_balancer(desired, id);

	if (!balancer)
		return;
	mark_addresses(desired, balancer);
	for (guint i = 0; i < balancer->networks->len; i++)
		network_mark(desired, balancer->networks->pdata[i]);
	unwatch(balancer);
	balancer->known = false;
	balancer->state = PORT_UNREPORTED;
	load_balancer_mark(desired, balancer);
}

static bool has_address(const struct load_balancer *balancer, const struct address *address)
{
	struct address mac = address_of_mac(&balancer->record.mac), vip;

	for (guint i = 0; i < balancer->record.vips->len; i++) {
		vip = address_of_ip(&g_array_index(balancer->record.vips, struct ip, i));
		if (!memcmp(&vip, address, sizeof(vip)))
			return true;
	}
	return !memcmp(&mac, address, sizeof(mac));
}

const struct ip *load_balancer_vip(const struct load_balancer *balancer, u8 family)
{
	for (guint i = 0; i < balancer->record.vips->len; i++) {
		const struct ip *vip = &g_array_index(balancer->record.vips, struct ip, i);

		if (vip->family == family)
			return vip;
	}
	return NULL;
}

const struct load_balancer *network_vip(
	const struct network *network, const struct address *address)
{
	for (guint i = 0; i < network->load_balancers->len; i++) {
		const struct load_balancer *balancer = network->load_balancers->pdata[i];

		if (balancer->networks->pdata[0] == network && balancer->record.admin_state_up &&
			has_address(balancer, address))
			return balancer;
	}
	return NULL;
}
