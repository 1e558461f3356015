/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A floating IP whose ports are forwarded: the address, and the way in, are where the router's
 * gateway is; the way out is known wherever the router is. So its state is the gateway's.
 */
#include <netinet/in.h>
#include <string.h>

#include "agent/reconcile/qos.h"
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile.h"

/* The gateway, if it is on this host. */
static const struct dp_gateway *gateway_here(const struct forwarded_ip *ip)
{
	const struct dp_gateway *gateway = ip->router->applied_gateway;

	return gateway && gateway->here && forwarded_ip_is_known(ip) ? gateway : NULL;
}

static struct dp_port_forwarding wanted_of(const struct port_forwarding *forwarding, u32 vni)
{
	const struct record_port_forwarding *record = &forwarding->record;
	struct dp_port_forwarding wanted;

	memset(&wanted, 0, sizeof(wanted)); /* they are compared as bytes */
	memcpy(&wanted.router, record->router_id.b, sizeof(wanted.router));
	wanted.vni = vni;
	wanted.proto = record->udp ? IPPROTO_UDP : IPPROTO_TCP;
	wanted.many = record->external_first != record->external_last &&
		      record->internal_first == record->internal_last;
	wanted.external = record->external;
	wanted.internal = record->internal;
	wanted.external_first = record->external_first;
	wanted.external_last = record->external_last;
	wanted.internal_first = record->internal_first;
	return wanted;
}

/* Keeps the first error for the report; each is logged. */
static void note(struct reconcile *reconcile, GError *error, char **why)
{
	if (!*why)
		*why = g_strdup(error->message);
	reconcile_failed(reconcile, error);
}

static void withdraw_address(
	struct reconcile *reconcile, struct forwarded_ip *ip, const struct dp_gateway *gateway)
{
	GError *error = NULL;

	if (!ip->applied_vni || (gateway && gateway->vni == ip->applied_vni))
		return;
	if (!dp_forwarded_address_delete(reconcile->dp, ip->applied_vni, &ip->applied_ip, &error))
		reconcile_failed(reconcile, error);
	limits_settle(reconcile->dp, &ip->id, NULL, &ip->limited);
	reconcile->address_withdrawn(ip->applied_vni, &ip->applied_ip, reconcile->data);
	ip->applied_vni = 0;
}

static void withdraw_forwardings(
	struct reconcile *reconcile, const struct forwarded_ip *ip, u32 vni)
{
	for (guint i = 0; i < ip->forwardings->len; i++) {
		struct port_forwarding *forwarding = ip->forwardings->pdata[i];
		struct dp_port_forwarding wanted = wanted_of(forwarding, vni);
		GError *error = NULL;

		if (!forwarding->applied || (forwarding->known && !memcmp(forwarding->applied,
									  &wanted, sizeof(wanted))))
			continue;
		if (!dp_port_forwarding_remove(reconcile->dp, forwarding->applied, &error))
			reconcile_failed(reconcile, error);
		g_clear_pointer(&forwarding->applied, g_free);
	}
}

static void put_forwardings(
	struct reconcile *reconcile, const struct forwarded_ip *ip, u32 vni, char **why)
{
	for (guint i = 0; i < ip->forwardings->len; i++) {
		struct port_forwarding *forwarding = ip->forwardings->pdata[i];
		struct dp_port_forwarding wanted = wanted_of(forwarding, vni);
		GError *error = NULL;

		if (!forwarding->known || (forwarding->applied && !reconcile->sweeping))
			continue;
		g_free(forwarding->applied);
		forwarding->applied = g_memdup2(&wanted, sizeof(wanted));
		if (!dp_port_forwarding_put(reconcile->dp, &wanted, &error))
			note(reconcile, error, why);
	}
}

static void put_address(struct reconcile *reconcile, struct forwarded_ip *ip,
	const struct dp_gateway *gateway, char **why)
{
	const struct record_port_forwarding *any = forwarded_ip_record(ip);
	bool is_new = !ip->applied_vni || mac_compare(&ip->applied_mac, &gateway->mac);
	GError *error = NULL;
	u8 limits[16];

	ip->applied_vni = gateway->vni;
	ip->applied_mac = gateway->mac;
	ip->applied_ip = any->external;
	if (!limits_put(reconcile->dp, &ip->id, &any->qos, &ip->limited, limits, &error) ||
		!dp_forwarded_address_put(reconcile->dp, gateway->router, gateway->vni,
			&ip->applied_ip, &ip->applied_mac, limits, &error))
		return note(reconcile, error, why);
	limits_settle(reconcile->dp, &ip->id, limits, &ip->limited);
	if (is_new)
		reconcile->address_placed(
			gateway->vni, &gateway->mac, &ip->applied_ip, reconcile->data);
}

static void set_state(struct reconcile *reconcile, struct forwarded_ip *ip, const char *why)
{
	const struct gateway *gateway = ip->router->gateway;
	enum port_state state = gateway ? gateway->state : PORT_UNREPORTED;

	if (state == PORT_WIRED && why)
		state = PORT_NOT_WIRED;
	else if (state == PORT_NOT_WIRED)
		why = gateway->reason;
	if (ip->state == state && !g_strcmp0(ip->reason, why))
		return;
	ip->state = state;
	g_free(ip->reason);
	ip->reason = g_strdup(why);
	if (state != PORT_UNREPORTED) /* else it is another host's to report */
		reconcile->forwarded_ip_changed(ip, reconcile->data);
}

void reconcile_forwarded_ip(struct reconcile *reconcile, struct forwarded_ip *ip)
{
	const struct dp_gateway *gateway = gateway_here(ip);
	g_autofree char *why = NULL;

	withdraw_address(reconcile, ip, gateway);
	withdraw_forwardings(reconcile, ip, gateway ? gateway->vni : 0);
	put_forwardings(reconcile, ip, gateway ? gateway->vni : 0, &why);
	if (gateway)
		put_address(reconcile, ip, gateway, &why);
	if (forwarded_ip_is_known(ip))
		set_state(reconcile, ip, why);
}
