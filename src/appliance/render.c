/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/render.h"

const struct render_kind render_kinds[RENDER_FILES] = {
	[RENDER_NETWORK] = { "network.batch", 0644, "#", render_network },
	[RENDER_NFTABLES] = { "nftables.conf", 0644, "#", render_nftables },
	[RENDER_DNSMASQ] = { "dnsmasq.conf", 0644, "#", render_dnsmasq },
	[RENDER_DHCP_HOSTS] = { "dhcp-hosts", 0644, "#", render_dhcp_hosts },
	[RENDER_DNS_HOSTS] = { "dns-hosts", 0644, "#", render_dns_hosts },
};

void render(const struct document *document, const struct render_place *place, struct rendered *ret)
{
	for (unsigned i = 0; i < RENDER_FILES; i++) {
		const struct render_kind *kind = &render_kinds[i];
		GString *text = g_string_new(NULL);

		g_string_append_printf(text,
			"%s %s of appliance %s, made by weft-appliance: what is changed here is undone\n",
			kind->comment, kind->name, document->id);
		kind->render(document, place, text);
		ret->texts[i] = g_string_free(text, FALSE);
	}
}

void rendered_clear(struct rendered *rendered)
{
	for (unsigned i = 0; i < RENDER_FILES; i++)
		g_clear_pointer(&rendered->texts[i], g_free);
}
