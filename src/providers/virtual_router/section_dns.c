/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the guests of all sides whose network has its DNS here, below the first one's domain. */
#include <string.h>

#include "providers/virtual_router/sections.h"

static json_t *name_of(const json_t *port)
{
	json_t *addresses = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		json_array_append(addresses, json_object_get(fixed, "ip_address"));
	return json_pack("{s:s, s:o}", "name", label_of(port), "addresses", addresses);
}

static void add_names(const struct side *side, json_t *names)
{
	const json_t *port;
	size_t i;

	json_array_foreach(side->ports, i, port)
		if (port_is_guest(port) && *label_of(port))
			json_array_append_new(names, name_of(port));
}

json_t *section_dns(const struct facts *facts)
{
	json_t *names = json_array(), *forwarders;
	g_autofree char *domain = NULL;
	bool served = false;

	for (unsigned i = 0; i < facts->n_sides; i++) {
		const struct side *side = &facts->sides[i];

		if (!side->dns)
			continue;
		served = true;
		if (!facts_is_another(facts, i))
			add_names(side, names);
		if (!domain || !*domain) {
			g_free(domain);
			domain = g_strdup(text_of(side->network, "dns_domain") ?: "");
		}
	}
	if (!served) {
		json_decref(names);
		return NULL;
	}
	if (g_str_has_suffix(domain, "."))
		domain[strlen(domain) - 1] = '\0';
	forwarders = facts->offering.dns_forwarders
			     ? json_incref((json_t *)facts->offering.dns_forwarders)
			     : json_array();
	return json_pack(
		"{s:s, s:o, s:o}", "domain", domain, "names", names, "forwarders", forwarders);
}
