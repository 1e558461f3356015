/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which host has a load balancer's VIPs for a wire: one of those that have ports on the network, by
 * rendezvous hashing of balancer and host, so that hosts agree with no word between them and a
 * host that comes or goes moves only what is its own. Who is dead by BFD, cut off by his own word,
 * or not connected is passed over, as with gateways.
 */
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

/* FNV-1a, mixed as in MurmurHash3's end. */
static u64 weigh(const struct uuid *balancer, const struct uuid *host)
{
	u64 hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(balancer->b); i++)
		hash = (hash ^ balancer->b[i]) * 0x100000001b3;
	for (size_t i = 0; i < sizeof(host->b); i++)
		hash = (hash ^ host->b[i]) * 0x100000001b3;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
	return hash ^ hash >> 33;
}

enum fitness { UNFIT, CUT_OFF, FIT };

/* Of another host. One that there is no tunnel to is taken for alive, as everywhere. */
static enum fitness fitness_of(const struct reconcile *reconcile, const struct member *member)
{
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	enum dp_encap encap;
	struct ip vtep;

	if (!member->known || member->routed || member->unconnected)
		return UNFIT;
	if (!tunnel_choose(&own, &member->tunnel, &vtep, &encap))
		return FIT;
	if (reconcile->host_is_dead && reconcile->host_is_dead(&vtep, reconcile->data))
		return UNFIT;
	return reconcile->host_is_cut_off && reconcile->host_is_cut_off(&vtep, reconcile->data)
		       ? CUT_OFF
		       : FIT;
}

bool vip_is_here(const struct reconcile *reconcile, const struct load_balancer *balancer)
{
	const struct network *network = balancer->networks->pdata[0];
	const struct uuid *self = &reconcile->desired->self;
	bool cut_off =
		reconcile->host_is_cut_off && reconcile->host_is_cut_off(NULL, reconcile->data);
	enum fitness own = cut_off ? CUT_OFF : FIT, its;
	u64 weight = weigh(&balancer->id, self);
	const struct member *member;
	GHashTableIter i;

	g_hash_table_iter_init(&i, network->members);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&member)) {
		if (uuid_equal(&member->host, self))
			continue;
		its = fitness_of(reconcile, member);
		if (its > own || (its == own && weigh(&balancer->id, &member->host) > weight))
			return false;
	}
	return true;
}
