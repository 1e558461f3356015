/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has an address of a network, decided from all claims to it:
 *   MAC  The endpoint whose own it is; else, of those that may use it (allowed_address_pairs), the
 * only one. Several (VRRP with a virtual MAC): nobody can know but the wire, so the directory has
 * no entry. IP   The endpoint whose fixed address it is, or the only one that may use it, unless
 * another one may use it too (a shared or floating address): then ARP and neighbour discovery reach
 * the guests themselves (dp_network.shared_addresses).
 * What a router has on the network is the router's, whoever else claims it.
 */
#include "agent/reconcile/reconcile.h"

#include <string.h>

static const struct endpoint *owner_of_mac(const struct claim *claims)
{
	const struct endpoint *own = NULL, *pair = NULL;
	unsigned n_pairs = 0;

	for (const struct claim *c = claims; c; c = c->next) {
		if (c->origin == CLAIM_OWN &&
			(!own || memcmp(&c->endpoint->id, &own->id, sizeof(own->id)) < 0))
			own = c->endpoint;
		if (c->origin == CLAIM_PAIR) {
			pair = c->endpoint;
			n_pairs++;
		}
	}
	return own ? own : n_pairs == 1 ? pair : NULL;
}

/* Fills where @endpoint is; false when that is not known (yet). */
static bool locate(
	const struct reconcile *reconcile, const struct endpoint *endpoint, struct dp_endpoint *ret)
{
	const struct member *member = redundant_place(reconcile, endpoint);
	struct record_tunnel own = reconcile_own_tunnel(reconcile);

	if (uuid_equal(&member->host, &reconcile->desired->self)) {
		const struct port *port = desired_port(reconcile->desired, &endpoint->id);

		ret->ifindex = port ? port->applied_ifindex : 0;
		return ret->ifindex != 0;
	}
	/* A wire carries its frames by itself. */
	return member->known && !member->network->wire.physical_network &&
	       tunnel_choose(&own, &member->tunnel, &ret->vtep, &ret->encap);
}

static bool update_mac(struct reconcile *reconcile, const struct network *network,
	const struct address *address, GError **error)
{
	const struct endpoint *owner =
		network_is_here(network) ? owner_of_mac(network_claims(network, address)) : NULL;
	struct dp_endpoint wanted = { .vni = network->applied_vni, .mac = address_mac(address) };

	if (network_interface(network, address) || network_vip(network, address))
		return true; /* its entry came with it */
	if (owner && locate(reconcile, owner, &wanted))
		return dp_endpoint_put(reconcile->dp, &wanted, error);
	return dp_endpoint_delete(reconcile->dp, wanted.vni, &wanted.mac, error);
}

static bool update_ip(struct reconcile *reconcile, const struct network *network,
	const struct address *address, GError **error)
{
	const struct claim *claim =
		network_is_here(network) ? network_claims(network, address) : NULL;
	const struct interface *interface = network_interface(network, address);
	struct ip ip = address_ip(address);

	if (network_vip(network, address))
		return true;
	if (interface)
		return dp_neighbour_put(
			reconcile->dp, network->applied_vni, &ip, &interface->record.mac, error);
	if (claim && !claim->next)
		return dp_neighbour_put(
			reconcile->dp, network->applied_vni, &ip, &claim->mac, error);
	return dp_neighbour_delete(reconcile->dp, network->applied_vni, &ip, error);
}

void reconcile_address(struct reconcile *reconcile, const struct dirty_address *dirty)
{
	GError *error = NULL;
	bool done;

	if (!dirty->network->applied_vni)
		return; /* nothing of it is there, and nothing may come */
	if (dirty->address.type == ADDRESS_MAC)
		done = update_mac(reconcile, dirty->network, &dirty->address, &error);
	else
		done = update_ip(reconcile, dirty->network, &dirty->address, &error);
	if (!done)
		reconcile_failed(reconcile, error);
}
