/* SPDX-License-Identifier: Apache-2.0 */
/* What health checks need of the other parts, and have to tell them. */
#include "agent/agent.h"

#include "base/log.h"

static void send_probe(const struct port *port, const struct frame *frame, void *data)
{
	struct agent *agent = data;
	g_autoptr(GError) error = NULL;

	if (frame->len &&
		!dp_inject(agent->dp, port->applied_ifindex, frame->data, frame->len, &error))
		log_limited(warning, "health check at %s: %s", port->applied_name, error->message);
}

static void listen_for(u32 vni, const struct ip *vip, bool wanted, void *data)
{
	struct agent *agent = data;
	g_autoptr(GError) error = NULL;

	if (!dp_probe_set(agent->dp, vni, vip, wanted, &error))
		log_limited(warning, "health checks: %s", error->message);
}

static void health_changed(
	const struct uuid *member, enum health health, const char *why, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("member %s: %s%s%s", uuid_format(member, id),
		health == HEALTH_ALIVE	? "alive"
		: health == HEALTH_DEAD ? "dead"
					: "not asked any more",
		*why ? ": " : "", why);
	report_member(agent->report, member, health, why);
}

void agent_start_health(struct agent *agent)
{
	const struct health_io io = { send_probe, listen_for, health_changed, agent };

	agent->healths = healths_new(agent->desired, &io);
	punt_to_health(agent->punt, agent->healths);
}
