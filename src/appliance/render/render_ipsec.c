/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strongSwan's files. charon's own are two, of which one is used: where the kernel has ESP it does
 * the work; elsewhere charon does, by a device "ipsec0". ESP is in UDP always, which passes NAT and
 * needs the ports 500 and 4500 alone. AH passes no NAT: it authenticates the addresses. Connections
 * are begun by ipsec.c, not by charon, which would try once.
 */
#include <string.h>

#include "appliance/render/render.h"

static void append_charon(const char *kernel, const struct render_place *place, GString *text)
{
	g_string_append_printf(text,
		"charon-systemd {\n"
		"\tload = random nonce aes sha1 sha2 hmac kdf gmp openssl %s socket-default vici\n"
		"\tinstall_virtual_ip = no\n"
		"\tretransmit_timeout = 2\n\tretransmit_base = 1.6\n\tretransmit_tries = 4\n"
		"\tjournal {\n\t\tdefault = -1\n\t}\n"
		"\tfilelog {\n\t\tstderr {\n\t\t\tdefault = 0\n\t\t\tike = 1\n\t\t\tike_name = yes\n\t\t}\n\t}\n"
		"\tplugins {\n\t\tvici {\n\t\t\tsocket = unix://%s/charon.vici\n\t\t}\n\t}\n"
		"}\n"
		"swanctl {\n\tload = random openssl\n}\n",
		kernel, place->folder);
}

void render_strongswan(
	const struct document *document, const struct render_place *place, GString *text)
{
	if (document->ipsec->len)
		append_charon("kernel-netlink", place, text);
}

void render_strongswan_user(
	const struct document *document, const struct render_place *place, GString *text)
{
	if (document->ipsec->len)
		append_charon("kernel-libipsec kernel-netlink", place, text);
}

static const char *const hashes[] = { "sha1", "sha256", "sha384", "sha512" };
static const char *const groups[] = { "modp1024", "modp1536", "modp2048" };

static void append_proposal(
	const char *key, const struct document_proposal *proposal, GString *text)
{
	static const char *const encryptions[] = { "3des", "aes128", "aes192", "aes256" };

	g_string_append_printf(text, "%s = %s-%s-%s\n", key, encryptions[proposal->encryption],
		hashes[proposal->hash], groups[proposal->pfs]);
}

/* AH has no encryption to agree on. */
static void append_protection(const struct document_ipsec *one, GString *text)
{
	if (one->ah)
		g_string_append_printf(text, "ah_proposals = %s-%s\n", hashes[one->esp.hash],
			groups[one->esp.pfs]);
	else
		append_proposal("esp_proposals", &one->esp, text);
	if (one->transport)
		g_string_append(text, "\t\t\t\tmode = transport\n");
}

/* One for each pair of prefixes: IKEv1 has no other way, and every peer can do it. */
static void append_children(const struct document_ipsec *one, GString *text)
{
	char local[PREFIX_STRLEN], peer[PREFIX_STRLEN];
	unsigned n = 0;

	g_string_append(text, "\t\tchildren {\n");
	for (guint i = 0; i < one->local_cidrs->len; i++)
		for (guint j = 0; j < one->peer_cidrs->len; j++) {
			prefix_format(&g_array_index(one->local_cidrs, struct prefix, i), local);
			prefix_format(&g_array_index(one->peer_cidrs, struct prefix, j), peer);
			g_string_append_printf(text, "\t\t\t%s-%u {\n\t\t\t\t", one->name, n++);
			append_protection(one, text);
			g_string_append_printf(text,
				"\t\t\t\tlocal_ts = %s\n\t\t\t\tremote_ts = %s\n"
				"\t\t\t\tlife_time = %us\n\t\t\t\trekey_time = %us\n"
				"\t\t\t\tdpd_action = clear\n\t\t\t}\n",
				local, peer, one->esp.lifetime_s, one->esp.lifetime_s / 10 * 9);
		}
	g_string_append(text, "\t\t}\n");
}

