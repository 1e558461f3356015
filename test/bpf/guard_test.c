/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewall groups of routers' ports: guest 1 on VNI 100 and guest 2 on VNI 200, between them a
 * router whose two ports are guarded.
 *
 *   guest 1 10.0.0.1 … .8 ── 100 ── ROUTER_MAC1 router ROUTER_MAC2 ── 200 ── guest 2 10.2.0.1 … .8
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bed.h"

#define IP4 0x0800
#define IP6 0x86dd
#define VNI2 200
#define ROUTER 0x1122334455667788ull
#define ROUTER_MAC1 "02:00:00:00:01:00"
#define ROUTER_MAC2 "02:00:00:00:02:00"
#define ROUTER_IP "10.0.0.77"
#define ROUTER_IP_6 "fd00::77"
#define FAR "10.2.0.1"
#define FAR_6 "fd02::1"
#define HOSTS 8
#define RULES_MAX 60
#define DENIED "denied-firewall"

static void add_side(struct bed *bed, enum bed_place place, u32 vni, unsigned net,
	const char *guest, const char *router)
{
	struct dp_port port = { .ifindex = bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = vni,
		.flags = DP_PORT_GUARDED,
		.mac = mac(guest),
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)net } };
	struct dp_interface interface = { .vni = vni, .mac = mac(router), .router = ROUTER };
	struct dp_endpoint endpoint = { .vni = vni, .mac = port.mac, .ifindex = port.ifindex };
	struct dp_route route = { .router = ROUTER,
		.kind = DP_ROUTE_CONNECTED,
		.n_hops = 1,
		.hops = { { .vni = vni, .mac = interface.mac } } };
	g_autofree char *cidr = g_strdup_printf("10.%u.0.0/24", net);

	assert_true(prefix_parse(cidr, &route.prefix));
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_interface_put(bed->dp, &interface, NULL));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	for (unsigned i = 1; i <= HOSTS; i++) {
		g_autofree char *text = g_strdup_printf("10.%u.0.%u", net, i);
		struct ip address = ip(text);

		assert_true(dp_neighbour_put(bed->dp, vni, &address, &port.mac, NULL));
	}
}

static int setup(void **state)
{
	struct dp_network network = { .vni = VNI2, .mtu_bytes = 1300 };
	struct bed *bed;

	bed_setup(state);
	bed = *state;
	assert_true(dp_network_put(bed->dp, &network, NULL));
	add_side(bed, BED_GUEST1, VNI, 0, MAC1, ROUTER_MAC1);
	add_side(bed, BED_GUEST2, VNI2, 2, MAC2, ROUTER_MAC2);
	return 0;
}

/* @in: about what enters the router there, @out: about what leaves it. */
static void guard(struct bed *bed, u32 vni, const char *hardware, const struct dp_guard_rule *in,
	size_t n_in, const struct dp_guard_rule *out, size_t n_out)
{
	struct dp_guard wanted = {
		.vni = vni, .mac = mac(hardware), .ingress = { out, n_out }, .egress = { in, n_in }
	};

	assert_true(dp_guard_put(bed->dp, &wanted, NULL));
}

static struct frame packet(
	unsigned forth, u8 proto, unsigned from, unsigned to, u16 sport, u16 dport)
{
	g_autofree char *src = g_strdup_printf("10.%d.0.%u", forth ? 0 : 2, from);
	g_autofree char *dst = g_strdup_printf("10.%d.0.%u", forth ? 2 : 0, to);
	struct frame payload = frame_fill(20);

	return frame_eth(forth ? ROUTER_MAC1 : ROUTER_MAC2, forth ? MAC1 : MAC2, IP4,
		frame_ip(src, dst, proto,
			proto == IPPROTO_UDP   ? frame_udp(sport, dport, payload)
			: proto == IPPROTO_TCP ? frame_tcp_syn(sport, dport)
					       : payload));
}

static struct frame arrived(struct frame frame, bool forth)
{
	struct mac dst = mac(forth ? MAC2 : MAC1), src = mac(forth ? ROUTER_MAC2 : ROUTER_MAC1);

	memcpy(frame.b, dst.b, 6);
	memcpy(frame.b + 6, src.b, 6);
	return frame_hop(frame);
}

static void passes(struct bed *bed, bool forth, struct frame frame)
{
	bed_send(bed, forth ? BED_GUEST1 : BED_GUEST2, frame);
	bed_expect(bed, forth ? BED_GUEST2 : BED_GUEST1, arrived(frame, forth));
}

static const struct dp_guard_rule all = { .id = { 1 }, .family = 4, .proto = -1 };

