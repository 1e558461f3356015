/* SPDX-License-Identifier: Apache-2.0 */
/* Translation of addresses: of senders that share one, of errors, of fragments; and how long it
 * lasts. */
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

static void test_source_translation(void **state)
{
	struct bed *bed = *state;

	introduce(bed);
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5000, 53));
		wire_gets(bed,
			frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 5000, 53)));
		wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 5000));
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 53, 5000)));
		bed_send(bed, BED_GUEST2, echo_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8, 5));
		wire_gets(bed,
			frame_hop(echo_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 8, 5)));
		wire_sends(bed, echo_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 0, 5));
		bed_expect(bed, BED_GUEST2,
			frame_hop(echo_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 0, 5)));
	}
	/* nobody asked for that */
	bed_expect_drop(bed, BED_WIRE,
		tagged(udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 5001)),
		"not-translated");
}

/* What the peer hands over, and two senders with one port. */
static void test_shares_the_address(void **state)
{
	struct bed *bed = *state;
	struct frame first = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 6000, 53);
	struct frame second = udp_frame(INSIDE_MAC, MAC3, IP3, FAR_IP, 6000, 53), got, back;
	struct dp_endpoint endpoint = {
		.vni = VNI, .mac = mac(MAC3), .vtep = ip("192.0.2.2"), .encap = DP_ENCAP_VXLAN
	};
	struct ip ip3 = ip(IP3);
	struct mac mac3 = mac(MAC3);
	u16 port;

	introduce(bed);
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI, &ip3, &mac3, NULL));
	bed_send(bed, BED_GUEST2, first);
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 6000, 53)));
	bed_send(bed, BED_WIRE,
		frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
			frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
				frame_udp(40000, 4789, frame_vxlan(VNI, second)))));
	got = wire_receives(bed);
	port = (u16)(got.b[34] << 8 | got.b[35]);
	assert_int_not_equal(port, 6000);
	assert_true(port >= 1024);
	bed_expect_nothing(bed, BED_WIRE);
	wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, port));
	back = frame_hop(udp_frame(MAC3, INSIDE_MAC, FAR_IP, IP3, 53, 6000));
	got = bed_receive(bed, BED_WIRE); /* over the tunnel */
	assert_int_equal(got.len, 50 + back.len);
	assert_memory_equal(got.b + 50, back.b, back.len);
	wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 6000));
	bed_expect(bed, BED_GUEST2, frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 53, 6000)));
}

/* With four bytes of IP options: the end of options. */
static struct frame with_options(struct frame frame)
{
	struct frame out = frame;

	memmove(out.b + 38, frame.b + 34, frame.len - 34);
	memset(out.b + 34, 0, 4);
	out.len += 4;
	out.b[14] = 0x46;
	out.b[17] = (u8)(out.b[17] + 4);
	out.b[22]++;
	return frame_hop(out);
}

static struct frame without_checksum(struct frame frame)
{
	frame.b[40] = frame.b[41] = 0;
	return frame;
}

/* Packets of a known connection that are not like its others: with IP options, of no UDP checksum,
 * and with no hop left, which a floating IP's guest hears of. */
static void test_known_packets_differ(void **state)
{
	struct bed *bed = *state;
	struct frame out = udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 5300, 53), last = out, got,
		     outside = udp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 5300, 53),
		     in = udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 53, 5300),
		     inside = udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 53, 5300);

	introduce(bed);
	last.b[22] = 2;
	last = frame_hop(last);
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST1, out);
		wire_gets(bed, frame_hop(outside));
		bed_send(bed, BED_GUEST1, with_options(out));
		wire_gets(bed, frame_hop(with_options(outside)));
		bed_send(bed, BED_GUEST1, without_checksum(out));
		wire_gets(bed, frame_hop(without_checksum(outside)));
		wire_sends(bed, in);
		bed_expect(bed, BED_GUEST1, frame_hop(inside));
		wire_sends(bed, with_options(in));
		bed_expect(bed, BED_GUEST1, frame_hop(with_options(inside)));
		wire_sends(bed, without_checksum(in));
		bed_expect(bed, BED_GUEST1, frame_hop(without_checksum(inside)));
		bed_send(bed, BED_GUEST1, last);
		got = bed_receive(bed, BED_GUEST1);
		assert_int_equal(got.b[34], 11); /* time exceeded, of the packet as it was */
		assert_memory_equal(&got.b[42], &last.b[14], 28);
		bed_expect_nothing(bed, BED_WIRE);
	}
}

