/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall groups of a router's ports: stated before the routes that lead there, so that
 * nothing passes that they would refuse, and withdrawn behind them. */
#include <string.h>

#include "agent/desired/network_log.h"
#include "agent/desired/parts.h"
#include "agent/reconcile/reconcile_plan.h"

struct place {
	u32 vni;
	struct mac mac;
};

/* Where the port of a group is; false: it is not here. */
static bool find_place(const struct plan *plan, const struct router *router,
	const struct router_firewall *firewall, struct place *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (guint i = 0; i < router->interfaces->len; i++) {
		const struct interface *interface = router->interfaces->pdata[i];

		if (!uuid_equal(&interface->id, &firewall->id) || !interface_is_up(interface))
			continue;
		ret->vni = interface->network->vni;
		ret->mac = interface->record.mac;
		return true;
	}
	if (!plan->gateway || !uuid_equal(&plan->gateway->id, &firewall->id))
		return false;
	ret->vni = plan->wanted.vni;
	ret->mac = plan->wanted.mac;
	return true;
}

static GArray *rules_of(const GArray *records)
{
	GArray *rules = g_array_new(FALSE, TRUE, sizeof(struct dp_guard_rule));

	g_array_set_size(rules, records->len);
	for (guint i = 0; i < records->len; i++) {
		const struct record_router_firewall_rule *record =
			&g_array_index(records, struct record_router_firewall_rule, i);
		struct dp_guard_rule *rule = &g_array_index(rules, struct dp_guard_rule, i);

		memcpy(rule->id, record->id.b, sizeof(rule->id));
		rule->family = record->family;
		rule->deny = record->deny;
		rule->reject = record->reject;
		rule->proto = record->proto;
		rule->source = record->source;
		rule->destination = record->destination;
		rule->source_ports.first = record->source_first;
		rule->source_ports.last = record->source_last;
		rule->destination_ports.first = record->destination_first;
		rule->destination_ports.last = record->destination_last;
		memcpy(rule->source_group, record->source_group.b, sizeof(rule->source_group));
		memcpy(rule->destination_group, record->destination_group.b,
			sizeof(rule->destination_group));
	}
	return rules;
}

static bool put_guard(struct reconcile *reconcile, struct router_firewall *firewall,
	const struct place *place, GError **error)
{
	g_autoptr(GArray) ingress = rules_of(firewall->record.ingress);
	g_autoptr(GArray) egress = rules_of(firewall->record.egress);
	struct dp_guard guard = { .vni = place->vni,
		.mac = place->mac,
		.flags = network_log_guard_flags(reconcile->desired, firewall),
		.ingress = { (const void *)ingress->data, ingress->len },
		.egress = { (const void *)egress->data, egress->len } };

	firewall->vni = place->vni;
	firewall->mac = place->mac;
	firewall->log_flags = guard.flags;
	memcpy(guard.port, firewall->id.b, sizeof(guard.port));
	memcpy(guard.group, firewall->record.group_id.b, sizeof(guard.group));
	return dp_guard_put(reconcile->dp, &guard, error);
}

static bool is_placed(const GArray *places, const struct place *place)
{
	for (guint i = 0; places && i < places->len; i++)
		if (!memcmp(&g_array_index(places, struct place, i), place, sizeof(*place)))
			return true;
	return false;
}

GArray *put_guards(struct reconcile *reconcile, const struct plan *plan,
	const struct router *router, char **why)
{
	GArray *places = g_array_new(FALSE, TRUE, sizeof(struct place));
	struct place place;

	for (guint i = 0; i < router->firewalls->len; i++) {
		GError *error = NULL;

		if (!find_place(plan, router, router->firewalls->pdata[i], &place))
			continue;
		g_array_append_val(places, place);
		if (put_guard(reconcile, router->firewalls->pdata[i], &place, &error))
			continue;
		if (!*why)
			*why = g_strdup(error->message);
		reconcile_failed(reconcile, error);
	}
	return places;
}

void withdraw_guards(struct reconcile *reconcile, struct router *router, GArray *places)
{
	for (guint i = 0; router->applied_guards && i < router->applied_guards->len; i++) {
		const struct place *old = &g_array_index(router->applied_guards, struct place, i);
		GError *error = NULL;

		if (!is_placed(places, old) &&
			!dp_guard_delete(reconcile->dp, old->vni, &old->mac, &error))
			reconcile_failed(reconcile, error);
	}
	g_clear_pointer(&router->applied_guards, g_array_unref);
	if (places->len)
		router->applied_guards = places;
	else
		g_array_unref(places);
}
