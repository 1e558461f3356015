/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet filter's part in tunnels. What comes from one may go to guests and other tunnels, not
 * out again by the public NIC; what is for the far end of one never leaves in clear text, nor with
 * another address. Where the kernel does ESP a packet of the tunnel is one of the public NIC that
 * was, or will be, in ESP or AH ("ipsec"); elsewhere tunnels are devices of their own. In transport
 * mode there is no tunnel: what this machine and the peer say to each other is looked at before
 * anything is translated, and after.
 */
#include "appliance/render/render_nftables.h"

#define ESP_MTU_LESS 141 /* IP, UDP, ESP with the longest padding and hash; inner IP and TCP */
#define IPV6_LESS 20	 /* what a header of IPv6 is longer */

struct pair {
	const char *version; /* "ip", "ip6" */
	char local[PREFIX_STRLEN], peer[PREFIX_STRLEN];
};

static const char *version_of(const struct ip *ip)
{
	return ip->family == 6 ? "ip6" : "ip";
}

/* Writes a rule for each pair of prefixes of each connection that is a tunnel. */
static void each_pair(const struct document *document, GString *text,
	void (*write)(const struct document_ipsec *one, const struct pair *pair, const char *public,
		GString *text))
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;
	const char *public = document_public(document)->name;
	struct pair pair;

	for (guint n = 0; n < document->ipsec->len; n++)
		for (guint i = 0; !all[n].transport && i < all[n].local_cidrs->len; i++)
			for (guint j = 0; j < all[n].peer_cidrs->len; j++) {
				const struct prefix *local =
					&g_array_index(all[n].local_cidrs, struct prefix, i);

				pair.version = version_of(&local->ip);
				prefix_format(local, pair.local);
				prefix_format(&g_array_index(all[n].peer_cidrs, struct prefix, j),
					pair.peer);
				write(&all[n], &pair, public, text);
			}
}

void render_vpn_input(const struct document *document, GString *text)
{
	const char *public = document_public(document)->name;
	char local[IP_STRLEN], peer[IP_STRLEN];

	for (guint i = 0; i < document->ipsec->len; i++) {
		const struct document_ipsec *one =
			&g_array_index(document->ipsec, struct document_ipsec, i);

		g_string_append_printf(text,
			"\t\tiifname \"%s\" %s saddr %s %s daddr %s udp dport { 500, 4500 } accept\n",
			public, version_of(&one->peer), ip_format(&one->peer, peer),
			version_of(&one->local), ip_format(&one->local, local));
		if (one->ah)
			g_string_append_printf(text,
				"\t\tiifname \"%s\" ip saddr %s ip daddr %s ip protocol ah accept\n",
				public, peer, local);
	}
	for (guint i = 0; i < document->gre->len; i++) {
		const struct document_gre *one =
			&g_array_index(document->gre, struct document_gre, i);

		g_string_append_printf(text,
			"\t\tiifname \"%s\" ip saddr %s ip daddr %s ip protocol gre accept\n",
			public, ip_format(&one->peer, peer), ip_format(&one->local, local));
	}
	if (document->wireguard.enabled)
		g_string_append_printf(text, "\t\tiifname \"%s\" udp dport %u accept\n", public,
			document->wireguard.listen_port);
}

struct devices {
	const char *public;
	GString *text;
};

static void guard_device(const char *device, void *data)
{
	const struct devices *devices = data;

	g_string_append_printf(devices->text,
		"\t\tiifname \"%s\" oifname \"%s\" counter name tunnel_dropped drop\n"
		"\t\toifname \"%s\" tcp flags syn tcp option maxseg size set rt mtu\n",
		device, devices->public, device);
}

/* Bytes of a packet that are not TCP's, with the longest ESP. */
static unsigned overhead(const struct document_ipsec *one, const struct pair *pair)
{
	return ESP_MTU_LESS + (one->peer.family == 6 ? IPV6_LESS : 0) +
	       (pair->version[2] ? IPV6_LESS : 0);
}

static void append_mss(
	const char *version, const char *from, const char *to, unsigned mss, GString *text)
{
	g_string_append_printf(text,
		"\t\t%s saddr %s %s daddr %s tcp flags syn tcp option maxseg size set %u\n",
		version, from, version, to, mss);
}

