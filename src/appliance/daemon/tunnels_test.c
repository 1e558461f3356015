/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels: what is taken and refused of the document, the files, GRE's headers, charon's protocol.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/daemon/gre.h"
#include "appliance/render/render.h"
#include "appliance/document/test_document.h"
#include "appliance/render/test_render.h"
#include "appliance/daemon/vici.h"
#include "appliance/daemon/wireguard.h"

static void test_ipsec_files(void **state)
{
	static const char *const lines[] = { "\tc1 {\n\t\tversion = 2\n",
		"\t\tproposals = aes256-sha256-modp2048\n", "\t\tencap = yes\n",
		"\t\t\tid = 203.0.113.5\n", "\t\t\tid = b.example.org\n", "\t\tdpd_delay = 30s\n",
		"\t\t\tc1-0 {\n", "local_ts = 10.0.0.0/24\n\t\t\t\tremote_ts = 10.1.0.0/24\n",
		"\t\t\tc1-1 {\n", "local_ts = 10.5.0.0/24\n", "rekey_time = 3240s\n",
		"\t\tsecret = 0x6120226222\n", NULL };
	struct rendered rendered;

	(void)state;
	render_text(TEST_TUNNELS, &rendered);
	assert_lines(rendered.texts[RENDER_SWANCTL], lines);
	assert_int_equal(render_kinds[RENDER_SWANCTL].mode, 0600);
	assert_int_equal(render_kinds[RENDER_WIREGUARD].mode, 0600);
	assert_non_null(strstr(rendered.texts[RENDER_STRONGSWAN_USER], "kernel-libipsec"));
	assert_null(strstr(rendered.texts[RENDER_STRONGSWAN], "kernel-libipsec"));
	assert_string_equal(body(&rendered, RENDER_IPSEC_ROUTES),
		"route flush dev ipsec0 proto 158\n"
		"address flush dev ipsec0 scope global\n"
		"address replace 10.5.0.0/32 dev ipsec0\n"
		"route replace 10.1.0.0/24 dev ipsec0 proto 158\n");
	rendered_clear(&rendered);
}

#define ENDS ",\"local_cidrs\":[\"203.0.113.5/32\"],\"peer_cidrs\":[\"198.51.100.9/32\"]"
#define NETS ",\"local_cidrs\":[\"10.0.0.0/24\"],\"peer_cidrs\":[\"10.1.0.0/24\"]"
#define FORM(cidrs, more)                                                                  \
	"{" TEST_HEAD TEST_INTERFACES                                                      \
	",\"ipsec\":[{\"name\":\"c1\",\"local_address\":\"203.0.113.5\",\"peer_address\":" \
	"\"198.51.100.9\",\"psk\":\"x\"" cidrs more "}]}"
#define AH ",\"transform_protocol\":\"ah\""
#define TRANSPORT ",\"encapsulation_mode\":\"transport\""

/* Nothing passes between the two ends but what is protected and what sets that up. */
static void test_transport(void **state)
{
	static const char *const lines[] = {
		"\t\toifname \"public\" ip daddr 198.51.100.9 tcp flags",
		"\tchain transport_in {\n"
		"\t\tiifname \"public\" ip saddr 198.51.100.9 ip daddr 203.0.113.5 udp dport { 500, 4500 } accept\n"
		"\t\tiifname \"public\" ip saddr 198.51.100.9 ip daddr 203.0.113.5 meta ipsec missing counter name tunnel_dropped drop\n"
		"\t}\n\tchain transport_out {\n"
		"\t\toifname \"public\" ip saddr 203.0.113.5 ip daddr 198.51.100.9 ct status snat rt ipsec missing counter name tunnel_dropped drop\n"
		"\t\toifname \"public\" ip saddr 203.0.113.5 ip daddr 198.51.100.9 udp sport { 500, 4500 } accept\n"
		"\t\toifname \"public\" ip saddr 203.0.113.5 ip daddr 198.51.100.9 rt ipsec missing counter name tunnel_dropped drop\n\t}\n",
		NULL
	};
	struct rendered rendered;

	(void)state;
	render_text(FORM(ENDS, TRANSPORT), &rendered);
	assert_lines(rendered.texts[RENDER_NFTABLES], lines);
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL], "mode = transport\n"));
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL], "\t\tencap = yes\n"));
	assert_null(strstr(rendered.texts[RENDER_IPSEC_ROUTES], "198.51.100.9"));
	rendered_clear(&rendered);
}