/* From now on packets are looked at by that processor, if there is such a one. */
static void go_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void leaves_floating(struct bed *bed, const char *floating)
{
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5400, 53));
	wire_gets(bed,
		frame_hop(udp_frame(NEXT_MAC, "02:00:00:00:ee:33", floating, FAR_IP, 5400, 53)));
}

/* What one processor has in its cache is not used when another has decided anew. */
static void test_each_processor_follows(void **state)
{
	struct bed *bed = *state;
	const char *const addresses[] = { "203.0.113.33", "203.0.113.34" };
	struct dp_floating_ip floating_ip = { .router = ROUTER,
		.vni = wire(bed),
		.fixed = ip(IP2),
		.mac = mac("02:00:00:00:ee:33") };
	cpu_set_t before;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	introduce(bed);
	for (int i = 0; i < 6; i++) {
		floating_ip.floating = ip(addresses[i % 2]);
		assert_true(dp_floating_ip_put(bed->dp, &floating_ip, NULL));
		for (int cpu = 0; cpu < 4; cpu++) {
			go_to_cpu((cpu + i) % 2);
			leaves_floating(bed, addresses[i % 2]);
		}
		assert_true(dp_floating_ip_delete(bed->dp, wire(bed), &floating_ip.floating, NULL));
	}
	sched_setaffinity(0, sizeof(before), &before);
}

/* An ICMP error that quotes @len bytes of the IP packet in @about. */
static struct frame error_with(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, struct frame about, size_t len)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_ICMP,
			frame_icmp(3, 4, 1280, frame_bytes(about.b + 14, len))));
}

static struct frame error(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, struct frame about)
{
	return error_with(dst_mac, src_mac, src, dst, about, 28);
}

/* Errors come back to who sent what they are about, with what that was to it (RFC 5508). */
static void test_translates_errors(void **state)
{
	struct bed *bed = *state;
	struct frame sent =
		frame_hop(udp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 1000, 53));
	struct frame was = frame_hop(udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1000, 53));

	introduce(bed);
	bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1000, 53));
	wire_gets(bed, sent);
	wire_sends(bed, error(FLOATING_MAC, NEXT_MAC, "192.0.2.99", FLOATING_IP, sent));
	bed_expect(bed, BED_GUEST1, frame_hop(error(MAC1, INSIDE_MAC, "192.0.2.99", IP1, was)));

	sent = frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 5000, 53));
	was = frame_hop(udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5000, 53));
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5000, 53));
	wire_gets(bed, sent);
	wire_sends(bed, error(GATEWAY_MAC, NEXT_MAC, "192.0.2.99", GATEWAY_IP, sent));
	bed_expect(bed, BED_GUEST2, frame_hop(error(MAC2, INSIDE_MAC, "192.0.2.99", IP2, was)));

	/* the other way: the guest can't take what came to its floating IP */
	sent = udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 53, 99);
	was = frame_hop(udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 53, 99));
	wire_sends(bed, sent);
	bed_expect(bed, BED_GUEST1, was);
	bed_send(bed, BED_GUEST1, error(INSIDE_MAC, MAC1, IP1, FAR_IP, was));
	wire_gets(bed,
		frame_hop(error(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, frame_hop(sent))));
}

/* A quote may end before the transport checksum, or have it. */
static void test_quotes_of_any_length(void **state)
{
	struct frame sent = tcp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 5100, 80);
	struct frame was = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5100, 80);
	struct bed *bed = *state;

	introduce(bed);
	bed_send(bed, BED_GUEST2, was);
	was = frame_hop(was);
	sent = frame_hop(sent);
	wire_gets(bed, sent);
	for (size_t len = 28; len <= 40; len += 6) {
		wire_sends(bed,
			error_with(GATEWAY_MAC, NEXT_MAC, "192.0.2.99", GATEWAY_IP, sent, len));
		bed_expect(bed, BED_GUEST2,
			frame_hop(error_with(MAC2, INSIDE_MAC, "192.0.2.99", IP2, was, len)));
	}
}

/* Who asks too much from outside is told, with the packet that it sent. */
static void test_refuses_from_outside(void **state)
{
	struct bed *bed = *state;
	struct frame big = frame_eth(FLOATING_MAC, NEXT_MAC, IP4,
			     frame_ip(FAR_IP, FLOATING_IP, IPPROTO_UDP,
				     frame_udp(53, 1, frame_fill(1440)))),
		     got;
	struct frame last = udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 53, 1);
	const u8 mtu[] = { MTU >> 8, MTU & 0xff };

	wire_sends(bed, big);
	got = wire_receives(bed);
	assert_int_equal(got.b[34], 3);
	assert_int_equal(got.b[35], 4);
	assert_memory_equal(&got.b[40], mtu, 2);
	assert_memory_equal(&got.b[42], &big.b[14], 540);
	last.b[22] = 2;
	last = frame_hop(last);
	wire_sends(bed, last);
	got = wire_receives(bed);
	assert_int_equal(got.b[34], 11);
	assert_memory_equal(&got.b[42], &last.b[14], 28);
	bed_expect_nothing(bed, BED_GUEST1);
}