static void append_connection(const struct document_ipsec *one, GString *text)
{
	char local[IP_STRLEN], peer[IP_STRLEN];

	g_string_append_printf(text,
		"\t%s {\n\t\tversion = %u\n\t\tlocal_addrs = %s\n\t\tremote_addrs = %s\n"
		"\t\tencap = %s\n\t\tmobike = no\n\t\tunique = replace\n\t\t",
		one->name, one->ike_version, ip_format(&one->local, local),
		ip_format(&one->peer, peer), one->ah ? "no" : "yes");
	append_proposal("proposals", &one->ike, text);
	g_string_append_printf(text, "\t\trekey_time = %us\n\t\tover_time = %us\n",
		one->ike.lifetime_s / 10 * 9, one->ike.lifetime_s / 10);
	if (one->dpd != DPD_DISABLED)
		g_string_append_printf(text, "\t\tdpd_delay = %us\n\t\tdpd_timeout = %us\n",
			one->dpd_interval_s, one->dpd_timeout_s);
	g_string_append_printf(text,
		"\t\tlocal {\n\t\t\tauth = psk\n\t\t\tid = %s\n\t\t}\n"
		"\t\tremote {\n\t\t\tauth = psk\n\t\t\tid = %s\n\t\t}\n",
		one->local_id, one->peer_id);
	append_children(one, text);
	g_string_append(text, "\t}\n");
}

/* As hexadecimal digits, so that no character means anything. */
static void append_secret(const struct document_ipsec *one, GString *text)
{
	g_string_append_printf(text, "\tike-%s {\n\t\tid-1 = %s\n\t\tid-2 = %s\n\t\tsecret = 0x",
		one->name, one->local_id, one->peer_id);
	for (const char *c = one->psk; *c; c++)
		g_string_append_printf(text, "%02x", (unsigned char)*c);
	g_string_append(text, "\n\t}\n");
}

char *render_ipsec_digest(const struct document_ipsec *one)
{
	GString *text = g_string_new(NULL);
	char *digest;

	append_connection(one, text);
	append_secret(one, text);
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
	g_string_free(text, TRUE);
	return digest;
}

void render_swanctl(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;

	(void)place;
	if (!document->ipsec->len)
		return;
	g_string_append(text, "connections {\n");
	for (guint i = 0; i < document->ipsec->len; i++)
		append_connection(&all[i], text);
	g_string_append(text, "}\nsecrets {\n");
	for (guint i = 0; i < document->ipsec->len; i++)
		append_secret(&all[i], text);
	g_string_append(text, "}\n");
}

static bool has_one(const GArray *addresses, const struct prefix *cidr)
{
	for (guint i = 0; i < addresses->len; i++)
		if (prefix_contains(cidr, &g_array_index(addresses, struct prefix, i).ip))
			return true;
	return false;
}

static bool is_there(const struct document *document, const struct prefix *cidr)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (has_one(interface->addresses, cidr) ||
			has_one(interface->virtual_addresses, cidr))
			return true;
	}
	return false;
}

/* charon refuses a tunnel of a prefix in which it finds no address of its own. A prefix that is
 * behind another router has none: its first one, which no guest can have, stands in. */
static void append_stand_ins(
	const struct document *document, const struct document_ipsec *one, GString *text)
{
	char ip[IP_STRLEN];

	for (guint i = 0; !one->transport && i < one->local_cidrs->len; i++) {
		const struct prefix *cidr = &g_array_index(one->local_cidrs, struct prefix, i);

		if (!is_there(document, cidr))
			g_string_append_printf(text,
				"address replace %s/%u dev " IPSEC_DEVICE "%s\n",
				ip_format(&cidr->ip, ip), cidr->ip.family == 6 ? 128 : 32,
				cidr->ip.family == 6 ? " nodad" : "");
	}
}

/* Of the device ipsec0: what is for a peer goes there whether the tunnel is up or not. */
void render_ipsec_routes(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;
	char cidr[PREFIX_STRLEN];

	(void)place;
	if (!document->ipsec->len)
		return;
	g_string_append_printf(
		text, "route flush dev " IPSEC_DEVICE " proto %d\n", RENDER_TUNNEL_PROTOCOL);
	g_string_append(text, "address flush dev " IPSEC_DEVICE " scope global\n");
	for (guint i = 0; i < document->ipsec->len; i++)
		append_stand_ins(document, &all[i], text);
	for (guint i = 0; i < document->ipsec->len; i++)
		for (guint j = 0; !all[i].transport && j < all[i].peer_cidrs->len; j++)
			g_string_append_printf(text,
				"route replace %s dev " IPSEC_DEVICE " proto %d\n",
				prefix_format(
					&g_array_index(all[i].peer_cidrs, struct prefix, j), cidr),
				RENDER_TUNNEL_PROTOCOL);
}