static void test_ah(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(FORM(NETS, AH), &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL], "ah_proposals = sha256-modp2048\n"));
	assert_null(strstr(rendered.texts[RENDER_SWANCTL], "esp_proposals"));
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL], "\t\tencap = no\n"));
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"ip saddr 198.51.100.9 ip daddr 203.0.113.5 ip protocol ah accept\n"));
	rendered_clear(&rendered);
	render_text(FORM(ENDS, AH TRANSPORT), &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES],
		"\t\toifname \"public\" ip saddr 203.0.113.5 ip daddr 198.51.100.9 ip protocol ah accept\n"));
	rendered_clear(&rendered);
}

#define SIX(local, peer, inner, outer)                                                         \
	"{" TEST_HEAD                                                                          \
	"\"interfaces\":[{\"name\":\"mgmt\",\"role\":\"management\",\"mac_address\":"          \
	"\"fa:16:3e:00:00:01\"},{\"name\":\"public\",\"role\":\"public\",\"mac_address\":"     \
	"\"fa:16:3e:00:00:02\",\"addresses\":[\"203.0.113.5/24\",\"2001:db8:f::5/64\"]}],"     \
	"\"ipsec\":[{\"name\":\"c1\",\"local_address\":\"" local "\",\"peer_address\":\"" peer \
	"\",\"psk\":\"x\",\"local_cidrs\":[\"" inner "\"],\"peer_cidrs\":[\"" outer "\"]}]}"

/* IPv6 in IPv6, and each in the other; the path's MTU less the longer headers. */
static void test_ipsec_of_ipv6(void **state)
{
	static const char *const both[] = {
		"\t\tiifname \"public\" ip6 saddr 2001:db8:e::9 ip6 daddr 2001:db8:f::5 udp dport { 500, 4500 } accept\n",
		"\t\toifname \"public\" ip6 saddr fd00:1::/64 ip6 daddr fd00:2::/64 rt ipsec missing counter name tunnel_dropped drop\n",
		"\t\tiifname \"public\" ip6 saddr fd00:2::/64 ip6 daddr fd00:1::/64 meta ipsec missing counter name tunnel_dropped drop\n",
		"\t\tip6 saddr fd00:2::/64 ip6 daddr fd00:1::/64 tcp flags syn tcp option maxseg size set 1319\n",
		"\t\tiifname \"public\" ip6 saddr fd00:2::/64 ip6 daddr fd00:1::/64 meta ipsec exists accept\n",
		NULL
	};
	struct rendered rendered;

	(void)state;
	render_text(SIX("2001:db8:f::5", "2001:db8:e::9", "fd00:1::/64", "fd00:2::/64"), &rendered);
	assert_lines(rendered.texts[RENDER_NFTABLES], both);
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL],
		"\t\tlocal_addrs = 2001:db8:f::5\n\t\tremote_addrs ="));
	assert_non_null(strstr(rendered.texts[RENDER_SWANCTL], "\t\t\tid = 2001:db8:e::9\n"));
	assert_string_equal(body(&rendered, RENDER_IPSEC_ROUTES),
		"route flush dev ipsec0 proto 158\naddress flush dev ipsec0 scope global\n"
		"address replace fd00:1::/128 dev ipsec0 nodad\n"
		"route replace fd00:2::/64 dev ipsec0 proto 158\n");
	rendered_clear(&rendered);
	render_text(SIX("203.0.113.5", "198.51.100.9", "fd00:1::/64", "fd00:2::/64"), &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES], "maxseg size set 1339\n"));
	rendered_clear(&rendered);
	render_text(SIX("2001:db8:f::5", "2001:db8:e::9", "10.0.0.0/24", "10.1.0.0/24"), &rendered);
	assert_non_null(strstr(rendered.texts[RENDER_NFTABLES], "maxseg size set 1339\n"));
	rendered_clear(&rendered);
}

