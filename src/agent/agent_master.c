/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is a controller, and what is decided here while there is none: whose the ports are
 * that pairs of appliances share. */
#include "agent/agent.h"

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

void agent_start_masters(struct agent *agent)
{
	agent->masters = masters_new(&agent->reconcile, master_changed, agent);
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
