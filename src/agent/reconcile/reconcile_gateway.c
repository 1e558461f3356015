/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router's gateway on this host: where it is, and the way there. It is on the first of its hosts
 * that is not known to be dead, and every host finds that out by itself: so a failure is over when
 * BFD has noticed it, with no part of the controller. Who was never heard of is taken for alive:
 * two that both have the gateway are worse than a moment without it. A host whose way outside does
 * not work says so, by BFD too, and is passed over by all, itself among them, as long as there is
 * a better one.
 */
#include <string.h>

#include "agent/desired/connection_quota.h"
#include "agent/reconcile/qos.h"
#include "agent/reconcile/reconcile_plan.h"
#include "agent/reconcile/snat.h"

static bool is_self(const struct reconcile *reconcile, const struct uuid *host)
{
	return uuid_equal(host, &reconcile->desired->self);
}

/* How to reach a host; false when nothing is known of it. It is a member of all networks of the
 * router. */
static bool find_host(const struct reconcile *reconcile, const struct router *router,
	const struct uuid *host, struct ip *ret_vtep, enum dp_encap *ret_encap)
{
	struct record_tunnel own = reconcile_own_tunnel(reconcile);

	for (guint i = 0; i < router->interfaces->len; i++) {
		const struct interface *interface = router->interfaces->pdata[i];
		const struct member *member =
			g_hash_table_lookup(interface->network->members, host);

		if (member && member->known &&
			tunnel_choose(&own, &member->tunnel, ret_vtep, ret_encap))
			return true;
	}
	return false;
}

static bool is_dead(
	const struct reconcile *reconcile, const struct router *router, const struct uuid *host)
{
	enum dp_encap encap;
	struct ip vtep;

	return !is_self(reconcile, host) && reconcile->host_is_dead &&
	       find_host(reconcile, router, host, &vtep, &encap) &&
	       reconcile->host_is_dead(&vtep, reconcile->data);
}

static bool is_cut_off(
	const struct reconcile *reconcile, const struct router *router, const struct uuid *host)
{
	enum dp_encap encap;
	struct ip vtep;

	if (!reconcile->host_is_cut_off)
		return false;
	if (is_self(reconcile, host))
		return reconcile->host_is_cut_off(NULL, reconcile->data);
	return find_host(reconcile, router, host, &vtep, &encap) &&
	       reconcile->host_is_cut_off(&vtep, reconcile->data);
}

/* NULL: there is no host for it. When all are cut off, the first that lives; when all are dead,
 * the first. */
static const struct uuid *elect(const struct reconcile *reconcile, const struct router *router)
{
	const GArray *hosts = router->gateway->record.hosts;
	const struct uuid *alive = NULL;

	for (guint i = 0; i < hosts->len; i++) {
		const struct uuid *host = &g_array_index(hosts, struct uuid, i);

		if (is_dead(reconcile, router, host))
			continue;
		if (!is_cut_off(reconcile, router, host))
			return host;
		if (!alive)
			alive = host;
	}
	if (alive)
		return alive;
	return hosts->len ? &g_array_index(hosts, struct uuid, 0) : NULL;
}

static void add_addresses(struct plan *plan)
{
	const GArray *fixed_ips = plan->gateway->record.fixed_ips;

	for (guint i = 0; i < fixed_ips->len; i++) {
		const struct ip *ip = &g_array_index(fixed_ips, struct record_fixed_ip, i).ip;
		struct ip *slot = ip->family == 6 ? &plan->wanted.ip6 : &plan->wanted.ip4;

		if (!slot->family)
			*slot = *ip;
	}
}

/* Its interface on the wire. What is sent to its addresses goes the way of the outside: it may be
 * an answer to what was translated. */
static void add_here(struct plan *plan)
{
	struct dp_interface interface = { .vni = plan->wanted.vni,
		.mac = plan->wanted.mac,
		.router = plan->router,
		.ip4 = plan->wanted.ip4,
		.ip6 = plan->wanted.ip6 };

	g_array_append_val(plan->interfaces, interface);
}

/* All routers of a project count together. */
static void add_owner(struct plan *plan, const struct desired *desired, const char *project_id)
{
	const struct record_connection_quota *quota = connection_quota_of(desired, project_id);
	u8 name[16] = { 0 };

	project_name(project_id, name);
	memcpy(&plan->wanted.owner, name, sizeof(plan->wanted.owner));
	plan->wanted.is_limited = quota;
	plan->wanted.translations_max = quota ? quota->limit : 0;
}

