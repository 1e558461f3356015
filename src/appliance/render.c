/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/render.h"

const char *const render_names[RENDER_FILES] = { "network.batch", "nftables.conf", "dnsmasq.conf",
	"dhcp-hosts", "dns-hosts" };

void render(const struct document *document, const struct render_place *place, struct rendered *ret)
{
	GString *texts[RENDER_FILES];

	for (unsigned i = 0; i < RENDER_FILES; i++)
		texts[i] = g_string_new(NULL);
	for (unsigned i = 0; i < RENDER_FILES; i++)
		g_string_append_printf(texts[i],
			"# %s of appliance %s, made by weft-appliance: what is changed here is undone\n",
			render_names[i], document->id);
	render_network(document, texts[RENDER_NETWORK]);
	render_nftables(document, place->api_port, texts[RENDER_NFTABLES]);
	render_dnsmasq(document, place->folder, texts[RENDER_DNSMASQ]);
	render_dhcp_hosts(document, texts[RENDER_DHCP_HOSTS]);
	render_dns_hosts(document, texts[RENDER_DNS_HOSTS]);
	for (unsigned i = 0; i < RENDER_FILES; i++)
		ret->texts[i] = g_string_free(texts[i], FALSE);
}

void rendered_clear(struct rendered *rendered)
{
	for (unsigned i = 0; i < RENDER_FILES; i++)
		g_clear_pointer(&rendered->texts[i], g_free);
}
