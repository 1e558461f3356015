/* SPDX-License-Identifier: Apache-2.0 */
/* What a router is to be on this host: between reconcile_router.c and reconcile_gateway.c. */
#pragma once

#include "agent/reconcile/reconcile.h"

struct plan {
	u64 router;
	GArray *interfaces; /* struct dp_interface */
	GArray *routes;	    /* struct dp_route */
	GHashTable *known;  /* prefixes as text → 1 + place in routes */
	GArray *prefixes;   /* struct dp_prefix_translation */

	const struct gateway *gateway; /* NULL: none, or it is down */
	struct dp_gateway wanted;      /* with gateway */
	bool elected;		       /* it is this host's, if it can be here */
};

/* The route to @prefix: a new one of @kind, or the one that is there, if it is of that kind too;
 * NULL: it is of another, which came first. Valid until the next. */
struct dp_route *plan_route(
	struct plan *plan, const struct prefix *prefix, enum dp_route_kind kind);
/* More hops than the datapath can share between are left out, as they are of a @route that is NULL.
 */
void plan_hop(struct dp_route *route, u32 vni, const struct mac *mac, const struct ip *via);

/* reconcile_gateway.c: what the gateway adds to a plan, in the order of precedence. */
void plan_gateway(
	struct plan *plan, const struct reconcile *reconcile, const struct router *router);
void plan_gateway_connected(struct plan *plan);
void plan_gateway_given(struct plan *plan, const struct record_route *given);
void plan_gateway_default(struct plan *plan);

/* An applied one that is not planned any more goes. */
void withdraw_gateway(struct reconcile *reconcile, const struct plan *plan, struct router *router);
/* Keeps the first error in *why. */
void apply_gateway(
	struct reconcile *reconcile, struct plan *plan, struct router *router, char **why);
/* @why: the plan could not be applied; NULL: it could. */
void gateway_set_state(struct reconcile *reconcile, const struct plan *plan,
	const struct router *router, const char *why);

/* reconcile_prefix.c: what is another prefix outside; what is withdrawn and what is not is
 * remembered at once. */
void plan_prefixes(struct plan *plan);
void withdraw_prefixes(struct reconcile *reconcile, const struct plan *plan, struct router *router);
/* Keeps the first error in *why. */
void apply_prefixes(struct reconcile *reconcile, const struct plan *plan, char **why);

/* reconcile_router_firewall.c: the groups of the router's ports; where they are, the caller's. */
GArray *put_guards(struct reconcile *reconcile, const struct plan *plan,
	const struct router *router, char **why);
/* Those that are nowhere of @places (taken over) any more. */
void withdraw_guards(struct reconcile *reconcile, struct router *router, GArray *places);
