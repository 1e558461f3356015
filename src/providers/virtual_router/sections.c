/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/virtual_router/sections.h"

static const struct section {
	const char *name;
	json_t *(*render)(const struct facts *facts);
} sections[] = {
	{ "interfaces", section_interfaces },
	{ "routes", section_routes },
	{ "dhcp", section_dhcp },
	{ "dns", section_dns },
	{ "metadata", section_metadata },
	{ "snat", section_snat },
	{ "routed", section_routed },
	{ "floating_ips", section_floating_ips },
	{ "port_forwardings", section_port_forwardings },
	{ "load_balancers", section_balancers },
	{ "ipsec", section_ipsec },
	{ "wireguard", section_wireguard },
	{ "gre", section_gre },
	{ "bgp", section_bgp },
	{ "interface_firewalls", section_firewall },
	{ "redundancy", section_redundancy },
};

json_t *sections_document(const struct facts *facts)
{
	json_t *document = json_pack("{s:s}", "id", facts->id);

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		json_t *value = sections[i].render(facts);

		if (value)
			json_object_set_new(document, sections[i].name, value);
	}
	return document;
}
