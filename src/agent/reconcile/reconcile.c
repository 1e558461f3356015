/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile/reconcile.h"

#include "agent/desired/parts.h"
#include "agent/service/port.h"
#include "base/log.h"

bool reconcile_failed(struct reconcile *reconcile, GError *error)
{
	log_limited(warning, "datapath: %s", error->message);
	g_error_free(error);
	reconcile->failed = true;
	return false;
}

struct record_tunnel reconcile_own_tunnel(const struct reconcile *reconcile)
{
	struct record_tunnel tunnel = reconcile->desired->tunnel;

	if (reconcile->tunnel_ip4.family || reconcile->tunnel_ip6.family) {
		tunnel.ip4 = reconcile->tunnel_ip4;
		tunnel.ip6 = reconcile->tunnel_ip6;
	}
	return tunnel;
}

static bool has_encap(const struct record_tunnel *tunnel, u8 encap)
{
	for (u8 i = 0; i < tunnel->n_encaps; i++)
		if (tunnel->encaps[i] == encap)
			return true;
	return false;
}

bool tunnel_choose(const struct record_tunnel *own, const struct record_tunnel *peer,
	struct ip *ret_vtep, enum dp_encap *ret_encap)
{
	static const enum dp_encap encaps[] = {
		[RECORD_VXLAN] = DP_ENCAP_VXLAN,
		[RECORD_GENEVE] = DP_ENCAP_GENEVE,
	};
	const struct ip *vtep;

	if (own->ip4.family && peer->ip4.family)
		vtep = &peer->ip4;
	else if (own->ip6.family && peer->ip6.family)
		vtep = &peer->ip6;
	else
		return false;
	for (u8 i = 0; i < own->n_encaps; i++)
		if (has_encap(peer, own->encaps[i])) {
			*ret_vtep = *vtep;
			*ret_encap = encaps[own->encaps[i]];
			return true;
		}
	return false;
}

static void set_uplinks(struct reconcile *reconcile)
{
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	GError *error = NULL;

	reconcile->peers_changed = true;
	if (reconcile->partial && !own.ip4.family && !own.ip6.family)
		return; /* what the kernel has is better than nothing */
	if (!dp_set_uplinks(reconcile->dp, reconcile->uplinks, &own.ip4, &own.ip6, &error) ||
		!dp_set_guarantees(
			reconcile->dp, reconcile->uplinks, reconcile->capacity_kbps, &error))
		reconcile_failed(reconcile, error);
}

/* Those that are there; a device that comes later is another change. */
static void set_wires(struct reconcile *reconcile)
{
	const GArray *wires = reconcile->desired->wires;
	g_autoptr(GPtrArray) devices = g_ptr_array_new();
	GError *error = NULL;

	for (guint i = 0; i < wires->len; i++) {
		const struct wire *wire = &g_array_index(wires, struct wire, i);

		if (wire->ifindex && wire->ifindex <= DP_WIRE_IFINDEX_MAX)
			g_ptr_array_add(devices, (gpointer)wire->device);
	}
	g_ptr_array_add(devices, NULL);
	if (!dp_set_wires(reconcile->dp, (const char *const *)devices->pdata, &error))
		reconcile_failed(reconcile, error);
}

/* What the agent answers for; the last two, metadata, unless others do. */
static const struct ip *const service_addresses[] = { &service_ip4, &service_ip6, &metadata_ip4,
	&metadata_ip6 };
#define N_WITHOUT_METADATA 2

static void put_services(struct reconcile *reconcile, const struct network *network)
{
	const struct ip *const *addresses = service_addresses;
	u32 vni = network->vni;

	for (size_t i = 0; i < G_N_ELEMENTS(service_addresses); i++) {
		GError *error = NULL;

		if (i >= N_WITHOUT_METADATA && !network->metadata) {
			dp_service_delete(reconcile->dp, vni, addresses[i], NULL);
			continue;
		}
		if (!dp_service_put(reconcile->dp, vni, addresses[i], &service_mac, &error))
			reconcile_failed(reconcile, error);
	}
}

static void put_network(struct reconcile *reconcile, struct network *network)
{
	struct dp_network wanted = {
		.vni = network->vni,
		.mtu_bytes = network->mtu_bytes,
		.shared_addresses = network->n_with_pairs > 0 || network->wire.physical_network,
		.routed = !network->l2_adjacency,
	};
	GError *error = NULL;

	for (guint i = 0; i < network->subnets->len; i++) {
		const struct subnet *subnet = network->subnets->pdata[i];
		const struct ip *gateway = &subnet->record.gateway;
		struct ip *slot = gateway->family == 6 ? &wanted.gateway6 : &wanted.gateway4;

		if (gateway->family && !slot->family)
			*slot = *gateway;
	}
	network->applied_vni = network->vni;
	if (!dp_network_put(reconcile->dp, &wanted, &error))
		reconcile_failed(reconcile, error);
	put_services(reconcile, network);
}

