/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile/qos.h"
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

#include <string.h>

static void withdraw(struct reconcile *reconcile, struct floating_ip *floating_ip)
{
	GError *error = NULL;

	if (!floating_ip->applied_vni)
		return;
	if (!dp_floating_ip_delete(
		    reconcile->dp, floating_ip->applied_vni, &floating_ip->applied_ip, &error))
		reconcile_failed(reconcile, error);
	limits_settle(reconcile->dp, &floating_ip->id, NULL, &floating_ip->limited);
	reconcile->address_withdrawn(
		floating_ip->applied_vni, &floating_ip->applied_ip, reconcile->data);
	floating_ip->applied_vni = 0;
}

static u64 router_of(const struct floating_ip *floating_ip)
{
	u64 router;

	memcpy(&router, floating_ip->record.router_id.b, sizeof(router));
	return router;
}

/* Its guest may be here; @elsewhere: the address leaves by the gateway's host. */
static void tell_elsewhere(
	struct reconcile *reconcile, struct floating_ip *floating_ip, bool elsewhere)
{
	const struct ip nobody = { 0 };
	const struct ip *fixed = elsewhere ? &floating_ip->record.fixed : &nobody;
	u64 router = elsewhere ? router_of(floating_ip) : 0;
	GError *error = NULL;

	if (floating_ip->applied_elsewhere.family &&
		(ip_compare(&floating_ip->applied_elsewhere, fixed) ||
			floating_ip->applied_router != router)) {
		if (!dp_floating_ip_delete_elsewhere(reconcile->dp, floating_ip->applied_router,
			    &floating_ip->applied_elsewhere, &error))
			reconcile_failed(reconcile, error);
		error = NULL;
	}
	floating_ip->applied_elsewhere = *fixed;
	floating_ip->applied_router = router;
	if (elsewhere && !dp_floating_ip_put_elsewhere(reconcile->dp, router, fixed, &error))
		reconcile_failed(reconcile, error);
}

static void set_state(
	struct reconcile *reconcile, struct floating_ip *floating_ip, const char *reason)
{
	enum port_state state = reason ? PORT_NOT_WIRED : PORT_WIRED;

	if (floating_ip->state == state && !g_strcmp0(floating_ip->reason, reason))
		return;
	floating_ip->state = state;
	g_free(floating_ip->reason);
	floating_ip->reason = g_strdup(reason);
	reconcile->floating_ip_changed(floating_ip, reconcile->data);
}

/* NULL, or why it is not there; the caller's. */
static char *place(struct reconcile *reconcile, struct floating_ip *floating_ip, u32 vni)
{
	const struct record_floating_ip *record = &floating_ip->record;
	struct dp_floating_ip wanted = {
		.vni = vni, .floating = record->floating, .fixed = record->fixed, .mac = record->mac
	};
	bool is_new = !floating_ip->applied_vni;
	GError *error = NULL;
	char *why;

	wanted.router = router_of(floating_ip);
	floating_ip->applied_vni = vni;
	floating_ip->applied_ip = record->floating;
	if (!limits_put(reconcile->dp, &floating_ip->id, &record->qos, &floating_ip->limited,
		    wanted.limits, &error) ||
		!dp_floating_ip_put(reconcile->dp, &wanted, &error)) {
		why = g_strdup(error->message);
		reconcile_failed(reconcile, error);
		return why;
	}
	limits_settle(reconcile->dp, &floating_ip->id, wanted.limits, &floating_ip->limited);
	if (is_new)
		reconcile->address_placed(vni, &wanted.mac, &wanted.floating, reconcile->data);
	return NULL;
}

/* The one that has the gateway says what became of it. */
static bool is_elsewhere(const struct reconcile *reconcile, const struct floating_ip *floating_ip)
{
	const struct router *router =
		g_hash_table_lookup(reconcile->desired->routers, &floating_ip->record.router_id);

	return floating_ip->known && floating_ip->record.by_gateway &&
	       !(router && router->applied_gateway && router->applied_gateway->here);
}

static void set_elsewhere(struct floating_ip *floating_ip)
{
	floating_ip->state = PORT_UNREPORTED;
	g_free(floating_ip->reason);
	floating_ip->reason = g_strdup("the host that has the router's gateway has it");
}

void reconcile_floating_ip(struct reconcile *reconcile, struct floating_ip *floating_ip)
{
	bool elsewhere = is_elsewhere(reconcile, floating_ip);
	g_autofree char *why = NULL;
	u32 vni = floating_ip->known && !elsewhere
			  ? desired_wire_number(reconcile->desired, &floating_ip->record.wire, &why)
			  : 0;

	if (floating_ip->applied_vni != vni ||
		(vni && ip_compare(&floating_ip->applied_ip, &floating_ip->record.floating)))
		withdraw(reconcile, floating_ip);
	if (elsewhere)
		tell_elsewhere(reconcile, floating_ip, true);
	if (!floating_ip->known)
		return tell_elsewhere(reconcile, floating_ip, false);
	if (elsewhere)
		return set_elsewhere(floating_ip);
	if (vni)
		why = place(reconcile, floating_ip, vni);
	tell_elsewhere(reconcile, floating_ip, false); /* behind it: then nobody is left out */
	set_state(reconcile, floating_ip, why);
}
