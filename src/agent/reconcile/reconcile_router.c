/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a router is on this host: an interface and a directory entry for each of its networks, and
 * its routes. All of it is made anew from its interfaces whenever one of them, a network or a
 * subnet changes, and compared with what the datapath has: a router has few of each.
 *
 * One destination may be said by several: its own addresses come before the subnets that it is
 * connected to, and those before the routes that its owner gave; of these several with one
 * destination are the hops of one route.
 */
#include "agent/reconcile/reconcile_plan.h"

#include <string.h>

#include "agent/desired/parts.h"

struct dp_route *plan_route(struct plan *plan, const struct prefix *prefix, enum dp_route_kind kind)
{
	struct dp_route route = { .router = plan->router, .prefix = *prefix, .kind = kind };
	struct dp_route *known;
	char text[PREFIX_STRLEN];
	guint n;

	route.prefix.ip = prefix_network(prefix);
	prefix_format(&route.prefix, text);
	n = GPOINTER_TO_UINT(g_hash_table_lookup(plan->known, text));
	if (!n) {
		g_array_append_val(plan->routes, route);
		n = plan->routes->len;
		g_hash_table_insert(plan->known, g_strdup(text), GUINT_TO_POINTER(n));
	}
	known = &g_array_index(plan->routes, struct dp_route, n - 1);
	return known->kind == kind ? known : NULL;
}

void plan_hop(struct dp_route *route, u32 vni, const struct mac *mac, const struct ip *via)
{
	struct dp_route_hop hop = { .vni = vni, .mac = *mac };

	if (via)
		hop.via = *via;
	if (route && route->n_hops < (via ? DP_ROUTE_HOPS : 1))
		route->hops[route->n_hops++] = hop;
}

static void plan_own_address(struct plan *plan, const struct ip *ip)
{
	struct prefix prefix = { .ip = *ip, .len = (u8)ip_bits(ip) };

	plan_route(plan, &prefix, DP_ROUTE_LOCAL);
}

static const struct ip *fixed_ip(const struct interface *interface, guint i)
{
	return &g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i).ip;
}

/* NULL while it has not arrived. */
static const struct record_subnet *subnet_of(
	const struct desired *desired, const struct interface *interface, guint i)
{
	const struct subnet *subnet = desired_subnet(desired,
		&g_array_index(interface->record.fixed_ips, struct record_fixed_ip, i).subnet_id);

	return subnet ? &subnet->record : NULL;
}

static void add_interface(struct plan *plan, const struct interface *interface)
{
	struct ip link_local = ip_link_local_from_mac(&interface->record.mac);
	struct dp_interface wanted = {
		.vni = interface->network->vni, .mac = interface->record.mac, .router = plan->router
	};

	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		const struct ip *ip = fixed_ip(interface, i);
		struct ip *slot = ip->family == 6 ? &wanted.ip6 : &wanted.ip4;

		if (!slot->family || ip_is_link_local(slot))
			*slot = *ip;
		plan_own_address(plan, ip);
	}
	plan_own_address(plan, &link_local);
	g_array_append_val(plan->interfaces, wanted);
}

static void add_connected(
	struct plan *plan, const struct desired *desired, const struct interface *interface)
{
	for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
		const struct record_subnet *subnet = subnet_of(desired, interface, i);

		if (subnet)
			plan_hop(plan_route(plan, &subnet->cidr, DP_ROUTE_CONNECTED),
				interface->network->vni, &interface->record.mac, NULL);
	}
}

/* The interface that has @ip for a neighbour, or NULL. */
static const struct interface *towards(
	const struct desired *desired, const struct router *router, const struct ip *ip)
{
	for (guint n = 0; n < router->interfaces->len; n++) {
		const struct interface *interface = router->interfaces->pdata[n];

		for (guint i = 0; i < interface->record.fixed_ips->len; i++) {
			const struct record_subnet *subnet = subnet_of(desired, interface, i);

			if (interface_is_up(interface) && subnet &&
				prefix_contains(&subnet->cidr, ip))
				return interface;
		}
	}
	return NULL;
}