static void test_device_files(void **state)
{
	struct rendered rendered;

	(void)state;
	render_text(TEST_TUNNELS, &rendered);
	assert_string_equal(body(&rendered, RENDER_WIREGUARD),
		"[Interface]\nPrivateKey = " TEST_KEY "\nListenPort = 51820\n"
		"[Peer]\nPublicKey = " TEST_PUBLIC_KEY "\nEndpoint = 198.51.100.9:51821\n"
		"AllowedIPs = 10.2.0.0/24\nPersistentKeepalive = 25\n");
	assert_string_equal(body(&rendered, RENDER_WIREGUARD_DEVICE),
		"address flush dev wg0 scope global\nlink set dev wg0 up mtu 1420\n"
		"address replace 10.255.0.1/30 dev wg0\nroute flush dev wg0 proto 158\n"
		"route replace 10.2.0.0/24 dev wg0 proto 158\n");
	assert_string_equal(
		body(&rendered, RENDER_GRE), "gre1 203.0.113.5 198.51.100.9 4294967295\n");
	assert_string_equal(body(&rendered, RENDER_GRE_DEVICES),
		"address flush dev gre1 scope global\nlink set dev gre1 up mtu 1472\n"
		"address replace 10.254.0.1/30 dev gre1\nroute flush dev gre1 proto 158\n"
		"route replace 10.3.0.0/24 dev gre1 proto 158\n");
	rendered_clear(&rendered);
}

static void test_filter(void **state)
{
	static const char *const lines[] = {
		"\t\tiifname \"public\" ip saddr 198.51.100.9 ip daddr 203.0.113.5 udp dport { 500, 4500 } accept\n",
		"\t\tiifname \"public\" ip saddr 198.51.100.9 ip daddr 203.0.113.5 ip protocol gre accept\n",
		"\t\tiifname \"public\" udp dport 51820 accept\n",
		"\t\tiifname \"ipsec0\" oifname \"public\" counter name tunnel_dropped drop\n",
		"\t\tiifname \"wg0\" oifname \"public\" counter name tunnel_dropped drop\n",
		"\t\toifname \"gre1\" tcp flags syn tcp option maxseg size set rt mtu\n",
		"\t\toifname \"public\" ip saddr 10.0.0.0/24 ip daddr 10.1.0.0/24 rt ipsec missing counter name tunnel_dropped drop\n",
		"\t\tip saddr 10.1.0.0/24 ip daddr 10.5.0.0/24 tcp flags syn tcp option maxseg size set 1359\n",
		"\t\tiifname \"public\" ip saddr 10.1.0.0/24 ip daddr 10.0.0.0/24 meta ipsec exists accept\n",
		NULL
	};
	struct rendered rendered;
	const char *text, *kept, *translated;

	(void)state;
	render_text(TEST_TUNNELS, &rendered);
	text = rendered.texts[RENDER_NFTABLES];
	assert_lines(text, lines);
	kept = strstr(
		text, "\t\toifname \"public\" ip saddr 10.0.0.0/24 ip daddr 10.1.0.0/24 accept\n");
	translated = strstr(text, "snat ip to 203.0.113.5");
	assert_true(kept && translated && kept < translated);
	assert_true(strstr(text, "rt ipsec missing counter") <
		    strstr(strstr(text, "chain forward {\n\t\tiifname"), "established"));
	rendered_clear(&rendered);
	render_text("{" TEST_HEAD TEST_INTERFACES "}", &rendered);
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "ipsec"));
	assert_null(strstr(rendered.texts[RENDER_NFTABLES], "4500"));
	for (unsigned i = RENDER_STRONGSWAN; i <= RENDER_GRE_DEVICES; i++)
		assert_string_equal(body(&rendered, (enum render_file)i), "");
	rendered_clear(&rendered);
}

#define WITH(more) "{" TEST_HEAD TEST_INTERFACES "," more "}"
#define C(name, local, peer, psk, lc, pc, more)                                           \
	"{\"name\":\"" name "\",\"local_address\":\"" local "\",\"peer_address\":\"" peer \
	"\",\"psk\":\"" psk "\",\"local_cidrs\":[" lc "],\"peer_cidrs\":[" pc "]" more "}"
#define OWN "203.0.113.5"
#define FAR "198.51.100.9"
#define L "\"10.0.0.0/24\""
#define P "\"10.1.0.0/24\""
#define GOOD(name, more) C(name, OWN, FAR, "x", L, P, more)
#define WG(members) "\"wireguard\":{\"private_key\":\"" TEST_KEY "\",\"listen_port\":1" members "}"
#define PEER(members) WG(",\"peers\":[{\"public_key\":\"" TEST_PUBLIC_KEY "\"" members "}]")
#define G(name, own, more) \
	"{\"name\":\"" name "\",\"local_address\":\"" own "\",\"peer_address\":\"" FAR "\"" more "}"

