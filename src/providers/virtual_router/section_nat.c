/* SPDX-License-Identifier: Apache-2.0 */
/* What is translated for guests. */
#include "providers/virtual_router/sections.h"

/* The subnets that the side is the gateway of leave by the first IPv4 address outside. */
static void add_snat(const struct side *side, const char *outside, json_t *list)
{
	const json_t *subnet;
	size_t i;

	json_array_foreach(side->subnets, i, subnet)
		if (side->routes && text_of(subnet, "gateway_ip") &&
			json_integer_value(json_object_get(subnet, "ip_version")) == 4 &&
			!g_strcmp0(address_on(side->nic_port, text_of(subnet, "id")),
				text_of(subnet, "gateway_ip")))
			json_array_append_new(
				list, json_pack("{s:O, s:s}", "cidr",
					      json_object_get(subnet, "cidr"), "address", outside));
}

json_t *section_snat(const struct facts *facts)
{
	const char *outside = facts_outside(facts);
	json_t *list = json_array();

	for (unsigned i = 0; outside && i < facts->n_sides; i++)
		add_snat(&facts->sides[i], outside, list);
	return list;
}