/* Later fragments follow the first, both ways. */
static void test_fragments(void **state)
{
	struct bed *bed = *state;
	struct frame first = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 7000, 53), later = first, got;

	introduce(bed);
	first.b[20] = 0x20; /* more follow */
	later.b[21] = 9;
	bed_send(bed, BED_GUEST2, frame_hop(first));
	got = wire_receives(bed);
	assert_int_equal(got.b[20], 0x20);
	assert_memory_equal(&got.b[26], "\xcb\x00\x71\x0a", 4);
	bed_send(bed, BED_GUEST2, frame_hop(later));
	got = wire_receives(bed);
	assert_memory_equal(&got.b[26], "\xcb\x00\x71\x0a", 4);
	assert_memory_equal(&got.b[34], &later.b[34], later.len - 34);
	first = udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 7000);
	later = first;
	first.b[20] = 0x20;
	later.b[21] = 9;
	bed_expect_drop(bed, BED_WIRE, tagged(frame_hop(later)), "fragment");
	wire_sends(bed, frame_hop(first));
	got = bed_receive(bed, BED_GUEST2);
	assert_memory_equal(&got.b[30], "\x0a\x00\x00\x02", 4);
	wire_sends(bed, frame_hop(later));
	got = bed_receive(bed, BED_GUEST2);
	assert_memory_equal(&got.b[30], "\x0a\x00\x00\x02", 4);
	assert_memory_equal(&got.b[34], &later.b[34], later.len - 34);
}

/* Makes every translation look @ticks older; how many there are. */
static int let_age(struct bed *bed, u32 ticks)
{
	int fd = bpf_map__fd(bed->dp->edge->maps.nats), n = 0;
	struct nat_key key, *previous = NULL;
	struct nat nat;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &nat), 0);
		nat.seen -= ticks;
		assert_int_equal(bpf_map_update_elem(fd, &key, &nat, BPF_EXIST), 0);
		previous = &key;
		n++;
	}
	return n;
}

static struct frame syn(u16 sport)
{
	return frame_eth(INSIDE_MAC, MAC2, IP4,
		frame_ip(IP2, FAR_IP, IPPROTO_TCP, frame_tcp_syn(sport, 80)));
}

static struct frame answer(u16 dport)
{
	return tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 80, dport);
}

static void opens(struct bed *bed, u16 sport)
{
	bed_send(bed, BED_GUEST2, syn(sport));
	wire_receives(bed);
}

static void answered(struct bed *bed, u16 sport)
{
	wire_sends(bed, answer(sport));
	bed_receive(bed, BED_GUEST2);
}

/* How many connections a router may have; what it was. */
static u32 may_have(struct bed *bed, u32 n)
{
	u32 before = bed->dp->host.translations_max;

	bed->dp->host.translations_max = n;
	assert_true(host_write(bed->dp, NULL));
	return before;
}

/* A connection goes, with both its entries, when it has been silent for as long as its state says
 * (RFC 5382 section 5), and one router can't have all there are. */
static void test_translations_age(void **state)
{
	struct bed *bed = *state;
	u32 before;

	introduce(bed);
	let_age(bed, 10000);
	dp_flows_expire(bed->dp);
	assert_int_equal(let_age(bed, 0), 0);
	bed_send(bed, BED_GUEST2, syn(1500));
	wire_receives(bed);
	bed_send(bed, BED_GUEST2, syn(1501));
	wire_receives(bed);
	wire_sends(bed, tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 80, 1501));
	bed_receive(bed, BED_GUEST2);
	assert_int_equal(let_age(bed, 230), 4);
	dp_flows_expire(bed->dp);
	assert_int_equal(let_age(bed, 20), 4);
	dp_flows_expire(bed->dp); /* the one that nobody answered */
	assert_int_equal(let_age(bed, 7000), 2);
	dp_flows_expire(bed->dp);
	assert_int_equal(let_age(bed, 300), 2);
	dp_flows_expire(bed->dp);
	assert_int_equal(let_age(bed, 0), 0);

	before = may_have(bed, 2);
	for (u16 port = 1; port <= 2; port++)
		opens(bed, port);
	let_age(bed, 60); /* of a router that has too many, who was not answered goes early */
	dp_flows_expire(bed->dp);
	assert_int_equal(let_age(bed, 0), 2); /* the other one is not too many */
	may_have(bed, before);
}

