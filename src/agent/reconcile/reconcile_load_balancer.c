/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers: the VIP's place in the directory, and the listeners with those members whose
 * ports are known here. */
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

#include <string.h>

static void withdraw_listener(struct reconcile *reconcile, const struct load_balancer *balancer,
	const struct applied_listener *listener)
{
	struct dp_listener_stats last;
	GError *error = NULL;

	if (reconcile->listener_ends &&
		dp_listener_stats(reconcile->dp, balancer->applied_vni, &listener->vip,
			listener->proto, listener->port, &last))
		reconcile->listener_ends(&listener->id, &last, reconcile->data);
	if (!dp_listener_delete(reconcile->dp, balancer->applied_vni, &listener->vip,
		    listener->proto, listener->port, &error))
		reconcile_failed(reconcile, error);
}

/* The wire is not answered for them any more. */
static void leave_wire(struct reconcile *reconcile, struct load_balancer *balancer)
{
	GError *error = NULL;

	for (guint i = 0; balancer->applied_here && i < balancer->applied_vips->len; i++) {
		const struct ip *vip = &g_array_index(balancer->applied_vips, struct ip, i);

		reconcile->address_withdrawn(balancer->applied_vni, vip, reconcile->data);
		if (!dp_vip_here_delete(reconcile->dp, balancer->applied_vni, vip, &error)) {
			reconcile_failed(reconcile, error);
			error = NULL;
		}
	}
	balancer->applied_here = false;
}

static void withdraw(struct reconcile *reconcile, struct load_balancer *balancer)
{
	GError *error = NULL;

	if (!balancer->applied_vni)
		return;
	leave_wire(reconcile, balancer);
	for (guint i = 0; i < balancer->applied->len; i++)
		withdraw_listener(reconcile, balancer,
			&g_array_index(balancer->applied, struct applied_listener, i));
	g_array_set_size(balancer->applied, 0);
	for (guint i = 0; i < balancer->applied_vips->len; i++)
		if (!dp_vip_delete(reconcile->dp, balancer->applied_vni,
			    &g_array_index(balancer->applied_vips, struct ip, i),
			    &balancer->applied_mac, &error)) {
			reconcile_failed(reconcile, error);
			error = NULL;
		}
	g_array_set_size(balancer->applied_vips, 0);
	balancer->applied_vni = 0;
}

/* What is on a wire is reached by that alone: then VIP and members are on one network. */
static bool is_reached(const struct load_balancer *balancer, const struct network *network)
{
	return network == balancer->networks->pdata[0] ||
	       (!network->wire.physical_network && !load_balancer_is_on_wire(balancer));
}

/* Of a listener's member: does its host live, and does it wait for others to fail? */
struct standing {
	bool reached, is_backup;
};

/* Where a member is, and whether its host lives; false: no port of this part of the cloud has its
 * address. */
static bool find_member(const struct reconcile *reconcile, const struct load_balancer *balancer,
	const struct record_lb_member *record, struct dp_lb_member *ret,
	struct standing *ret_standing)
{
	struct network *network = desired_network(reconcile->desired, &record->network_id);
	struct address address = address_of_ip(&record->ip);
	const struct claim *claim;

	if (record->dead || !network || !network_is_here(network) || !is_reached(balancer, network))
		return false;
	claim = network_claims(network, &address);
	while (claim && claim->origin != CLAIM_OWN)
		claim = claim->next;
	if (!claim)
		return false;
	*ret = (struct dp_lb_member){ .vni = network->applied_vni,
		.mac = claim->endpoint->mac,
		.ip = record->ip,
		.port = (u16)record->port,
		.weight = record->backup_weight ?: record->weight };
	*ret_standing = (struct standing){ !redundant_is_dead(reconcile, claim->endpoint->member),
		record->backup_weight };
	if (network != balancer->networks->pdata[0])
		ret->router_mac = lb_way(balancer->networks->pdata[0], &record->ip);
	return true;
}

/* New connections are for backups while no other member can have them; when nobody can, they are
 * for the others. */