void plan_gateway(struct plan *plan, const struct reconcile *reconcile, const struct router *router)
{
	const struct gateway *gateway = router->gateway;
	const struct uuid *host;
	u32 number;

	if (!gateway || !gateway->record.admin_state_up)
		return;
	number = desired_wire_number(reconcile->desired, &gateway->record.wire, NULL);
	host = elect(reconcile, router);
	plan->gateway = gateway;
	plan->elected = host && is_self(reconcile, host);
	plan->wanted = (struct dp_gateway){ .router = plan->router,
		.vni = number ? number : DP_WIRE,
		.mtu_bytes = gateway->record.mtu_bytes,
		.here = plan->elected && number,
		.mac = gateway->record.mac,
		.snat = gateway->record.enable_snat };
	add_owner(plan, reconcile->desired, gateway->record.project_id);
	add_addresses(plan);
	if (host && !plan->elected)
		find_host(reconcile, router, host, &plan->wanted.vtep, &plan->wanted.encap);
	snat_plan(reconcile->desired, &gateway->record, &plan->wanted);
	if (!plan->wanted.here && router_serves_helped(router))
		plan->wanted.n_ports = 0; /* one host must see all of a helped connection */
	if (plan->wanted.here)
		add_here(plan);
}

void plan_gateway_connected(struct plan *plan)
{
	const GArray *subnets = plan->gateway ? plan->gateway->record.subnets : NULL;

	for (guint i = 0; subnets && i < subnets->len; i++)
		plan_hop(plan_route(plan,
				 &g_array_index(subnets, struct record_outer_subnet, i).cidr,
				 DP_ROUTE_CONNECTED),
			plan->wanted.vni, &plan->wanted.mac, NULL);
}

void plan_gateway_given(struct plan *plan, const struct record_route *given)
{
	const GArray *subnets = plan->gateway ? plan->gateway->record.subnets : NULL;

	for (guint i = 0; subnets && i < subnets->len; i++) {
		const struct record_outer_subnet *subnet =
			&g_array_index(subnets, struct record_outer_subnet, i);

		if (!prefix_contains(&subnet->cidr, &given->nexthop))
			continue;
		plan_hop(plan_route(plan, &given->destination, DP_ROUTE_VIA), plan->wanted.vni,
			&plan->wanted.mac, &given->nexthop);
		return;
	}
}

/* Of the subnets that it has an address of; the first of each family. */
static bool has_address_on(const struct gateway *gateway, const struct record_outer_subnet *subnet)
{
	const GArray *fixed_ips = gateway->record.fixed_ips;

	for (guint i = 0; i < fixed_ips->len; i++)
		if (prefix_contains(
			    &subnet->cidr, &g_array_index(fixed_ips, struct record_fixed_ip, i).ip))
			return true;
	return false;
}

/* A route to everywhere that the router's owner gave stands instead of it. */
void plan_gateway_default(struct plan *plan)
{
	const GArray *subnets = plan->gateway ? plan->gateway->record.subnets : NULL;

	for (guint i = 0; subnets && i < subnets->len; i++) {
		const struct record_outer_subnet *subnet =
			&g_array_index(subnets, struct record_outer_subnet, i);
		struct prefix all = { .ip = { .family = subnet->cidr.ip.family } };
		char text[PREFIX_STRLEN];

		if (subnet->gateway.family && has_address_on(plan->gateway, subnet) &&
			!g_hash_table_contains(plan->known, prefix_format(&all, text)))
			plan_hop(plan_route(plan, &all, DP_ROUTE_VIA), plan->wanted.vni,
				&plan->wanted.mac, &subnet->gateway);
	}
}

static bool is_same_place(const struct dp_gateway *a, const struct dp_gateway *b)
{
	return a->here == b->here && a->vni == b->vni && !mac_compare(&a->mac, &b->mac) &&
	       !memcmp(&a->ip4, &b->ip4, sizeof(a->ip4)) &&
	       !memcmp(&a->ip6, &b->ip6, sizeof(a->ip6));
}

