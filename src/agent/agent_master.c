/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is a controller, and what is decided here while there is none: whose the ports are
 * that pairs of appliances share, and the addresses that several ports may have. */
#include "agent/agent.h"
#include "agent/announce.h"
#include "base/log.h"

static void master_changed(const struct uuid *port, enum master_says says, void *data)
{
	report_master(((struct agent *)data)->report, port, says);
}

static void deny(const struct uuid *port, void *data)
{
	masters_deny(((struct agent *)data)->masters, port);
}

void agent_machine_changed(void *data)
{
	struct agent *agent = data;

	appliances_each_stepped_down(agent->appliances, deny, agent);
	report_soon(agent->report);
}

static void told(const struct appliance *appliance, const json_t *answer, void *data)
{
	logs_appliance(((struct agent *)data)->logs, appliance, answer);
}

void agent_watch_appliances(struct agent *agent)
{
	appliances_watch(agent->appliances, told, agent);
	appliances_update(agent->appliances, false);
}

static s64 now_us(void *data)
{
	(void)data;
	return g_get_monotonic_time();
}

static void address_moved(void *data)
{
	agent_flush_later(data);
	report_soon(((struct agent *)data)->report);
}

static bool is_alone(void *data)
{
	return ((struct agent *)data)->reconcile.alone;
}

static void ask(const struct port *port, const struct ip *ip, const struct mac *asker,
	const struct ip *asker_ip, void *data)
{
	struct agent *agent = data;
	g_autoptr(GError) error = NULL;
	struct frame frame;

	ask_neighbour_as(asker, asker_ip, ip, &frame);
	if (!dp_inject(agent->dp, port->applied_ifindex, frame.data, frame.len, &error))
		log_limited(warning, "the guest at %s is asked for an address: %s",
			port->applied_name, error->message);
}

void agent_start_masters(struct agent *agent)
{
	const struct holders_io io = { now_us, address_moved, is_alone, ask, agent };

	agent->masters = masters_new(&agent->reconcile, master_changed, agent);
	agent->holders = holders_new(agent->desired, &io);
}

void agent_masters_second(struct agent *agent)
{
	masters_second(agent->masters);
	holders_second(agent->holders);
}

void agent_stop_masters(struct agent *agent)
{
	masters_free(agent->masters);
	holders_free(agent->holders);
}

void agent_stream_changed(enum stream_state state, void *data)
{
	struct agent *agent = data;

	agent->reconcile.alone = state != STREAM_CONNECTED;
	desired_mark_redundant(agent->desired);
	agent_flush_later(agent);
	if (state == STREAM_CONNECTED) {
		agent->connected_us = g_get_monotonic_time();
		report_connected(agent->report);
	} else {
		report_disconnected(agent->report);
	}
}
