/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that two appliances share. The controller activates the binding of the one that is master,
 * and as long as it is there nobody else decides: whoever takes himself for master without it is
 * not heard. Without a controller the port is where its record says unless that host is dead by
 * BFD; then it is the first of the others that is not. All hosts that see the same come to the same
 * result; one that is cut off from all others keeps what it has, for those who are cut off with it.
 */
#include "agent/reconcile/reconcile.h"

static const struct ip *place_ip(
	const struct reconcile *reconcile, const struct member *member, struct ip *room)
{
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	enum dp_encap encap;

	return member->known && tunnel_choose(&own, &member->tunnel, room, &encap) ? room : NULL;
}

bool redundant_is_dead(const struct reconcile *reconcile, const struct member *member)
{
	struct ip room;
	const struct ip *vtep = place_ip(reconcile, member, &room);

	return !uuid_equal(&member->host, &reconcile->desired->self) && vtep &&
	       reconcile->host_is_dead && reconcile->host_is_dead(vtep, reconcile->data);
}

const struct member *redundant_place(
	const struct reconcile *reconcile, const struct endpoint *endpoint)
{
	const struct member *member = endpoint->member;

	if (!endpoint->standby || !reconcile->alone || !redundant_is_dead(reconcile, member))
		return member;
	for (guint i = 0; i < endpoint->standby->len; i++) {
		const struct member *other = g_hash_table_lookup(member->network->members,
			&g_array_index(endpoint->standby, struct uuid, i));

		if (other && !redundant_is_dead(reconcile, other))
			return other;
	}
	return member;
}

bool port_is_active(const struct reconcile *reconcile, const struct port *port)
{
	const struct endpoint *endpoint = desired_endpoint(reconcile->desired, &port->id);

	if (!endpoint || !endpoint->standby)
		return port->record.active;
	return port->record.active ||
	       uuid_equal(&redundant_place(reconcile, endpoint)->host, &reconcile->desired->self);
}