void withdraw_gateway(struct reconcile *reconcile, const struct plan *plan, struct router *router)
{
	const struct dp_gateway *old = router->applied_gateway;
	GError *error = NULL;

	if (!old)
		return;
	if (old->here && (!plan->gateway || !is_same_place(old, &plan->wanted))) {
		reconcile->address_withdrawn(old->vni, &old->ip4, reconcile->data);
		reconcile->address_withdrawn(old->vni, &old->ip6, reconcile->data);
	}
	if (plan->gateway)
		return;
	if (!dp_snat_owners_delete(reconcile->dp, plan->router, &error) ||
		!dp_gateway_delete(reconcile->dp, plan->router, &error))
		reconcile_failed(reconcile, error);
	limits_settle(reconcile->dp, &router->id, NULL, &router->limited);
}

/* Who has which ports must be known before this host answers for the address. */
static bool state_owners(struct reconcile *reconcile, const struct plan *plan, GError **error)
{
	const struct record_gateway *record = &plan->gateway->record;
	g_autoptr(GArray) owners = NULL;
	struct mac own = snat_host_mac(&reconcile->desired->self);

	if (!snat_is_shared(record))
		return dp_snat_owners_delete(reconcile->dp, plan->router, error);
	owners = snat_owners(reconcile->desired, record);
	return dp_set_wire_mac(reconcile->dp, &own, error) &&
	       dp_snat_owners_put(reconcile->dp, plan->router,
		       (const struct dp_snat_owner *)(void *)owners->data, owners->len, error);
}

/* Neighbours must hear who has the addresses. */
static void tell(
	struct reconcile *reconcile, const struct plan *plan, const struct dp_gateway *before)
{
	const struct dp_gateway *now = &plan->wanted;
	const struct ip *const addresses[] = { &now->ip4, &now->ip6 };

	if (!now->here || (before && is_same_place(before, now) && !reconcile->hosts_rejoined))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
		if (addresses[i]->family)
			reconcile->address_placed(
				now->vni, &now->mac, addresses[i], reconcile->data);
}

/* They must be known before they are needed. */
static void ask_next_hops(struct reconcile *reconcile, const struct plan *plan)
{
	for (guint i = 0; plan->wanted.vni != DP_WIRE && i < plan->routes->len; i++) {
		const struct dp_route *route = &g_array_index(plan->routes, struct dp_route, i);

		for (u8 h = 0; route->kind == DP_ROUTE_VIA && h < route->n_hops; h++)
			if (route->hops[h].vni == plan->wanted.vni)
				reconcile->next_hop_stated(
					route->hops[h].vni, &route->hops[h].via, reconcile->data);
	}
}

/* It has its limits where it is. */
static bool state_limits(
	struct reconcile *reconcile, struct plan *plan, struct router *router, GError **error)
{
	static const struct record_qos none;

	return limits_put(reconcile->dp, &router->id,
		plan->wanted.here ? &plan->gateway->record.qos : &none, &router->limited,
		plan->wanted.limits, error);
}

void apply_gateway(
	struct reconcile *reconcile, struct plan *plan, struct router *router, char **why)
{
	GError *error = NULL;

	if (!plan->gateway)
		return;
	if (!state_owners(reconcile, plan, &error) ||
		!state_limits(reconcile, plan, router, &error) ||
		!dp_gateway_put(reconcile->dp, &plan->wanted, &error)) {
		if (!*why)
			*why = g_strdup(error->message);
		reconcile_failed(reconcile, error);
		return;
	}
	limits_settle(reconcile->dp, &router->id, plan->wanted.limits, &router->limited);
	tell(reconcile, plan, router->applied_gateway);
	ask_next_hops(reconcile, plan);
}

void gateway_set_state(struct reconcile *reconcile, const struct plan *plan,
	const struct router *router, const char *why)
{
	struct gateway *gateway = router->gateway;
	enum port_state state = plan->wanted.here && !why ? PORT_WIRED : PORT_NOT_WIRED;
	g_autofree char *reason = NULL;

	if (!gateway)
		return;
	if (!plan->elected) {
		if (gateway->state == PORT_UNREPORTED)
			return;
		gateway->state = PORT_UNREPORTED;
		reconcile->gateway_changed(gateway, reconcile->data);
		return;
	}
	if (why)
		reason = g_strdup(why);
	else
		desired_wire_number(reconcile->desired, &gateway->record.wire, &reason);
	if (gateway->state == state && !g_strcmp0(gateway->reason, reason))
		return;
	gateway->state = state;
	g_free(gateway->reason);
	gateway->reason = g_steal_pointer(&reason);
	reconcile->gateway_changed(gateway, reconcile->data);
}