/* Who opened is asked, at its own port; answers pass, and a change cuts at once. */
static void test_connections(void **state)
{
	struct dp_guard_rule dns = { .id = { 2 }, .family = 4, .proto = IPPROTO_UDP };
	struct frame query = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct frame answer = packet(0, IPPROTO_UDP, 1, 1, 53, 1000);
	struct frame other = packet(0, IPPROTO_UDP, 1, 1, 53, 1001);
	struct bed *bed = *state;
	struct mac hardware = mac(ROUTER_MAC1);
	u64 hits;

	passes(bed, true, query); /* nobody guards yet */
	dns.destination_ports.first = dns.destination_ports.last = 53;
	guard(bed, VNI, ROUTER_MAC1, &dns, 1, NULL, 0);
	for (int i = 0; i < 3; i++) {
		passes(bed, true, query);
		passes(bed, false, answer);
	}
	bed_expect_drop(bed, BED_GUEST2, other, DENIED);
	bed_expect_drop(bed, BED_GUEST1, packet(1, IPPROTO_UDP, 1, 1, 1000, 54), DENIED);
	passes(bed, true, packet(1, IPPROTO_UDP, 2, 1, 1000, 53));
	assert_true(dp_rule_hits(bed->dp, dns.id, &hits, NULL));
	assert_true(hits >= 1);
	guard(bed, VNI, ROUTER_MAC1, &dns, 1, &all, 1);
	passes(bed, false, other);
	guard(bed, VNI, ROUTER_MAC1, NULL, 0, &all, 1);
	bed_expect_drop(bed, BED_GUEST1, query, DENIED);
	passes(bed, false, other);
	assert_true(dp_guard_delete(bed->dp, VNI, &hardware, NULL));
	passes(bed, true, query);
}

/* What the first rule of its policy rejects comes back to guest 1 as an error that quotes it. */
static void rejected(struct bed *bed, struct frame frame)
{
	const bool v6 = frame.b[12] == 0x86;
	const size_t whole = frame.len - 14, header = v6 ? 40 : 20;
	struct frame quote = frame_bytes(
			     frame.b + 14, whole < header + 20 ? header + 8 : header + 20),
		     error;
	u64 before = bed_drops(bed, BED_GUEST1, DENIED);

	error = frame_eth(MAC1, ROUTER_MAC1, v6 ? IP6 : IP4,
		frame_ip(v6 ? ROUTER_IP_6 : ROUTER_IP, v6 ? IP1_6 : IP1,
			v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			frame_icmp(v6 ? 1 : 3, v6 ? 4 : 3, 0, quote)));
	if (v6)
		error.b[21] = 64; /* the hop limit */
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST1, error);
	assert_int_equal(bed_drops(bed, BED_GUEST1, DENIED) - before, 1);
	bed_expect_nothing(bed, BED_GUEST2);
}

static struct frame to_router(const char *dst, u8 proto, struct frame payload)
{
	const bool v6 = strchr(dst, ':');

	return frame_eth(
		ROUTER_MAC1, MAC1, v6 ? IP6 : IP4, frame_ip(v6 ? IP1_6 : IP1, dst, proto, payload));
}

static void add_addresses(struct bed *bed)
{
	struct dp_interface interface = { .vni = VNI,
		.mac = mac(ROUTER_MAC1),
		.router = ROUTER,
		.ip4 = ip(ROUTER_IP),
		.ip6 = ip(ROUTER_IP_6) };
	struct dp_route route = { .router = ROUTER,
		.kind = DP_ROUTE_CONNECTED,
		.n_hops = 1,
		.hops = { { .vni = VNI2, .mac = mac(ROUTER_MAC2) } } };
	struct ip far = ip(FAR_6);
	struct mac guest2 = mac(MAC2);

	assert_true(dp_interface_put(bed->dp, &interface, NULL));
	assert_true(prefix_parse("fd02::/64", &route.prefix));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(prefix_parse("0.0.0.0/0", &route.prefix));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(prefix_parse("::/0", &route.prefix));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI2, &far, &guest2, NULL));
}

/* A rule that rejects: the guest is told, whatever it has sent, at either port of the router; but
 * of no rule that denies. */