static void withdraw_network(struct reconcile *reconcile, struct network *network)
{
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(service_addresses); i++) {
		if (!dp_service_delete(
			    reconcile->dp, network->applied_vni, service_addresses[i], &error)) {
			reconcile_failed(reconcile, error);
			error = NULL;
		}
	}
	if (!dp_network_delete(reconcile->dp, network->applied_vni, &error))
		reconcile_failed(reconcile, error);
	network->applied_vni = 0;
}

static void withdraw_member(struct reconcile *reconcile, struct member *member)
{
	GError *error = NULL;

	if (member->applied_vtep.family &&
		!dp_member_delete(
			reconcile->dp, member->network->applied_vni, &member->applied_vtep, &error))
		reconcile_failed(reconcile, error);
	member->applied_vtep = (struct ip){ 0 };
}

static void reconcile_member(struct reconcile *reconcile, struct member *member)
{
	struct network *network = member->network;
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	struct dp_member wanted = { .vni = network->vni, .routed = member->routed };
	GError *error = NULL;
	bool exists = member->known && network_is_here(network) &&
		      !network->wire.physical_network &&
		      !uuid_equal(&member->host, &reconcile->desired->self) &&
		      tunnel_choose(&own, &member->tunnel, &wanted.vtep, &wanted.encap);

	reconcile->peers_changed |= network->wire.physical_network != NULL;
	if (!exists || ip_compare(&wanted.vtep, &member->applied_vtep) != 0) {
		reconcile->peers_changed |= exists || member->applied_vtep.family;
		withdraw_member(reconcile, member);
	}
	if (!exists)
		return;
	member->applied_vtep = wanted.vtep;
	if (!dp_member_put(reconcile->dp, &wanted, &error))
		reconcile_failed(reconcile, error);
}

/* Of a router, on a network that is no longer known. */
static void withdraw_addresses(struct reconcile *reconcile, const struct interface *interface)
{
	struct ip link_local = ip_link_local_from_mac(&interface->record.mac);
	struct dirty_address dirty = { interface->network, address_of_ip(&link_local) };

	reconcile_address(reconcile, &dirty);
	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		dirty.address = address_of_ip(
			&g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i).ip);
		reconcile_address(reconcile, &dirty);
	}
}

/* A network of another VNI is another network: all that the datapath has of the old one goes first.
 */
static void change_vni(struct reconcile *reconcile, struct network *network)
{
	struct member *member;
	struct claim *claim;
	GHashTableIter i;
	bool known = network->known;

	network->known = false; /* so that all of it is withdrawn */
	g_hash_table_iter_init(&i, network->claims);
	while (g_hash_table_iter_next(&i, (gpointer *)&claim, NULL)) {
		struct dirty_address dirty = { network, claim->address };

		reconcile_address(reconcile, &dirty);
	}
	for (guint n = 0; n < network->interfaces->len; n++)
		withdraw_addresses(reconcile, network->interfaces->pdata[n]);
	g_hash_table_iter_init(&i, network->members);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&member))
		withdraw_member(reconcile, member);
	withdraw_network(reconcile, network);
	network->known = known;
	network_mark_all(reconcile->desired, network);
}

static void put_networks(struct reconcile *reconcile)
{
	struct desired *desired = reconcile->desired;
	g_autofree gpointer *networks =
		g_hash_table_get_keys_as_array(desired->dirty_networks, NULL);

	for (guint i = 0; networks[i]; i++) {
		struct network *network = networks[i];

		if (network_is_here(network) && network->applied_vni &&
			network->applied_vni != network->vni)
			change_vni(reconcile, network);
		if (network_is_here(network))
			put_network(reconcile, network);
	}
}

static void mark_load_balancers(struct desired *desired, const struct network *network)
{
	for (guint i = 0; i < network->load_balancers->len; i++)
		load_balancer_mark(desired, network->load_balancers->pdata[i]);
}

