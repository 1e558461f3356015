/* SPDX-License-Identifier: Apache-2.0 */
/* Firewall groups of routers' ports: connections, what is rejected, errors, groups, logs. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guard_bed.h"
#include "datapath/internal.h"

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
	bed_expect_drop(bed, BED_GUEST1, error, DENIED);
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

/* The ICMP error about @about, a frame that has arrived at guest 1 or 2, from whom it is for. */
static struct frame error_about(bool forth, struct frame about)
{
	return frame_eth(forth ? ROUTER_MAC1 : ROUTER_MAC2, forth ? MAC1 : MAC2, IP4,
		frame_ip(forth ? IP1 : FAR, forth ? FAR : IP1, IPPROTO_ICMP,
			frame_icmp(3, 3, 0, frame_bytes(about.b + 14, 28))));
}

/* An error about a connection passes as the connection does; about none, it is a packet like any
 * other. No group here lets ICMP through, the ports have no rules of their own. */
static void test_icmp_errors(void **state)
{
	struct dp_guard_rule dns = { .id = { 2 }, .family = 4, .proto = IPPROTO_UDP };
	struct dp_guard_rule icmp = { .id = { 3 }, .family = 4, .proto = IPPROTO_ICMP };
	struct frame query = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct frame answer = packet(0, IPPROTO_UDP, 1, 1, 53, 1000);
	struct frame never = packet(1, IPPROTO_UDP, 1, 1, 1000, 54);
	struct bed *bed = *state;

	dns.destination_ports.first = dns.destination_ports.last = 53;
	guard(bed, VNI, ROUTER_MAC1, &dns, 1, NULL, 0);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &dns, 1);
	passes(bed, true, query);
	passes(bed, false, error_about(false, query));
	passes(bed, false, answer);
	passes(bed, true, error_about(true, answer));
	bed_expect_drop(bed, BED_GUEST2, error_about(false, never), DENIED);
	bed_expect_drop(
		bed, BED_GUEST1, error_about(true, packet(0, IPPROTO_UDP, 1, 1, 9, 9)), DENIED);
	guard(bed, VNI, ROUTER_MAC1, &icmp, 1, &icmp, 1); /* what it is about is refused now */
	guard(bed, VNI2, ROUTER_MAC2, &icmp, 1, &icmp, 1);
	bed_expect_drop(bed, BED_GUEST1, error_about(true, answer), DENIED);
	passes(bed, false, error_about(false, never));
	passes(bed, true, error_about(true, packet(0, IPPROTO_UDP, 1, 1, 9, 9)));
}

/* A rule about a group is about the router's ports that are in it, by which a connection comes in
 * or goes out; who joins or leaves changes no rule. */
static void test_groups(void **state)
{
	static const u8 near[16] = { 0x11 }, far[16] = { 0x22 }, other[16] = { 0x33 };
	struct dp_guard_rule from = { .id = { 2 }, .family = 4, .proto = -1 }, to = from;
	struct frame forth = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct frame back = packet(0, IPPROTO_UDP, 2, 2, 1000, 53);
	struct mac hardware = mac(ROUTER_MAC1);
	struct bed *bed = *state;
	u32 sets;

	memcpy(from.source_group, near, sizeof(near));
	memcpy(to.destination_group, far, sizeof(far));
	to.id[0] = 3;
	guard_group = near;
	guard(bed, VNI, ROUTER_MAC1, &to, 1, &all, 1);
	bed_expect_drop(bed, BED_GUEST1, forth, DENIED); /* nobody is in the other group */
	guard_group = far;
	guard(bed, VNI2, ROUTER_MAC2, &to, 1, &from, 1);
	passes(bed, true, forth);
	bed_expect_drop(bed, BED_GUEST2, back, DENIED);
	sets = bed->dp->n_entries[TABLE_GUARD_SETS];
	guard_group = other;
	guard(bed, VNI2, ROUTER_MAC2, &to, 1, &from, 1);
	assert_int_equal(bed->dp->n_entries[TABLE_GUARD_SETS], sets);
	bed_expect_drop(bed, BED_GUEST1, forth, DENIED); /* what was open, too */
	guard_group = far;
	guard(bed, VNI2, ROUTER_MAC2, &to, 1, &from, 1);
	passes(bed, true, forth);
	bed_reopen(bed);
	guard(bed, VNI2, ROUTER_MAC2, &to, 1, &from, 1);
	guard_group = near;
	guard(bed, VNI, ROUTER_MAC1, &to, 1, &all, 1);
	passes(bed, true, forth);
	assert_true(dp_guard_delete(bed->dp, VNI, &hardware, NULL));
	bed_expect_drop(bed, BED_GUEST1, forth, DENIED); /* that port is in no group now */
	from.source_group[0] = 0;
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &from, 1);
	passes(bed, true, forth);
}

/* A guest that comes from another host brings its connections, though its port has no rules of its
 * own; where nobody asks, nothing is remembered. */