static void choose_backups(GArray *members, const GArray *standings)
{
	bool can[2] = { false }, others = false; /* by is_backup */

	for (guint i = 0; i < members->len; i++) {
		const struct standing *its = &g_array_index(standings, struct standing, i);
		bool has_weight = g_array_index(members, struct dp_lb_member, i).weight;

		can[its->is_backup] |= its->reached && has_weight;
		others |= has_weight && !its->is_backup;
	}
	for (guint i = 0; (can[0] || (others && !can[1])) && i < members->len; i++)
		if (g_array_index(standings, struct standing, i).is_backup)
			g_array_index(members, struct dp_lb_member, i).weight = 0;
}

/* Who is on a dead host gets no new connections, as if he were drained, unless all are: nobody is
 * there who could ask after him and say so. What he has stays: an agent that is stopped is taken
 * for a dead host, while its edge switch goes on. */
static void pass_over_dead_hosts(GArray *members, const GArray *standings)
{
	bool any = false;

	for (guint i = 0; i < members->len; i++)
		any |= g_array_index(standings, struct standing, i).reached &&
		       g_array_index(members, struct dp_lb_member, i).weight;
	for (guint i = 0; any && i < members->len; i++)
		if (!g_array_index(standings, struct standing, i).reached)
			g_array_index(members, struct dp_lb_member, i).weight = 0;
}

static const struct record_lb_pool *find_pool(
	const struct load_balancer *balancer, const struct uuid *id)
{
	for (guint i = 0; i < balancer->record.pools->len; i++) {
		const struct record_lb_pool *pool =
			&g_array_index(balancer->record.pools, struct record_lb_pool, i);

		if (uuid_equal(&pool->id, id))
			return pool;
	}
	return NULL;
}

/* At one of the VIPs: NULL, or why it could not be stated; the caller's. */
static char *put_listener(struct reconcile *reconcile, const struct load_balancer *balancer,
	const struct record_lb_listener *record, const struct ip *vip)
{
	const struct record_lb_pool *pool = find_pool(balancer, &record->pool_id);
	g_autoptr(GArray) members = g_array_new(FALSE, TRUE, sizeof(struct dp_lb_member));
	struct dp_listener wanted = { .vni = balancer->applied_vni,
		.vip = *vip,
		.port = (u16)record->port,
		.proto = record->proto,
		.by_source = pool && pool->by_source,
		.allowed = (const void *)record->allowed->data,
		.n_allowed = record->allowed->len };
	g_autoptr(GArray) standings = g_array_new(FALSE, TRUE, sizeof(struct standing));
	struct dp_lb_member member;
	GError *error = NULL;
	struct standing standing;
	char *why;

	for (guint i = 0; pool && i < pool->members->len; i++) {
		const struct record_lb_member *one =
			&g_array_index(pool->members, struct record_lb_member, i);

		if (one->ip.family != vip->family ||
			!find_member(reconcile, balancer, one, &member, &standing))
			continue;
		g_array_append_val(members, member);
		g_array_append_val(standings, standing);
	}
	choose_backups(members, standings);
	pass_over_dead_hosts(members, standings);
	wanted.members = (const void *)members->data;
	wanted.n_members = members->len;
	if (dp_listener_put(reconcile->dp, &wanted, &error))
		return NULL;
	why = g_strdup(error->message);
	reconcile_failed(reconcile, error);
	return why;
}

static bool is_listed(const struct load_balancer *balancer, const struct applied_listener *applied)
{
	for (guint i = 0; i < balancer->record.listeners->len; i++) {
		const struct record_lb_listener *listener =
			&g_array_index(balancer->record.listeners, struct record_lb_listener, i);

		if (listener->proto == applied->proto && listener->port == applied->port &&
			uuid_equal(&listener->id, &applied->id))
			return true;
	}
	return false;
}

static void withdraw_others(struct reconcile *reconcile, struct load_balancer *balancer)
{
	for (guint i = balancer->applied->len; i-- > 0;) {
		const struct applied_listener *old =
			&g_array_index(balancer->applied, struct applied_listener, i);

		if (!is_listed(balancer, old))
			withdraw_listener(reconcile, balancer, old);
	}
	g_array_set_size(balancer->applied, 0);
}

/* NULL, or why not all could be stated; the caller's. */
static char *put_listeners(
	struct reconcile *reconcile, struct load_balancer *balancer, const struct ip *vip)
{
	const GArray *listeners = balancer->record.listeners;
	char *why = NULL;