/* Those with a VIP or a member where something is dirty, too. */
static void reconcile_load_balancers(struct reconcile *reconcile)
{
	struct desired *desired = reconcile->desired;
	struct load_balancer *balancer;
	struct dirty_address *dirty;
	struct network *network;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->dirty_networks);
	while (g_hash_table_iter_next(&i, (gpointer *)&network, NULL))
		mark_load_balancers(desired, network);
	g_hash_table_iter_init(&i, desired->dirty_addresses);
	while (g_hash_table_iter_next(&i, (gpointer *)&dirty, NULL))
		mark_load_balancers(desired, dirty->network);
	g_hash_table_iter_init(&i, desired->dirty_load_balancers);
	while (g_hash_table_iter_next(&i, (gpointer *)&balancer, NULL))
		reconcile_load_balancer(reconcile, balancer);
}

void reconcile_flush(struct reconcile *reconcile)
{
	struct desired *desired = reconcile->desired;
	struct forwarded_ip *forwarded;
	struct conntrack_helper *helper;
	struct floating_ip *floating_ip;
	struct network *network;
	struct member *member;
	struct dirty_address *dirty;
	GHashTableIter i;

	if (desired->tunnel_changed)
		set_uplinks(reconcile);
	desired->tunnel_changed = false;
	if (desired->wires_changed)
		set_wires(reconcile);
	desired->wires_changed = false;
	put_networks(reconcile);
	g_hash_table_iter_init(&i, desired->dirty_members);
	while (g_hash_table_iter_next(&i, (gpointer *)&member, NULL))
		reconcile_member(reconcile, member);
	reconcile_firewall_begin(reconcile);
	g_autofree gpointer *ports = g_hash_table_get_keys_as_array(desired->dirty_ports, NULL);
	for (guint p = 0; ports[p]; p++) /* first those that others are reached by */
		if (!((struct port *)ports[p])->parent)
			reconcile_port(reconcile, ports[p]);
	for (guint p = 0; ports[p]; p++)
		if (((struct port *)ports[p])->parent)
			reconcile_port(reconcile, ports[p]);
	reconcile_firewall_end(reconcile);
	g_autofree gpointer *routers = g_hash_table_get_keys_as_array(desired->dirty_routers, NULL);
	for (guint r = 0; routers[r]; r++)
		reconcile_router(reconcile, routers[r]);
	g_hash_table_iter_init(&i, desired->dirty_floating_ips);
	while (g_hash_table_iter_next(&i, (gpointer *)&floating_ip, NULL))
		reconcile_floating_ip(reconcile, floating_ip);
	g_hash_table_iter_init(&i, desired->dirty_forwarded_ips);
	while (g_hash_table_iter_next(&i, (gpointer *)&forwarded, NULL))
		reconcile_forwarded_ip(reconcile, forwarded);
	g_hash_table_iter_init(&i, desired->dirty_conntrack_helpers);
	while (g_hash_table_iter_next(&i, (gpointer *)&helper, NULL))
		reconcile_conntrack_helper(reconcile, helper);
	g_hash_table_iter_init(&i, desired->dirty_addresses);
	while (g_hash_table_iter_next(&i, (gpointer *)&dirty, NULL))
		reconcile_address(reconcile, dirty);
	reconcile_load_balancers(reconcile);
	g_hash_table_iter_init(&i, desired->dirty_networks);
	while (g_hash_table_iter_next(&i, (gpointer *)&network, NULL))
		if (!network_is_here(network) && network->applied_vni)
			withdraw_network(reconcile, network);
	g_hash_table_iter_init(&i, desired->rerouted);
	while (g_hash_table_iter_next(&i, (gpointer *)&network, NULL)) {
		reconcile->routers_changed(network, reconcile->data);
		g_array_set_size(network->gone_routers, 0);
	}
	desired_collect(desired);
}

static void end_sweep(struct reconcile *reconcile)
{
	GError *error = NULL;

	reconcile->sweeping = false;
	if (!dp_sweep_end(reconcile->dp, &error))
		reconcile_failed(reconcile, error);
}

void reconcile_all(struct reconcile *reconcile)
{
	GError *error = NULL;

	reconcile->failed = false;
	desired_mark_all(reconcile->desired);
	reconcile->desired->tunnel_changed = true;
	if (!reconcile->sweeping)
		dp_sweep_begin(reconcile->dp);
	reconcile->sweeping = true;
	reconcile_flush(reconcile);
	if (!reconcile->partial)
		end_sweep(reconcile);
	else if (!dp_switch(reconcile->dp, &error))
		reconcile_failed(reconcile, error);
}

void reconcile_complete(struct reconcile *reconcile)
{
	reconcile_flush(reconcile);
	reconcile->partial = false;
	if (reconcile->sweeping)
		end_sweep(reconcile);
}