/* Each with what its error must say. */
static const struct {
	const char *text, *says;
} refused[] = {
	{ WITH("\"ipsec\":{}"), "ipsec: must be a list" },
	{ WITH("\"ipsec\":[{}]"), "ipsec[0].name: must be given" },
	{ WITH("\"ipsec\":[" GOOD("", "") "]"), "ipsec[0].name: must not be empty" },
	{ WITH("\"ipsec\":[" GOOD("a", "") "," GOOD("a", "") "]"), "two have the name a" },
	{ WITH("\"ipsec\":[" GOOD("a", "") "," GOOD("b", "") "]"), "of a and b overlap" },
	{ WITH("\"ipsec\":[" GOOD("a", "") "," C("b", OWN, FAR, "y", L, "\"10.2.0.0/24\"", "") "]"),
		"have not the same psk" },
	{ WITH("\"ipsec\":[" C("a", "203.0.113.77", FAR, "x", L, P, "") "]"),
		"ipsec[0].local_address: 203.0.113.77 must be among the addresses" },
	{ WITH("\"ipsec\":[" C("a", OWN, "vpn.example.org", "x", L, P, "") "]"),
		"ipsec[0].peer_address: \"vpn.example.org\" must be an" },
	{ WITH("\"ipsec\":[" C("a", OWN, "2001:db8::9", "x", L, P, "") "]"),
		"ipsec[0].peer_address: must be an IPv4 address, as local_address is" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x", L, "\"0.0.0.0/0\"", "") "]"),
		"ipsec[0].peer_cidrs[0]: 0.0.0.0/0 must be without peer_address" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x", "", P, "") "]"),
		"local_cidrs: must have one prefix at least" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x", L, "\"10.1.0.1/24\"", "") "]"),
		"without bits beyond its length" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x", L, "\"2001:db8::/64\"", "") "]"),
		"peer_cidrs[0]: must be an IPv4 prefix, as local_cidrs are" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x", L ",\"2001:db8::/64\"", P, "") "]"),
		"local_cidrs[1]: must be an IPv4 prefix, as the first one is" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "", L, P, "") "]"), "psk: must be a text of 1" },
	{ WITH("\"ipsec\":[" C("a", OWN, FAR, "x\\n}", L, P, "") "]"), "psk: must be a text of 1" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"peer_id\":\"%any\"") "]"), "peer_id: \"%any\" must be" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"peer_id\":\"a }\"") "]"), "ipsec[0].peer_id" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"esp\":{\"version\":\"v2\"}") "]"), "esp.version" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"ike\":{\"version\":\"v3\"}") "]"), "ike.version" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"esp\":{\"pfs\":\"group1\"}") "]"),
		"esp.pfs: \"group1\" must be one of group2, group5, group14" },
	{ WITH("\"ipsec\":[" GOOD("a", ",\"dpd\":{\"interval_s\":0}") "]"), "dpd.interval_s" },
	{ FORM(NETS, TRANSPORT), "ipsec[0].local_cidrs: must be local_address alone" },
	{ FORM(",\"local_cidrs\":[\"203.0.113.5/32\"],\"peer_cidrs\":[\"10.1.0.0/24\"]", TRANSPORT),
		"ipsec[0].peer_cidrs: must be peer_address alone, \"198.51.100.9/32\"" },
	{ FORM(ENDS, ""), "must be without peer_address" },
	{ FORM(NETS, ",\"transform_protocol\":\"ah-esp\""), "must be one of esp, ah" },
	{ WITH("\"wireguard\":{\"listen_port\":1}"), "wireguard.private_key: must be given" },
	{ WITH("\"wireguard\":{\"listen_port\":1,\"private_key\":\"short\"}"),
		"wireguard.private_key: must be a WireGuard key" },
	{ WITH(PEER(",\"allowed_ips\":[\"0.0.0.0/0\"]")), "allowed_ips[0]: must not be all" },
	{ WITH(PEER(",\"allowed_ips\":[],\"endpoint_address\":\"1.2.3.4\"")),
		"endpoint_port: must be given with endpoint_address" },
	{ WITH("\"gre\":[" G("gre0", OWN, "") "]"), "the name gre0 is another device's" },
	{ WITH("\"gre\":[" G("guest0", OWN, "") "]"), "the name guest0 is another device's" },
	{ WITH("\"gre\":[" G("a", "203.0.113.77", "") "]"), "gre[0].local_address" },
	{ WITH("\"gre\":[" G("a", OWN, "") "," G("b", OWN, ",\"key\":1") "]"),
		"gre[1]: a is between the same addresses" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;

		if (document_parse(refused[i].text, strlen(refused[i].text), &error))
			fail_msg("taken: %s", refused[i].text);
		if (!strstr(error->message, refused[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error->message, refused[i].says);
		assert_int_equal(error->code, WEFT_ERROR_INVALID_INPUT);
	}
}

/* RFC 2784, RFC 2890: header bytes, and what is not ours. */
static void test_gre_headers(void **state)
{
	static const u8 packet[] = { 0x45, 1, 2, 3 }, six[] = { 0x60 }, other[] = { 0x10 };
	static const u8 summed[] = { 0x80, 0, 8, 0, 0x30, 0xfb, 0, 0, 0x45, 1, 2, 3 };
	struct gre_tunnel tunnel, plain;
	u8 out[GRE_HEADER_MAX + sizeof(packet)];

	(void)state;
	assert_true(gre_parse_line("g 192.0.2.1 192.0.2.2 305419896", &tunnel, NULL));
	assert_true(gre_parse_line("g 192.0.2.1 192.0.2.2 -", &plain, NULL));
	assert_false(gre_parse_line("g 192.0.2.1 192.0.2.2", &tunnel, NULL));
	assert_false(gre_parse_line("g 192.0.2.1 x 1", &tunnel, NULL));
	assert_int_equal(tunnel.key, 0x12345678);
	assert_int_equal(gre_build(&tunnel, packet, sizeof(packet), out), 8);
	assert_memory_equal(out, "\x20\0\x08\0\x12\x34\x56\x78", 8);
	memcpy(out + 8, packet, sizeof(packet));
	assert_int_equal(gre_strip(&tunnel, out, 12), 8);
	assert_int_equal(gre_strip(&plain, out, 12), 0);
	assert_int_equal(gre_strip(&tunnel, out, 8), 0);
	out[7]++;
	assert_int_equal(gre_strip(&tunnel, out, 12), 0);
	assert_int_equal(gre_build(&plain, six, sizeof(six), out), 4);
	assert_memory_equal(out, "\0\0\x86\xdd", 4);
	assert_int_equal(gre_build(&plain, other, sizeof(other), out), 0);
	assert_int_equal(gre_strip(&plain, summed, sizeof(summed)), 8);
	memcpy(out, summed, sizeof(summed));
	out[10]++;
	assert_int_equal(gre_strip(&plain, out, sizeof(summed)), 0);
}

static void test_vici(void **state)
{
	GByteArray *packet = vici_new(VICI_REQUEST, "initiate");
	struct vici_reader reader;

	(void)state;
	vici_add(packet, "child", "c1-0");
	vici_finish(packet);
	assert_int_equal(vici_packet(packet->data, packet->len), packet->len);
	assert_int_equal(vici_packet(packet->data, packet->len - 1), 0);
	assert_int_equal(vici_packet((const u8 *)"\xff\0\0\0", 4), -1);
	assert_true(vici_read(&reader, packet->data, packet->len));
	assert_string_equal(reader.event, "initiate");
	assert_int_equal(vici_next(&reader), VICI_VALUE);
	assert_string_equal(reader.name, "child");
	assert_string_equal(reader.value, "c1-0");
	assert_int_equal(vici_next(&reader), VICI_END);
	packet->data[packet->len - 5] = 200; /* of a value that is not there */
	assert_true(vici_read(&reader, packet->data, packet->len));
	assert_int_equal(vici_next(&reader), VICI_WRONG);
	g_byte_array_unref(packet);
}

static void test_wireguard_numbers(void **state)
{
	u64 first, second;

	(void)state;
	assert_true(wireguard_find("a=\t12\nb=\t3\t4\n", "b=", &first, &second));
	assert_int_equal(first, 3);
	assert_int_equal(second, 4);
	assert_true(wireguard_find("a=\t12\nb=\t3\t4\n", "a=", &first, &second));
	assert_int_equal(first, 12);
	assert_int_equal(second, 0);
	assert_false(wireguard_find("", "b=", &first, &second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipsec_files),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_ah),
		cmocka_unit_test(test_ipsec_of_ipv6),
		cmocka_unit_test(test_device_files),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_gre_headers),
		cmocka_unit_test(test_vici),
		cmocka_unit_test(test_wireguard_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
