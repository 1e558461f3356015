/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has an address of a network, decided from all claims to it:
 *   MAC  The endpoint whose own it is; else, of those that may use it (allowed_address_pairs), the
 * only one, or the one that has an address which goes with it (VRRP with a virtual MAC).
 *   IP   The endpoint whose fixed address it is, or the only one that may use it. If several may:
 * the one that announced it last (claim.c), as long as its host is alive; then the only one that is
 * left. That is for routers alone: on the network itself ARP and neighbour discovery reach the
 * guests (dp_network.shared_addresses), which know it better.
 * What a router has on the network is the router's, whoever else claims it.
 */
#include "agent/reconcile/reconcile.h"

#include <string.h>

static bool is_dead(const struct reconcile *reconcile, const struct claim *claim)
{
	return redundant_is_dead(reconcile, claim->endpoint->member);
}

/* Nobody has announced it: the one whose own it is, or NULL. */
static const struct claim *own_claim(const struct claim *claims)
{
	const struct claim *own = NULL;

	for (const struct claim *c = claims; c; c = c->next)
		if (c->origin == CLAIM_OWN) {
			if (own)
				return NULL;
			own = c;
		}
	return own;
}

/* The only one but @holder, whose host is dead, that is on one which is not; or NULL. */
static const struct claim *heir(
	const struct reconcile *reconcile, const struct claim *claims, const struct claim *holder)
{
	const struct claim *alive = NULL;

	for (const struct claim *c = claims; c; c = c->next)
		if (c != holder && !is_dead(reconcile, c)) {
			if (alive)
				return NULL;
			alive = c;
		}
	return alive;
}

static const struct claim *owner_of_ip(
	const struct reconcile *reconcile, const struct claim *claims)
{
	const struct claim *holder;

	if (!claims || !claims->next)
		return claims;
	if (claims->endpoint->member->network->wire.physical_network)
		return NULL; /* it may be anybody's on the wire, which is asked */
	holder = claims_holder(claims);
	if (!holder)
		return own_claim(claims);
	return is_dead(reconcile, holder) ? heir(reconcile, claims, holder) : holder;
}

/* Whether it has an address that is reached by @mac. */
static bool holds_by_mac(
	const struct reconcile *reconcile, const struct endpoint *endpoint, const struct mac *mac)
{
	for (u16 i = 0; i < endpoint->n_claims; i++) {
		const struct claim *claim = &endpoint->claims[i];

		if (claim->address.type != ADDRESS_MAC && !mac_compare(&claim->mac, mac) &&
			owner_of_ip(reconcile, network_claims(endpoint->member->network,
						       &claim->address)) == claim)
			return true;
	}
	return false;
}

static const struct endpoint *owner_of_mac(
	const struct reconcile *reconcile, const struct claim *claims, const struct mac *mac)
{
	const struct endpoint *own = NULL, *pair = NULL, *holder = NULL;
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
	for (const struct claim *c = claims; c && !own && n_pairs > 1 && !holder; c = c->next)
		if (holds_by_mac(reconcile, c->endpoint, mac))
			holder = c->endpoint;
	return own ? own : n_pairs == 1 ? pair : holder;
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
	struct dp_endpoint wanted = { .vni = network->applied_vni, .mac = address_mac(address) };
	const struct endpoint *owner =
		network_is_here(network)
			? owner_of_mac(reconcile, network_claims(network, address), &wanted.mac)
			: NULL;

	if (network_interface(network, address) || network_vip(network, address))
		return true; /* its entry came with it */
	if (owner && locate(reconcile, owner, &wanted))
		return dp_endpoint_put(reconcile->dp, &wanted, error);
	return dp_endpoint_delete(reconcile->dp, wanted.vni, &wanted.mac, error);
}

static bool update_ip(struct reconcile *reconcile, const struct network *network,
	const struct address *address, GError **error)
{
	const struct claim *claims =
		network_is_here(network) ? network_claims(network, address) : NULL;
	const struct claim *owner = owner_of_ip(reconcile, claims);
	const struct interface *interface = network_interface(network, address);
	struct ip ip = address_ip(address);

	if (network_vip(network, address))
		return true;
	if (interface)
		return dp_neighbour_put(
			reconcile->dp, network->applied_vni, &ip, &interface->record.mac, error);
	if (owner)
		return (claims->next ? dp_neighbour_put_routed : dp_neighbour_put)(
			reconcile->dp, network->applied_vni, &ip, &owner->mac, error);
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
