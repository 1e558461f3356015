/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/render/render.h"

#include <string.h>

const struct render_kind render_kinds[RENDER_FILES] = {
	[RENDER_NETWORK] = { "network.batch", 0644, "#", render_network },
	[RENDER_NFTABLES] = { "nftables.conf", 0644, "#", render_nftables },
	[RENDER_DNSMASQ] = { "dnsmasq.conf", 0644, "#", render_dnsmasq },
	[RENDER_DHCP_HOSTS] = { "dhcp-hosts", 0644, "#", render_dhcp_hosts },
	[RENDER_DNS_HOSTS] = { "dns-hosts", 0644, "#", render_dns_hosts },
	[RENDER_METADATA] = { "metadata.json", 0600, "#", render_metadata },
	[RENDER_HAPROXY] = { "haproxy.cfg", 0600, "#", render_haproxy },
	[RENDER_KEEPALIVED] = { "keepalived.conf", 0644, "#", render_keepalived },
	[RENDER_BGPD] = { "bgpd.conf", 0600, "!", render_bgpd },
	[RENDER_BGP_NETWORKS] = { "bgp-networks", 0644, "#", render_bgp_networks },
	[RENDER_CONNTRACKD] = { "conntrackd.conf", 0644, "#", render_conntrackd },
	[RENDER_STRONGSWAN] = { "strongswan.conf", 0644, "#", render_strongswan },
	[RENDER_STRONGSWAN_USER] = { "strongswan-user.conf", 0644, "#", render_strongswan_user },
	[RENDER_SWANCTL] = { "swanctl.conf", 0600, "#", render_swanctl },
	[RENDER_IPSEC_ROUTES] = { "ipsec.batch", 0644, "#", render_ipsec_routes },
	[RENDER_WIREGUARD] = { "wireguard.conf", 0600, "#", render_wireguard },
	[RENDER_WIREGUARD_DEVICE] = { "wireguard.batch", 0644, "#", render_wireguard_device },
	[RENDER_GRE] = { "gre.conf", 0644, "#", render_gre },
	[RENDER_GRE_DEVICES] = { "gre.batch", 0644, "#", render_gre_devices },
};

char *render_certificate_name(const char *pem)
{
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, pem, -1);

	return g_strconcat(sum, ".pem", NULL);
}

const char *render_name(enum render_file file)
{
	return file == RENDER_CERTIFICATES ? RENDER_CERTIFICATES_FOLDER : render_kinds[file].name;
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
	(void)data;
	return strcmp(a, b);
}

static void add_certificates(const struct balancer *balancer, GTree *tree)
{
	for (guint i = 0; i < balancer->listeners->len; i++) {
		const GPtrArray *certificates =
			g_array_index(balancer->listeners, struct balancer_listener, i)
				.certificates;

		for (guint j = 0; j < certificates->len; j++)
			g_tree_insert(tree, render_certificate_name(certificates->pdata[j]),
				g_strdup(certificates->pdata[j]));
	}
}

static GTree *render_certificates(const struct document *document)
{
	GTree *tree = g_tree_new_full(compare_names, NULL, g_free, g_free);

	for (guint i = 0; i < document->load_balancers->len; i++)
		add_certificates(
			&g_array_index(document->load_balancers, struct balancer, i), tree);
	return tree;
}

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
	ret->certificates = render_certificates(document);
}

void rendered_clear(struct rendered *rendered)
{
	for (unsigned i = 0; i < RENDER_FILES; i++)
		g_clear_pointer(&rendered->texts[i], g_free);
	g_clear_pointer(&rendered->certificates, g_tree_unref);
}