	for (guint i = 0; i < listeners->len; i++) {
		const struct record_lb_listener *listener =
			&g_array_index(listeners, struct record_lb_listener, i);
		struct applied_listener applied = { listener->id, *vip, listener->proto,
			(u16)listener->port };
		char *failed = put_listener(reconcile, balancer, listener, vip);

		g_array_append_val(balancer->applied, applied);
		if (!why)
			why = failed;
		else
			g_free(failed);
	}
	return why;
}

/* NULL, or why it is not there; the caller's. */
static char *place(struct reconcile *reconcile, struct load_balancer *balancer, u32 vni)
{
	const struct record_load_balancer *record = &balancer->record;
	GError *error = NULL;
	char *why = NULL;

	balancer->applied_vni = vni;
	balancer->applied_mac = record->mac;
	g_array_set_size(balancer->applied_vips, 0);
	g_array_append_vals(balancer->applied_vips, record->vips->data, record->vips->len);
	withdraw_others(reconcile, balancer);
	for (guint i = 0; !why && i < record->vips->len; i++) {
		const struct ip *vip = &g_array_index(record->vips, struct ip, i);

		if (dp_vip_put(reconcile->dp, vni, vip, &record->mac, &error)) {
			why = put_listeners(reconcile, balancer, vip);
		} else {
			why = g_strdup(error->message);
			reconcile_failed(reconcile, error);
		}
	}
	return why;
}

/* NULL, or why this host can't answer the wire for them; the caller's. */
static char *place_on_wire(struct reconcile *reconcile, struct load_balancer *balancer)
{
	const struct record_load_balancer *record = &balancer->record;
	bool is_news = !balancer->applied_here || reconcile->hosts_rejoined;
	GError *error = NULL;
	char *why;

	if (!vip_is_here(reconcile, balancer)) {
		leave_wire(reconcile, balancer);
		return NULL;
	}
	balancer->applied_here = true;
	for (guint i = 0; i < record->vips->len; i++) {
		const struct ip *vip = &g_array_index(record->vips, struct ip, i);

		if (!dp_vip_here_put(
			    reconcile->dp, balancer->applied_vni, vip, &record->mac, &error)) {
			why = g_strdup(error->message);
			reconcile_failed(reconcile, error);
			return why;
		}
		if (is_news)
			reconcile->address_placed(
				balancer->applied_vni, &record->mac, vip, reconcile->data);
	}
	return NULL;
}

static bool is_placed(const struct load_balancer *balancer, u32 vni)
{
	const struct record_load_balancer *record = &balancer->record;

	return balancer->applied_vni == vni &&
	       (!vni || (!mac_compare(&balancer->applied_mac, &record->mac) &&
				balancer->applied_vips->len == record->vips->len &&
				!memcmp(balancer->applied_vips->data, record->vips->data,
					record->vips->len * sizeof(struct ip))));
}

static void set_state(
	struct reconcile *reconcile, struct load_balancer *balancer, const char *reason)
{
	enum port_state state = reason ? PORT_NOT_WIRED : PORT_WIRED;

	if (balancer->state == state && !g_strcmp0(balancer->reason, reason))
		return;
	balancer->state = state;
	g_free(balancer->reason);
	balancer->reason = g_strdup(reason);
	reconcile->load_balancer_changed(balancer, reconcile->data);
}

void reconcile_load_balancer(struct reconcile *reconcile, struct load_balancer *balancer)
{
	const struct record_load_balancer *record = &balancer->record;
	const struct network *network = balancer->known ? balancer->networks->pdata[0] : NULL;
	bool here = network && network_is_here(network);
	bool on_wire = here && network->wire.physical_network;
	u32 vni = here && record->admin_state_up ? network->vni : 0;
	g_autofree char *why = NULL;

	if (!balancer->applied) {
		balancer->applied = g_array_new(FALSE, TRUE, sizeof(struct applied_listener));
		balancer->applied_vips = g_array_new(FALSE, TRUE, sizeof(struct ip));
	}
	reconcile->peers_changed |= on_wire || balancer->applied_here;
	if (!is_placed(balancer, vni))
		withdraw(reconcile, balancer);
	if (!here)
		return;
	if (vni)
		why = place(reconcile, balancer, vni);
	else if (on_wire && record->admin_state_up)
		desired_wire_number(reconcile->desired, &network->wire, &why);
	if (vni && on_wire && !why)
		why = place_on_wire(reconcile, balancer);
	set_state(reconcile, balancer, why);
}