static void test_takes_over(void **state)
{
	struct dp_connection connection = { .state = DP_CONNECTION_ESTABLISHED,
		.flags = DP_CONNECTION_BY_REMOTE,
		.guest = ip(FAR),
		.remote = ip(IP1),
		.proto = IPPROTO_UDP,
		.guest_port = 53,
		.remote_port = 1000 };
	struct frame answer = packet(0, IPPROTO_UDP, 1, 1, 53, 1000);
	struct dp_port_connections counts;
	struct bed *bed = *state;
	u32 ifindex = bed->ifindex[BED_GUEST2];
	struct dp_port open = {
		.ifindex = ifindex, .kind = DP_PORT_VETH, .vni = VNI2, .mac = mac(MAC2)
	};
	struct dp_port guarded = open;

	guarded.flags = DP_PORT_GUARDED;
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &all, 1);
	bed_expect_drop(bed, BED_GUEST2, answer, DENIED);
	assert_true(dp_port_put(bed->dp, &open, NULL));
	assert_true(dp_connection_put(bed->dp, ifindex, &connection, NULL));
	assert_true(dp_port_connections(bed->dp, ifindex, &counts, NULL));
	assert_int_equal(counts.connections, 0);
	assert_true(dp_port_put(bed->dp, &guarded, NULL));
	assert_true(dp_connection_put(bed->dp, ifindex, &connection, NULL));
	assert_true(dp_port_connections(bed->dp, ifindex, &counts, NULL));
	assert_int_equal(counts.connections, 1);
	passes(bed, false, answer);
	bed_expect_drop(bed, BED_GUEST2, packet(0, IPPROTO_UDP, 1, 1, 53, 1001), DENIED);
	connection.remote_port = 1001; /* no router has brought it */
	connection.flags |= DP_CONNECTION_BESIDE;
	assert_true(dp_connection_put(bed->dp, ifindex, &connection, NULL));
	bed_expect_drop(bed, BED_GUEST2, packet(0, IPPROTO_UDP, 1, 1, 53, 1001), DENIED);
}

/* A packet of a guest 3 of guest 1's network, behind the peer, which says that it is guest 2's. */
static struct frame from_beside(const char *hardware)
{
	return frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789,
				frame_vxlan(VNI,
					frame_eth(MAC1, hardware, IP4,
						frame_ip(FAR, IP1, IPPROTO_UDP,
							frame_udp(54, 1000, frame_fill(20))))))));
}

/* What guest 1 answers to what no router has brought is an opening to routers. */
static void test_opened_beside_the_router(void **state)
{
	struct frame forbidden = packet(1, IPPROTO_UDP, 1, 1, 1000, 54), spoofed, beside;
	struct bed *bed = *state;

	guard(bed, VNI, ROUTER_MAC1, NULL, 0, &all, 1);
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	bed_expect_drop(bed, BED_GUEST1, forbidden, DENIED);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_WIRE, from_beside(MAC3));
		assert_int_equal(bed_receive(bed, BED_GUEST1).len, 14 + 20 + 8 + 20);
		bed_expect_drop(bed, BED_GUEST1, forbidden, DENIED);
		beside = forbidden; /* to where it came from it may go */
		memcpy(beside.b, mac(MAC3).b, 6);
		bed_send(bed, BED_GUEST1, beside);
		assert_int_equal(bed_receive(bed, BED_WIRE).len, beside.len + 50);
		bed_expect_drop(bed, BED_GUEST1, forbidden, DENIED);
	}
	/* as the router nobody sends but the router, port security or not */
	spoofed = forbidden;
	memcpy(spoofed.b, mac(MAC3).b, 6);
	memcpy(spoofed.b + 6, mac(ROUTER_MAC1).b, 6);
	bed_expect_drop(bed, BED_GUEST1, spoofed, "spoofed-mac");
	/* what a router has brought is answered, for good */
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_WIRE, from_beside(i ? MAC3 : ROUTER_MAC1));
		bed_receive(bed, BED_GUEST1);
		guard(bed, VNI, ROUTER_MAC1, NULL, 0, &all, 1); /* all is asked again */
		passes(bed, true, forbidden);
	}
	bed_no_peer(bed, "192.0.2.2");
}

#define CHAIN_VNI 300

static struct mac chain_mac(unsigned i, unsigned side)
{
	return (struct mac){ { 2, 0, 0, 1, (u8)i, (u8)side } };
}

static struct ip chain_ip(unsigned i)
{
	g_autofree char *text = g_strdup_printf("10.9.%u.1", i);

	return ip(text);
}

static void chain_route(
	struct bed *bed, u64 router, const char *to, u32 vni, struct mac mac, const struct ip *via)
{
	struct dp_route route = { .router = router,
		.kind = via ? DP_ROUTE_VIA : DP_ROUTE_CONNECTED,
		.n_hops = 1,
		.hops = { { .vni = vni, .mac = mac } } };

	if (via)
		route.hops[0].via = *via;
	assert_true(prefix_parse(to, &route.prefix));
	assert_true(dp_route_put(bed->dp, &route, NULL));
}

/* Guest 1 is behind @n routers in a row, the last of which is the bed's: the first has the port
 * that guest 1 sends to. */
