/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of domain names in the running agent: learnt as answers pass, and forgotten. */
#include "agent/agent.h"
#include "agent/desired/firewall.h"

static bool domain_is_in_use(const struct ip *ip, void *data)
{
	return dp_remote_is_in_use(data, ip);
}

/* Addresses of domain names that have ended. */
void agent_domains_second(struct agent *agent)
{
	struct firewall *firewall = agent->desired->firewall;

	if (domains_expire(
		    firewall, g_get_real_time() / G_USEC_PER_SEC, domain_is_in_use, agent->dp))
		agent_flush_later(agent);
	domains_save(firewall->domains);
}

void agent_domains_stop(struct agent *agent)
{
	domains_save(agent->desired->firewall->domains);
}

/* A resolver's answer is on its way to a guest. */
static void domain_answered(const u8 *message, size_t len, void *data)
{
	struct agent *agent = data;
	struct firewall *firewall = agent->desired->firewall;

	if (domains_learn(firewall, message, len, g_get_real_time() / G_USEC_PER_SEC))
		agent_flush(agent);
}

void agent_domains_start(struct agent *agent)
{
	punt_on_answer(agent->punt, domain_answered, agent);
}