static void guard_pair(const struct document_ipsec *one, const struct pair *pair,
	const char *public, GString *text)
{
	unsigned less = overhead(one, pair), mss = MAX(one->mtu, less + 1) - less;

	g_string_append_printf(text,
		"\t\toifname \"%s\" %s saddr %s %s daddr %s rt ipsec missing counter name tunnel_dropped drop\n"
		"\t\tiifname \"%s\" %s saddr %s %s daddr %s meta ipsec missing counter name tunnel_dropped drop\n",
		public, pair->version, pair->local, pair->version, pair->peer, public,
		pair->version, pair->peer, pair->version, pair->local);
	append_mss(pair->version, pair->local, pair->peer, mss, text);
	append_mss(pair->version, pair->peer, pair->local, mss, text);
}

/* What guests send to the peer itself goes with this machine's address. */
static void append_transport_mss(
	const struct document_ipsec *one, const char *public, GString *text)
{
	unsigned mss = one->mtu - MIN(one->mtu - 1, ESP_MTU_LESS);
	char peer[IP_STRLEN];

	ip_format(&one->peer, peer);
	g_string_append_printf(text,
		"\t\toifname \"%s\" ip daddr %s tcp flags syn tcp option maxseg size set %u\n"
		"\t\tiifname \"%s\" ip saddr %s tcp flags syn tcp option maxseg size set %u\n",
		public, peer, mss, public, peer, mss);
}

/* Between the two addresses there is what sets the connection up, and what it protects. What was
 * translated comes from a guest, whatever its port. */
static void append_transport_in(const char *between, bool ah, GString *text)
{
	g_string_append_printf(text, "\t\t%s udp dport { 500, 4500 } accept\n", between);
	if (ah)
		g_string_append_printf(text, "\t\t%s ip protocol ah accept\n", between);
	g_string_append_printf(
		text, "\t\t%s meta ipsec missing counter name tunnel_dropped drop\n", between);
}

static void append_transport_out(const char *between, bool ah, GString *text)
{
	static const char drop[] = "rt ipsec missing counter name tunnel_dropped drop\n";

	g_string_append_printf(text,
		"\t\t%s ct status snat %s\t\t%s udp sport { 500, 4500 } accept\n", between, drop,
		between);
	if (ah)
		g_string_append_printf(text, "\t\t%s ip protocol ah accept\n", between);
	g_string_append_printf(text, "\t\t%s %s", between, drop);
}

void render_vpn_transport(const struct document *document, GString *text)
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;
	const char *public = document_public(document)->name;
	char local[IP_STRLEN], peer[IP_STRLEN];
	GString *out = g_string_new(NULL);

	g_string_append(text, "\tchain transport_in {\n");
	for (guint i = 0; i < document->ipsec->len; i++) {
		g_autofree char *coming = g_strdup_printf("iifname \"%s\" ip saddr %s ip daddr %s",
			public, ip_format(&all[i].peer, peer), ip_format(&all[i].local, local));
		g_autofree char *going = g_strdup_printf(
			"oifname \"%s\" ip saddr %s ip daddr %s", public, local, peer);

		if (!all[i].transport)
			continue;
		append_transport_in(coming, all[i].ah, text);
		append_transport_out(going, all[i].ah, out);
	}
	g_string_append_printf(text, "\t}\n\tchain transport_out {\n%s\t}\n", out->str);
	g_string_free(out, TRUE);
}

void render_vpn_guard(const struct document *document, GString *text)
{
	const struct document_ipsec *all = (const void *)document->ipsec->data;
	struct devices devices = { document_public(document)->name, text };

	if (document->ipsec->len)
		g_string_append_printf(text,
			"\t\tiifname \"" IPSEC_DEVICE
			"\" oifname \"%s\" counter name tunnel_dropped drop\n",
			devices.public);
	for (guint i = 0; i < document->ipsec->len; i++)
		if (all[i].transport)
			append_transport_mss(&all[i], devices.public, text);
	document_each_tunnel(document, guard_device, &devices);
	each_pair(document, text, guard_pair);
}

static void accept_pair(const struct document_ipsec *one, const struct pair *pair,
	const char *public, GString *text)
{
	(void)one;
	g_string_append_printf(text,
		"\t\tiifname \"%s\" %s saddr %s %s daddr %s meta ipsec exists accept\n", public,
		pair->version, pair->peer, pair->version, pair->local);
}

void render_vpn_accept(const struct document *document, GString *text)
{
	each_pair(document, text, accept_pair);
}

static void keep_pair(const struct document_ipsec *one, const struct pair *pair, const char *public,
	GString *text)
{
	(void)one;
	if (!pair->version[2]) /* IPv6 is never translated */
		g_string_append_printf(text, "\t\toifname \"%s\" ip saddr %s ip daddr %s accept\n",
			public, pair->local, pair->peer);
}

void render_vpn_no_snat(const struct document *document, GString *text)
{
	each_pair(document, text, keep_pair);
}
