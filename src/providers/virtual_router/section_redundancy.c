/* SPDX-License-Identifier: Apache-2.0 */
/* Who the other one of a pair is. */
#include "base/uuid.h"
#include "providers/virtual_router/sections.h"

/* The first one made is master when both begin. */
static const int priorities[PAIR] = { 150, 100 };

/* The two talk to each other's address alone, so that another pair of the same number does no harm.
 */
static int vrid_of(const char *attachment)
{
	struct uuid uuid = { 0 };

	uuid_parse(attachment, &uuid);
	return 1 + uuid.b[0] % 255;
}

json_t *section_redundancy(const struct facts *facts)
{
	if (!facts->is_pair)
		return NULL;
	return json_pack("{s:i, s:i, s:s, s:s}", "vrid", vrid_of(facts->id), "priority",
		priorities[facts->member], "interface", NIC_MGMT, "peer_address",
		ipv4_of(facts_peer_port(facts, NIC_MGMT)));
}

bool redundancy_check(const struct facts *facts, char **ret_reason)
{
	if (ipv4_of(facts_own_port(facts, NIC_MGMT)) && ipv4_of(facts_peer_port(facts, NIC_MGMT)))
		return true;
	*ret_reason = g_strdup(
		"the two of a redundant pair talk by IPv4, and the management_network of their offering has no IPv4 subnet with a free address for each");
	return false;
}