/* Whether whoever has the address is on a dead host. Who is not known is not: that is told by the
 * packet that looks for him. */
static bool is_on_dead_host(
	const struct reconcile *reconcile, const struct network *network, const struct ip *ip)
{
	struct address address = address_of_ip(ip);
	const struct claim *claim = network_claims(network, &address);
	bool dead = claim;

	for (; claim && dead; claim = claim->next)
		dead = redundant_is_dead(reconcile, claim->endpoint->member);
	return dead;
}

static void add_given_hop(struct plan *plan, const struct interface *out,
	const struct record_route *given, bool only_without_others)
{
	struct dp_route *route = plan_route(plan, &given->destination, DP_ROUTE_VIA);

	if (!only_without_others || !route || !route->n_hops)
		plan_hop(route, out->network->vni, &out->record.mac, &given->nexthop);
}

/* A next hop on a dead host is none, as long as its destination has another. */
static void add_given(
	struct plan *plan, const struct reconcile *reconcile, const struct router *router)
{
	const struct interface *any = router->interfaces->pdata[0], *out;
	const GArray *routes = any->record.routes;

	for (guint i = 0; i < 2 * routes->len; i++) {
		const struct record_route *given =
			&g_array_index(routes, struct record_route, i % routes->len);
		bool again = i >= routes->len;

		out = towards(reconcile->desired, router, &given->nexthop);
		if (out && again == is_on_dead_host(reconcile, out->network, &given->nexthop))
			add_given_hop(plan, out, given, again);
		else if (!out && !again)
			plan_gateway_given(plan, given);
	}
}

static void make_plan(
	struct plan *plan, const struct reconcile *reconcile, const struct router *router)
{
	const struct desired *desired = reconcile->desired;

	for (guint i = 0; i < router->interfaces->len; i++)
		if (interface_is_up(router->interfaces->pdata[i]))
			add_interface(plan, router->interfaces->pdata[i]);
	plan_gateway(plan, reconcile, router);
	for (guint i = 0; i < router->interfaces->len; i++)
		if (interface_is_up(router->interfaces->pdata[i]))
			add_connected(plan, desired, router->interfaces->pdata[i]);
	plan_gateway_connected(plan);
	if (router->interfaces->len)
		add_given(plan, reconcile, router);
	plan_gateway_default(plan);
	plan_prefixes(plan);
}

static bool is_same_interface(const struct dp_interface *a, const struct dp_interface *b)
{
	return a->vni == b->vni && !mac_compare(&a->mac, &b->mac);
}

static void withdraw_interfaces(
	struct reconcile *reconcile, const struct router *router, const GArray *wanted)
{
	for (guint i = 0; router->applied_interfaces && i < router->applied_interfaces->len; i++) {
		const struct dp_interface *old =
			&g_array_index(router->applied_interfaces, struct dp_interface, i);
		GError *error = NULL;
		guint w = 0;

		while (w < wanted->len &&
			!is_same_interface(old, &g_array_index(wanted, struct dp_interface, w)))
			w++;
		if (w == wanted->len &&
			!dp_interface_delete(reconcile->dp, old->vni, &old->mac, &error))
			reconcile_failed(reconcile, error);
	}
}

static void withdraw_routes(
	struct reconcile *reconcile, const struct router *router, const struct plan *plan)
{
	for (guint i = 0; router->applied_routes && i < router->applied_routes->len; i++) {
		const struct dp_route *old =
			&g_array_index(router->applied_routes, struct dp_route, i);
		char text[PREFIX_STRLEN];
		GError *error = NULL;

		if (!g_hash_table_contains(plan->known, prefix_format(&old->prefix, text)) &&
			!dp_route_delete(reconcile->dp, old->router, &old->prefix, &error))
			reconcile_failed(reconcile, error);
	}
}

