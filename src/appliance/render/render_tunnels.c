/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard and GRE: what wg(8) and `weft-appliance --gre` read, and for ip(8) the addresses and
 * routes of the devices, which are set when a device is there. */
#include "appliance/render/render.h"

static void append_device(const char *name, u32 mtu, const GArray *addresses, GString *text)
{
	char prefix[PREFIX_STRLEN];

	g_string_append_printf(text,
		"address flush dev %s scope global\nlink set dev %s up mtu %u\n", name, name, mtu);
	for (guint i = 0; i < addresses->len; i++)
		g_string_append_printf(text, "address replace %s dev %s\n",
			prefix_format(&g_array_index(addresses, struct prefix, i), prefix), name);
	g_string_append_printf(text, "route flush dev %s proto %d\n", name, RENDER_TUNNEL_PROTOCOL);
}

static void append_routes(const char *name, const GArray *prefixes, GString *text)
{
	char prefix[PREFIX_STRLEN];

	for (guint i = 0; i < prefixes->len; i++)
		g_string_append_printf(text, "route replace %s dev %s proto %d\n",
			prefix_format(&g_array_index(prefixes, struct prefix, i), prefix), name,
			RENDER_TUNNEL_PROTOCOL);
}

static void append_peer(const struct document_wireguard_peer *peer, GString *text)
{
	char ip[IP_STRLEN], prefix[PREFIX_STRLEN];

	g_string_append_printf(text, "[Peer]\nPublicKey = %s\n", peer->public_key);
	if (*peer->preshared_key)
		g_string_append_printf(text, "PresharedKey = %s\n", peer->preshared_key);
	if (peer->endpoint.family)
		g_string_append_printf(text,
			peer->endpoint.family == 6 ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n",
			ip_format(&peer->endpoint, ip), peer->endpoint_port);
	for (guint i = 0; i < peer->allowed_ips->len; i++)
		g_string_append_printf(text, "AllowedIPs = %s\n",
			prefix_format(&g_array_index(peer->allowed_ips, struct prefix, i), prefix));
	if (peer->keepalive_s)
		g_string_append_printf(text, "PersistentKeepalive = %u\n", peer->keepalive_s);
}

void render_wireguard(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_wireguard *wireguard = &document->wireguard;

	(void)place;
	if (!wireguard->enabled)
		return;
	g_string_append_printf(text, "[Interface]\nPrivateKey = %s\nListenPort = %u\n",
		wireguard->private_key, wireguard->listen_port);
	for (guint i = 0; i < wireguard->peers->len; i++)
		append_peer(
			&g_array_index(wireguard->peers, struct document_wireguard_peer, i), text);
}

void render_wireguard_device(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_wireguard *wireguard = &document->wireguard;

	(void)place;
	if (!wireguard->enabled)
		return;
	append_device(WIREGUARD_DEVICE, wireguard->mtu, wireguard->addresses, text);
	for (guint i = 0; i < wireguard->peers->len; i++)
		append_routes(WIREGUARD_DEVICE,
			g_array_index(wireguard->peers, struct document_wireguard_peer, i)
				.allowed_ips,
			text);
}

/* NAME LOCAL PEER KEY, or "-" without one (gre.h). */
void render_gre(const struct document *document, const struct render_place *place, GString *text)
{
	char local[IP_STRLEN], peer[IP_STRLEN], key[16];

	(void)place;
	for (guint i = 0; i < document->gre->len; i++) {
		const struct document_gre *one =
			&g_array_index(document->gre, struct document_gre, i);

		g_snprintf(key, sizeof(key), "%u", one->key);
		g_string_append_printf(text, "%s %s %s %s\n", one->name,
			ip_format(&one->local, local), ip_format(&one->peer, peer),
			one->has_key ? key : "-");
	}
}

void render_gre_devices(
	const struct document *document, const struct render_place *place, GString *text)
{
	(void)place;
	for (guint i = 0; i < document->gre->len; i++) {
		const struct document_gre *one =
			&g_array_index(document->gre, struct document_gre, i);

		append_device(one->name, one->mtu, one->addresses, text);
		append_routes(one->name, one->destinations, text);
	}
}