/* Of a router that has all that it may have, who was not answered gives way to who comes, oldest
 * first; who was answered does not. */
static void test_the_unanswered_give_way(void **state)
{
	struct bed *bed = *state;
	u32 before;

	introduce(bed);
	let_age(bed, 10000);
	dp_flows_expire(bed->dp);
	before = may_have(bed, 4);
	opens(bed, 2001);
	answered(bed, 2001);
	for (u16 port = 2002; port <= 2005; port++)
		opens(bed, port);
	bed_expect_drop(bed, BED_WIRE, tagged(answer(2002)), "not-translated");
	assert_int_equal(let_age(bed, 0), 2 * 4);
	for (u16 port = 2003; port <= 2005; port++)
		answered(bed, port);
	bed_expect_drop(bed, BED_GUEST2, syn(2006), "nat-quota");
	may_have(bed, before);
}

/* All routers of an owner count together: one with a router of his own does not. */
static void test_routers_of_an_owner_share_a_limit(void **state)
{
	const struct owner both = { .number = 77, .is_limited = true, .max = 2 };
	struct bed *bed = *state;
	u32 before;

	introduce(bed);
	let_age(bed, 10000);
	dp_flows_expire(bed->dp);
	before = may_have(bed, 3);
	own_gateway(bed, both);
	for (u16 port = 2101; port <= 2102; port++) {
		opens(bed, port);
		answered(bed, port);
	}
	bed_expect_drop(bed, BED_GUEST2, syn(2103), "nat-quota");
	put_gateway(bed, true, true); /* as if it were a router of somebody else's */
	for (u16 port = 2111; port <= 2113; port++) {
		opens(bed, port);
		answered(bed, port);
	}
	own_gateway(bed, both);
	bed_expect_drop(bed, BED_GUEST2, syn(2105), "nat-quota");
	own_gateway(bed, (struct owner){ .number = 77, .is_limited = true, .max = 9 });
	opens(bed, 2106);
	opens(bed, 2107); /* the host's limit: in place of the former, which nobody answered */
	bed_expect_drop(bed, BED_WIRE, tagged(answer(2106)), "not-translated");
	let_age(bed, 10000);
	dp_flows_expire(bed->dp);
	own_gateway(bed, both);
	for (u16 port = 2108; port <= 2109; port++) {
		opens(bed, port); /* those that were there have gone */
		answered(bed, port);
	}
	may_have(bed, before);
	put_gateway(bed, true, true);
}

/* A ring of places is all that openings have that nobody answers: once round, somebody gives way.
 */
static void test_a_flood_pushes_out_its_own(void **state)
{
	struct bed *bed = *state;
	struct router_key router = { .router = { (u32)ROUTER, (u32)(ROUTER >> 32) } };
	int lines = bpf_map__fd(bed->dp->edge->maps.nat_lines);
	u64 round = EDGE_NAT_RING, line = 0;

	introduce(bed);
	let_age(bed, 10000);
	dp_flows_expire(bed->dp);
	bpf_map_update_elem(lines, &router, &line, BPF_ANY);
	for (u16 port = 3000; port <= 3008; port++)
		opens(bed, port);
	assert_int_equal(bpf_map_lookup_elem(lines, &router, &line), 0);
	assert_int_equal(line, 9);
	answered(bed, 3008);
	assert_int_equal(bpf_map_update_elem(lines, &router, &round, BPF_EXIST), 0);
	opens(bed, 3009); /* comes by eight that wait, and takes the last one's place */
	assert_int_equal(let_age(bed, 0), 2 * 9);
	bed_expect_drop(bed, BED_WIRE, tagged(answer(3007)), "not-translated");
	opens(bed, 3010); /* next to it is nobody who waits */
	assert_int_equal(let_age(bed, 0), 2 * 10);
	for (u16 port = 3000; port <= 3010; port++)
		if (port != 3007)
			answered(bed, port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_translation),
		cmocka_unit_test(test_known_packets_differ),
		cmocka_unit_test(test_each_processor_follows),
		cmocka_unit_test(test_shares_the_address),
		cmocka_unit_test(test_translates_errors),
		cmocka_unit_test(test_quotes_of_any_length),
		cmocka_unit_test(test_refuses_from_outside),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_translations_age),
		cmocka_unit_test(test_the_unanswered_give_way),
		cmocka_unit_test(test_routers_of_an_owner_share_a_limit),
		cmocka_unit_test(test_a_flood_pushes_out_its_own),
	};

	return outside_run(tests);
}