/* Keeps the first error for the report; each is logged. */
static void note(struct reconcile *reconcile, GError *error, char **why)
{
	if (!*why)
		*why = g_strdup(error->message);
	reconcile_failed(reconcile, error);
}

/* NULL, or why it is not all there; the caller's. */
static char *apply(struct reconcile *reconcile, struct plan *plan, struct router *router)
{
	char *why = NULL;
	GArray *guarded = put_guards(reconcile, plan, router, &why);

	for (guint i = 0; i < plan->routes->len; i++) {
		GError *error = NULL;

		if (!dp_route_put(reconcile->dp, &g_array_index(plan->routes, struct dp_route, i),
			    &error))
			note(reconcile, error, &why);
	}
	for (guint i = 0; i < plan->interfaces->len; i++) {
		GError *error = NULL;

		if (!dp_interface_put(reconcile->dp,
			    &g_array_index(plan->interfaces, struct dp_interface, i), &error))
			note(reconcile, error, &why);
	}
	apply_prefixes(reconcile, plan, &why); /* before packets come for them */
	apply_gateway(reconcile, plan, router, &why);
	withdraw_guards(reconcile, router, guarded);
	return why;
}

static const char *obstacle(const struct interface *interface)
{
	if (!interface->network->known)
		return "its network has not arrived yet";
	if (interface->network->wire.physical_network)
		return "a physical network is connected by a router's external gateway, not by an interface";
	return NULL;
}

static void set_states(struct reconcile *reconcile, const struct router *router, const char *why)
{
	for (guint i = 0; i < router->interfaces->len; i++) {
		struct interface *interface = router->interfaces->pdata[i];
		const char *reason = obstacle(interface) ?: why;
		enum port_state state = reason ? PORT_NOT_WIRED : PORT_WIRED;

		if (interface->state == state && !g_strcmp0(interface->reason, reason))
			continue;
		interface->state = state;
		g_free(interface->reason);
		interface->reason = g_strdup(reason);
		reconcile->interface_changed(interface, reconcile->data);
	}
}

static void remember(struct router *router, const struct plan *plan)
{
	g_clear_pointer(&router->applied_interfaces, g_array_unref);
	g_clear_pointer(&router->applied_routes, g_array_unref);
	g_clear_pointer(&router->applied_gateway, g_free);
	if (plan->interfaces->len || plan->routes->len) {
		router->applied_interfaces = g_array_ref(plan->interfaces);
		router->applied_routes = g_array_ref(plan->routes);
	}
	if (plan->gateway)
		router->applied_gateway = g_memdup2(&plan->wanted, sizeof(plan->wanted));
}

void reconcile_router(struct reconcile *reconcile, struct router *router)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct plan plan = { .router = router_number(&router->id),
		.interfaces = g_array_new(FALSE, FALSE, sizeof(struct dp_interface)),
		.routes = g_array_new(FALSE, FALSE, sizeof(struct dp_route)),
		.known = known,
		.prefixes = g_array_new(FALSE, TRUE, sizeof(struct dp_prefix_translation)) };
	g_autofree char *why = NULL;

	make_plan(&plan, reconcile, router);
	withdraw_gateway(reconcile, &plan, router);
	withdraw_interfaces(reconcile, router, plan.interfaces);
	withdraw_routes(reconcile, router, &plan);
	withdraw_prefixes(reconcile, &plan, router);
	why = apply(reconcile, &plan, router);
	set_states(reconcile, router, why);
	gateway_set_state(reconcile, &plan, router, why);
	remember(router, &plan);
	for (guint i = 0; i < router->floating_ips->len; i++)
		floating_ip_mark(reconcile->desired, router->floating_ips->pdata[i]);
	g_array_unref(plan.interfaces);
	g_array_unref(plan.routes);
	g_array_unref(plan.prefixes);
}