static void test_reject(void **state)
{
	struct dp_guard_rule rules[] = {
		{ .id = { 3 }, .family = 4, .proto = IPPROTO_UDP, .deny = true },
		{ .id = { 4 }, .family = 4, .proto = -1, .deny = true, .reject = true },
		{ .id = { 5 }, .family = 6, .proto = -1, .deny = true, .reject = true }
	};
	struct dp_guard_rule all6 = { .id = { 6 }, .family = 6, .proto = -1 };
	struct dp_guard_rule both[] = { all, all6 };
	struct frame quic = to_router(FAR, IPPROTO_UDP, frame_udp(1000, 443, frame_fill(64)));
	struct frame quic6 = to_router(FAR_6, IPPROTO_UDP, frame_udp(1000, 443, frame_fill(64)));
	struct frame ping6 =
		to_router(FAR_6, IPPROTO_ICMPV6, frame_icmp(128, 0, 0x12340001, frame_fill(56)));
	struct bed *bed = *state;

	add_addresses(bed);
	guard(bed, VNI, ROUTER_MAC1, rules, 3, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1, quic, DENIED); /* the first rule that matches */
	rejected(bed, to_router(FAR, IPPROTO_TCP, frame_tcp_syn(1000, 443)));
	rejected(bed, to_router(FAR_6, IPPROTO_TCP, frame_tcp_syn(1000, 443)));
	rejected(bed, quic6);
	rejected(bed, to_router(FAR_6, IPPROTO_UDP, frame_udp(1, 2, frame_fill(11))));
	guard(bed, VNI, ROUTER_MAC1, both, 2, NULL, 0);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, rules + 1, 2);
	rejected(bed, quic);
	rejected(bed, ping6);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, NULL, 0); /* no rule: nobody is told */
	bed_expect_drop(bed, BED_GUEST1, quic, DENIED);
}

/* No error about an error, what is for many, a later fragment; and none to who sent it from
 * elsewhere: the answer to what has been let through. */
static void test_rejects_in_silence(void **state)
{
	struct dp_guard_rule rule = {
		.id = { 3 }, .family = 4, .proto = -1, .deny = true, .reject = true
	};
	struct dp_guard_rule rule6 = rule;
	struct frame query = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct frame whole = to_router(FAR, IPPROTO_UDP, frame_udp(1, 2, frame_fill(64)));
	struct frame error = to_router(FAR, IPPROTO_ICMP, frame_icmp(3, 1, 0, frame_fill(64)));
	struct bed *bed = *state;
	u64 before;

	add_addresses(bed);
	rule6.family = 6;
	passes(bed, true, query);
	guard(bed, VNI, ROUTER_MAC1, &rule, 1, NULL, 0);
	bed_send(bed, BED_GUEST1, error); /* not asked about: what it quotes is */
	bed_expect(bed, BED_GUEST2, arrived(error, true));
	bed_expect_drop(bed, BED_GUEST1,
		to_router("224.0.0.77", IPPROTO_UDP, frame_udp(1, 2, frame_fill(64))), DENIED);
	bed_expect_drop(bed, BED_GUEST1,
		to_router("255.255.255.255", IPPROTO_UDP, frame_udp(1, 2, frame_fill(64))), DENIED);
	rejected(bed, frame_fragment(whole, 0, true, 24));
	bed_expect_drop(bed, BED_GUEST1, frame_fragment(whole, 3, false, 24), "fragment");
	before = bed_drops(bed, BED_GUEST1, DENIED);
	bed_send(bed, BED_GUEST2, packet(0, IPPROTO_UDP, 1, 1, 53, 1000));
	bed_expect_nothing(bed, BED_GUEST2);
	bed_expect_nothing(bed, BED_GUEST1);
	assert_int_equal(bed_drops(bed, BED_GUEST1, DENIED) - before, 1);
	guard(bed, VNI, ROUTER_MAC1, &rule6, 1, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1,
		to_router("ff0e::77", IPPROTO_UDP, frame_udp(1, 2, frame_fill(64))), DENIED);
}

/* A process that was started again says the same, and nothing changes; what it leaves out goes. */
static void test_restart(void **state)
{
	struct frame frame = packet(1, IPPROTO_UDP, 3, 3, 1, 2);
	struct bed *bed = *state;

	guard(bed, VNI, ROUTER_MAC1, NULL, 0, &all, 1);
	bed_expect_drop(bed, BED_GUEST1, frame, DENIED);
	bed_reopen(bed);
	bed_expect_drop(bed, BED_GUEST1, frame, DENIED);
	guard(bed, VNI, ROUTER_MAC1, &all, 1, &all, 1);
	passes(bed, true, frame);
}

/* What chance makes rules and packets of: few values, and the edges of ranges. */
struct chance {
	guint32 state;
};

static u32 below(struct chance *chance, u32 n)
{
	chance->state = chance->state * 1664525 + 1013904223;
	return (chance->state >> 8) % n;
}