static void add_chain(struct bed *bed, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		u32 near = i == 1 ? VNI : CHAIN_VNI + i - 1, far = CHAIN_VNI + i;
		struct dp_network network = { .vni = far, .mtu_bytes = 1300 };
		struct dp_interface ports[] = {
			{ .vni = near, .mac = chain_mac(i, 0), .router = ROUTER + i },
			{ .vni = far, .mac = chain_mac(i, 1), .router = ROUTER + i }
		};
		struct dp_interface last = { .vni = far, .mac = chain_mac(n, 0), .router = ROUTER };
		struct mac next = chain_mac(i + 1, 0);
		struct ip via = chain_ip(i);

		assert_true(dp_network_put(bed->dp, &network, NULL));
		assert_true(dp_interface_put(bed->dp, &ports[0], NULL));
		assert_true(dp_interface_put(bed->dp, &ports[1], NULL));
		if (i + 1 == n)
			assert_true(dp_interface_put(bed->dp, &last, NULL));
		assert_true(dp_neighbour_put(bed->dp, far, &via, &next, NULL));
		chain_route(bed, ROUTER + i, "10.2.0.0/24", far, ports[1].mac, &via);
	}
}

/* However many routers are on the way, each is asked; past the most that can be, nothing goes. */
static void test_many_routers(void **state)
{
	struct frame query = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct mac first = chain_mac(1, 0);
	struct bed *bed = *state;

	memcpy(query.b, first.b, sizeof(first.b));
	add_chain(bed, 7);
	bed_send(bed, BED_GUEST1, query);
	bed_receive(bed, BED_GUEST2);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1, query, DENIED);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &all, 1);
	bed_send(bed, BED_GUEST1, query);
	bed_receive(bed, BED_GUEST2);
	add_chain(bed, 17);
	bed_expect_drop(bed, BED_GUEST1, query, DENIED);
}

static GArray *events; /* struct dp_log_event */

static void on_event(const struct dp_log_event *event, void *data)
{
	(void)data;
	g_array_append_val(events, *event);
}

static void expect_event(struct bed *bed, guint n, u32 vni, enum dp_direction direction,
	const char *dropped, u8 rule)
{
	const struct dp_log_event *event;

	events = g_array_new(FALSE, FALSE, sizeof(struct dp_log_event));
	dp_log_dispatch(bed->dp, on_event, NULL);
	assert_int_equal(events->len, n);
	if (n) {
		event = &g_array_index(events, struct dp_log_event, n - 1);
		assert_true(event->is_guard);
		assert_int_equal(event->guard[1], vni);
		assert_int_equal(event->port[3], 0); /* guest 1's */
		assert_int_equal(event->direction, direction);
		assert_int_equal(event->rule[0], rule);
		assert_int_equal(event->dport, 53);
		if (dropped)
			assert_string_equal(event->dropped, dropped);
		else
			assert_null(event->dropped);
	}
	g_array_unref(events);
}

/* What a group decides is told of the router's port that asks, once for each connection. */
static void test_log(void **state)
{
	struct dp_guard_rule udp = { .id = { 2 }, .family = 4, .proto = IPPROTO_UDP };
	struct frame query = packet(1, IPPROTO_UDP, 1, 1, 1000, 53);
	struct mac near = mac(ROUTER_MAC1), far = mac(ROUTER_MAC2);
	struct bed *bed = *state;

	dp_set_log_rate(bed->dp, 1, 2);
	guard(bed, VNI, ROUTER_MAC1, &udp, 1, NULL, 0);
	passes(bed, true, query);
	expect_event(bed, 0, 0, 0, NULL, 0);
	guard_flags = DP_GUARD_LOG_ACCEPT;
	guard(bed, VNI, ROUTER_MAC1, &udp, 1, NULL, 0);
	passes(bed, true, packet(1, IPPROTO_UDP, 1, 1, 1001, 53));
	passes(bed, true, packet(1, IPPROTO_UDP, 1, 1, 1001, 53));
	expect_event(bed, 1, VNI, DP_EGRESS, NULL, 2);
	bed_expect_drop(bed, BED_GUEST1, packet(1, IPPROTO_TCP, 1, 1, 1002, 53), DENIED);
	expect_event(bed, 0, 0, 0, NULL, 0);
	guard_flags = DP_GUARD_LOG_DROP;
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1, query, DENIED);
	expect_event(bed, 1, VNI2, DP_INGRESS, DENIED, 0); /* the other tells what it accepts */
	for (int i = 0; i < 5; i++)
		bed_expect_drop(bed, BED_GUEST1, query, DENIED);
	expect_event(bed, 2, VNI2, DP_INGRESS, DENIED, 0);
	assert_int_equal(dp_guard_suppressed(bed->dp, VNI2, &far), 3);
	assert_int_equal(dp_guard_suppressed(bed->dp, VNI, &near), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_connections, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_reject, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_rejects_in_silence, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_icmp_errors, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_groups, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_many_routers, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(
			test_opened_beside_the_router, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_takes_over, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_log, guard_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_restart, guard_setup, bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
