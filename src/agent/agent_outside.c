/* SPDX-License-Identifier: Apache-2.0 */
/* What reconcile, the links, BFD and the wires have to say to each other. */
#include "agent/agent.h"

#include <string.h>

#include "base/log.h"

#define BACK_MS 3000 /* how long wires and underlay must work before gateways come back */
#define BACK_MS_MAX 60000
#define FLAPS_US (10 * G_USEC_PER_SEC) /* one that is cut off again so soon flaps */
#define NEXT_HOPS_S 10 /* how often the next hops are asked for, so that they stay known */

void agent_map_wires(struct agent *agent)
{
	for (guint i = 0; i < agent->config->bridge_mappings->len; i++) {
		const struct config_mapping *mapping =
			&g_array_index(agent->config->bridge_mappings, struct config_mapping, i);

		desired_map_wire(agent->desired, mapping->physical_network, mapping->device);
	}
}

void agent_look_at_wires(struct agent *agent)
{
	bool is_news = false;
	struct link link;

	for (guint i = 0; i < agent->desired->wires->len; i++) {
		const struct wire *wire = &g_array_index(agent->desired->wires, struct wire, i);
		bool is_there = link_get(agent->rtnl, wire->device, &link, NULL);

		desired_set_wire(agent->desired, wire->device, is_there ? link.ifindex : 0);
		is_news |= desired_set_wire_running(agent->desired, wire->device,
			is_there && (~link.flags & (IFF_UP | IFF_RUNNING)) == 0);
	}
	if (!agent->report || (!is_news && !agent->desired->wires_changed)) /* or starting */
		return;
	agent_judge_wires(agent);
	agent_flush_later(agent);
}

/* Who is cut off again a moment after he was back waits longer each time. */
static void set_cut_off(struct agent *agent, bool cut_off)
{
	s64 now_us = g_get_monotonic_time();
	bool flaps = agent->back_us && now_us - agent->back_us < FLAPS_US;

	if (cut_off)
		agent->back_ms = flaps ? MIN(2 * agent->back_ms, BACK_MS_MAX) : BACK_MS;
	else
		agent->back_us = now_us;
	agent->cut_off = cut_off;
	bfd_set_path_down(agent->bfd, cut_off);
	desired_mark_gateways(agent->desired);
	desired_mark_redundant(agent->desired);
	masters_judge(agent->masters);
}

static gboolean is_back(gpointer data)
{
	struct agent *agent = data;

	agent->back_timer = 0;
	log_info("connected again for %u ms: gateways may be here", agent->back_ms);
	set_cut_off(agent, false);
	agent_flush(agent);
	return G_SOURCE_REMOVE;
}

/* It is back when nothing is amiss for a while. */
static void wait_until_back(struct agent *agent)
{
	g_clear_handle_id(&agent->back_timer, g_source_remove);
	agent->back_timer = g_timeout_add(agent->back_ms, is_back, agent);
}

/* Down is said at once, up when it has lasted: gateways don't follow a carrier that flaps. Without
 * BFD nobody would hear of it. */
void agent_judge_wires(struct agent *agent)
{
	bool run = desired_wires_run(agent->desired);

	if (!agent->bfd)
		return;
	if (!run) {
		g_clear_handle_id(&agent->back_timer, g_source_remove);
		if (agent->cut_off)
			return;
		log_info("a physical network is cut off: gateways go to other hosts");
		set_cut_off(agent, true);
	} else if (agent->cut_off && !agent->back_timer) {
		wait_until_back(agent);
	}
}

/* The others have taken over what was here, and had reason to: so they keep it until it is sure
 * that this host stays. */
static bool give_way(struct agent *agent)
{
	bool is_news = !agent->cut_off;

	if (is_news) {
		log_info("other hosts did not hear this one: gateways stay at them for now");
		set_cut_off(agent, true);
	}
	if (desired_wires_run(agent->desired))
		wait_until_back(agent);
	return is_news;
}

/* Whether it is one, or was: a device may get another name. */
void agent_link_changed(struct agent *agent, const struct link *link)
{
	for (guint i = 0; i < agent->desired->wires->len; i++) {
		const struct wire *wire = &g_array_index(agent->desired->wires, struct wire, i);

		if (wire->ifindex == link->ifindex || !strcmp(wire->device, link->name)) {
			agent_look_at_wires(agent);
			return;
		}
	}
}

static void gateway_changed(struct gateway *gateway, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("router gateway %s: %s%s", uuid_format(&gateway->id, id),
		gateway->state == PORT_WIRED	    ? "here"
		: gateway->state == PORT_UNREPORTED ? "on another host"
						    : "not wired: ",
		gateway->state == PORT_NOT_WIRED ? gateway->reason : "");
	report_port(agent->report, &gateway->id);
}