static u16 some_port(struct chance *chance)
{
	static const u16 ports[] = { 1, 2, 79, 80, 81, 443, 1023, 1024, 1025, 32767, 32768, 65534,
		65535 };

	return ports[below(chance, G_N_ELEMENTS(ports))];
}

static struct prefix some_prefix(struct chance *chance, unsigned net)
{
	g_autofree char *text = g_strdup_printf("10.%u.0.%u", net, below(chance, 10));
	struct prefix prefix = { .ip = ip(text), .len = (u8)(24 + below(chance, 9)) };

	if (below(chance, 3) == 0)
		return (struct prefix){ 0 };
	prefix.ip = prefix_network(&prefix);
	return prefix;
}

static struct dp_guard_ports some_ports(struct chance *chance)
{
	struct dp_guard_ports ports = { some_port(chance), some_port(chance) };

	if (below(chance, 2))
		return (struct dp_guard_ports){ 0 };
	if (ports.first > ports.last)
		ports = (struct dp_guard_ports){ ports.last, ports.first };
	return ports;
}

static const s32 protocols[] = { -1, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, 47 };

static size_t some_rules(struct chance *chance, struct dp_guard_rule *ret)
{
	size_t n = below(chance, RULES_MAX);

	memset(ret, 0, RULES_MAX * sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		ret[i].id[0] = (u8)(i + 1);
		ret[i].family = below(chance, 8) ? 4 : 6;
		ret[i].deny = below(chance, 2);
		ret[i].proto = protocols[below(chance, G_N_ELEMENTS(protocols))];
		if (ret[i].family == 6)
			continue;
		ret[i].source = some_prefix(chance, 0);
		ret[i].destination = some_prefix(chance, 2);
		if (ret[i].proto == IPPROTO_TCP || ret[i].proto == IPPROTO_UDP) {
			ret[i].source_ports = some_ports(chance);
			ret[i].destination_ports = some_ports(chance);
		}
	}
	return n;
}

static bool is_in(const struct dp_guard_ports *ports, u16 port)
{
	return !ports->last || (ports->first <= port && port <= ports->last);
}

/* What the rules mean. */
static bool model_allows(const struct dp_guard_rule *rules, size_t n, u8 proto, unsigned from,
	unsigned to, u16 sport, u16 dport)
{
	g_autofree char *src = g_strdup_printf("10.0.0.%u", from);
	g_autofree char *dst = g_strdup_printf("10.2.0.%u", to);
	struct ip source = ip(src), destination = ip(dst);

	for (size_t i = 0; i < n; i++)
		if (rules[i].family == 4 && (rules[i].proto < 0 || rules[i].proto == proto) &&
			(!rules[i].source.ip.family ||
				prefix_contains(&rules[i].source, &source)) &&
			(!rules[i].destination.ip.family ||
				prefix_contains(&rules[i].destination, &destination)) &&
			is_in(&rules[i].source_ports, sport) &&
			is_in(&rules[i].destination_ports, dport))
			return !rules[i].deny;
	return false;
}

#define WORLDS 40
#define PACKETS 60

static void test_rules_mean_what_they_say(void **state)
{
	struct dp_guard_rule in[RULES_MAX], out[RULES_MAX];
	struct chance chance = { 42 };
	struct bed *bed = *state;
	unsigned allowed = 0, refused = 0;

	for (unsigned world = 0; world < WORLDS; world++) {
		size_t n_in = some_rules(&chance, in), n_out = some_rules(&chance, out);

		guard(bed, VNI, ROUTER_MAC1, in, n_in, NULL, 0);
		guard(bed, VNI2, ROUTER_MAC2, NULL, 0, out, n_out);
		for (unsigned i = 0; i < PACKETS; i++) {
			u8 proto = (u8)protocols[1 + below(&chance, 4)];
			unsigned from = 1 + below(&chance, HOSTS), to = 1 + below(&chance, HOSTS);
			u16 sport = some_port(&chance), dport = some_port(&chance);
			struct frame frame = packet(1, proto, from, to, sport, dport);

			if (proto == 47)
				sport = dport = 0;
			if (model_allows(in, n_in, proto, from, to, sport, dport) &&
				model_allows(out, n_out, proto, from, to, sport, dport)) {
				passes(bed, true, frame);
				allowed++;
			} else {
				bed_expect_drop(bed, BED_GUEST1, frame, DENIED);
				refused++;
			}
		}
	}
	print_message("%u let through, %u refused\n", allowed, refused);
	assert_true(allowed > 100 && refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connections, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_reject, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_rejects_in_silence, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_rules_mean_what_they_say, setup, bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