static void floating_ip_changed(struct floating_ip *floating_ip, void *data)
{
	struct agent *agent = data;
	char ip[IP_STRLEN];

	log_info("floating IP %s: %s%s", ip_format(&floating_ip->record.floating, ip),
		floating_ip->state == PORT_WIRED ? "wired" : "not wired: ",
		floating_ip->state == PORT_WIRED ? "" : floating_ip->reason);
	report_port(agent->report, &floating_ip->id);
}

static void forwarded_ip_changed(struct forwarded_ip *forwarded, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("floating IP %s with port forwardings: %s%s", uuid_format(&forwarded->id, id),
		forwarded->state == PORT_WIRED ? "wired" : "not wired: ",
		forwarded->state == PORT_WIRED ? "" : forwarded->reason);
	report_port(agent->report, &forwarded->id);
}

static void listener_ends(
	const struct uuid *listener, const struct dp_listener_stats *last, void *data)
{
	listener_reports_end(((struct agent *)data)->listener_reports, listener, last);
}

static void load_balancer_changed(struct load_balancer *balancer, void *data)
{
	struct agent *agent = data;
	char ip[IP_STRLEN];

	log_info("load balancer %s: %s%s",
		ip_format(&g_array_index(balancer->record.vips, struct ip, 0), ip),
		balancer->state == PORT_WIRED ? "wired" : "not wired: ",
		balancer->state == PORT_WIRED ? "" : balancer->reason);
	report_port(agent->report, &balancer->id);
}

static void address_placed(u32 vni, const struct mac *mac, const struct ip *ip, void *data)
{
	outside_announce(((struct agent *)data)->outside, vni, mac, ip);
}

static void address_withdrawn(u32 vni, const struct ip *ip, void *data)
{
	outside_forget(((struct agent *)data)->outside, vni, ip);
}

static void next_hop_stated(u32 vni, const struct ip *next_hop, void *data)
{
	outside_ask(((struct agent *)data)->outside, vni, next_hop);
}

static bool host_is_dead(const struct ip *vtep, void *data)
{
	const struct agent *agent = data;

	return agent->liveness && liveness_is_dead(agent->liveness, vtep);
}

static bool host_is_cut_off(const struct ip *vtep, void *data)
{
	const struct agent *agent = data;

	if (!vtep)
		return agent->cut_off;
	return agent->liveness && liveness_is_cut_off(agent->liveness, vtep);
}

void agent_outside_events(struct agent *agent)
{
	agent->reconcile.gateway_changed = gateway_changed;
	agent->reconcile.floating_ip_changed = floating_ip_changed;
	agent->reconcile.forwarded_ip_changed = forwarded_ip_changed;
	agent->reconcile.load_balancer_changed = load_balancer_changed;
	agent->reconcile.listener_ends = listener_ends;
	agent->reconcile.address_placed = address_placed;
	agent->reconcile.address_withdrawn = address_withdrawn;
	agent->reconcile.next_hop_stated = next_hop_stated;
	agent->reconcile.host_is_dead = host_is_dead;
	agent->reconcile.host_is_cut_off = host_is_cut_off;
}

void agent_judge_hosts(struct agent *agent)
{
	bool is_news;

	if (!agent->bfd)
		return;
	is_news = liveness_judge(agent->liveness, agent->bfd, agent->cut_off);
	if (liveness_was_missed(agent->liveness))
		is_news |= give_way(agent);
	if (!is_news)
		return;
	desired_mark_ways(agent->desired);
	desired_mark_holders(agent->desired);
	/* Who hears nobody is most often the one that is cut off, and others announce what it had:
	 * theirs is the last word. */
	if (liveness_is_alone(agent->liveness))
		outside_forget_all(agent->outside);
	agent->reconcile.hosts_rejoined = liveness_is_rejoined(agent->liveness);
	agent_flush(agent);
	agent->reconcile.hosts_rejoined = false;
	report_soon(agent->report);
}

static void ask_next_hops(struct agent *agent, const struct router *router)
{
	const GArray *routes = router->applied_routes;

	for (guint i = 0; routes && i < routes->len; i++) {
		const struct dp_route *route = &g_array_index(routes, struct dp_route, i);

		for (u8 h = 0; route->kind == DP_ROUTE_VIA && h < route->n_hops; h++)
			if (route->hops[h].vni & DP_WIRE && route->hops[h].vni != DP_WIRE)
				outside_ask(
					agent->outside, route->hops[h].vni, &route->hops[h].via);
	}
}

void agent_outside_second(struct agent *agent)
{
	const struct gateway *gateway;
	GHashTableIter i;

	agent_judge_hosts(agent);
	if (++agent->next_hops_s < NEXT_HOPS_S)
		return;
	agent->next_hops_s = 0;
	g_hash_table_iter_init(&i, agent->desired->gateways);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway))
		ask_next_hops(agent, gateway->router);
}
