/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections of filtered ports with the outside and with other hosts: which verdicts are there
 * before they are open, and that the states see all that goes by these. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "firewall_bed.h"
#include "outside_bed.h"

#define ETH_SPORT 34
#define FLAGS_AT 47
#define GUESS 0x70000000 /* far from any window here */

struct ends {
	const char *src, *dst;
	u16 sport, dport;
};

static struct ends back(struct ends ends)
{
	return (struct ends){ ends.dst, ends.src, ends.dport, ends.sport };
}

static struct frame segment(
	const char *dst_mac, const char *src_mac, struct ends ends, u8 flags, u32 seq, u32 ack)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(ends.src, ends.dst, IPPROTO_TCP,
			frame_tcp(ends.sport, ends.dport, flags, seq, ack, frame_fill(0))));
}

static be32 ip4(const char *text)
{
	struct ip address = ip(text);
	be32 word;

	memcpy(&word, address.b, sizeof(word));
	return word;
}

/* The entry of what goes by @ends; zeroes if there is none. */
static struct flow flow_of(struct bed *bed, u32 scope, u32 direction, struct ends ends)
{
	struct flow_key4 key = { .scope = scope,
		.kind = FLOW_KIND(IPPROTO_TCP, direction),
		.src = ip4(ends.src),
		.dst = ip4(ends.dst),
		.ports = htons(ends.sport) | (u32)htons(ends.dport) << 16 };
	struct flow flow = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.flows4), &key, &flow);
	return flow;
}

/* Of what the guest sends: its port's state. */
static struct flow sent_by(struct bed *bed, enum bed_place place, struct ends ends)
{
	struct port port;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[place], &port));
	return flow_of(bed, port.id, FLOW_FROM_GUEST, ends);
}

static void expect_verdict(struct bed *bed, struct flow flow, bool watched)
{
	assert_int_equal(flow.epoch, bed->dp->host.epoch);
	assert_int_equal(flow.watched, watched);
}

/* Which ends the state of the translation has seen. */
static u8 nat_ends(struct bed *bed, struct ends in)
{
	struct nat_key key = { .scope = { wire(bed), 0 },
		.kind = FLOW_KIND(IPPROTO_TCP, (u32)NAT_IN),
		.src = ip4(in.src),
		.dst = ip4(in.dst),
		.ports = htons(in.sport) | (u32)htons(in.dport) << 16 };
	struct nat nat;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.nats), &key, &nat), 0);
	return nat.flags & (NAT_FIN_OUT | NAT_FIN_IN);
}

/* From the guest to the outside; as what it leaves. */
static struct ends leaves(
	struct bed *bed, enum bed_place from, struct ends ends, u8 flags, u32 seq, u32 ack)
{
	struct frame got;

	bed_send(bed, from,
		segment(INSIDE_MAC, from == BED_GUEST1 ? MAC1 : MAC2, ends, flags, seq, ack));
	got = wire_receives(bed);
	assert_int_equal(got.b[FLAGS_AT], flags);
	ends.sport = port_at(&got, ETH_SPORT);
	ends.src = from == BED_GUEST1 ? FLOATING_IP : GATEWAY_IP;
	return ends;
}

/* From the outside to the guest. */
static void enters(struct bed *bed, enum bed_place to, struct ends ends, u8 flags, u32 seq, u32 ack)
{
	struct frame got;

	wire_sends(bed, segment(to == BED_GUEST1 ? FLOATING_MAC : GATEWAY_MAC, NEXT_MAC, ends,
				flags, seq, ack));
	got = bed_receive(bed, to);
	assert_int_equal(got.b[FLAGS_AT], flags);
}

static void expect_guess_refused(struct bed *bed, enum bed_place at, struct frame reset)
{
	u64 before = bed_drops(bed, at, "tcp-reset");

	bed_send(bed, BED_WIRE, tagged(reset));
	for (int i = 0; i < 1000 && bed_drops(bed, at, "tcp-reset") == before; i++)
		g_thread_yield();
	assert_int_equal(bed_drops(bed, at, "tcp-reset"), before + 1);
	bed_expect_nothing(bed, at);
}

static int begin(void **state)
{
	struct bed *bed = *state;

	firewall_begin(state);
	POLICY(bed, policy1, OUT1, TCP_IN2(80, 80));
	POLICY(bed, policy2, OUT1);
	introduce(bed);
	return 0;
}

/* Who opens leaves a verdict, and so does who answers it; the state of the translation sees both
 * ends. */
static void test_translated(void **state)
{
	struct bed *bed = *state;
	struct ends out = { IP2, FAR_IP, 1000, 80 }, in;

	in = back(leaves(bed, BED_GUEST2, out, SYN, 100, 0));
	expect_verdict(bed, sent_by(bed, BED_GUEST2, out), true);
	enters(bed, BED_GUEST2, in, SYN | ACK, 500, 101);
	expect_verdict(bed, flow_of(bed, wire(bed), FLOW_FROM_UNDERLAY, in), true);
	leaves(bed, BED_GUEST2, out, ACK, 101, 501);
	assert_int_equal(sent_by(bed, BED_GUEST2, out).state, FLOW_CONNECTED);
	enters(bed, BED_GUEST2, in, ACK, 501, 101);
	expect_verdict(bed, flow_of(bed, wire(bed), FLOW_FROM_UNDERLAY, in), false);
	expect_guess_refused(bed, BED_GUEST2, segment(GATEWAY_MAC, NEXT_MAC, in, RST, GUESS, 0));
	assert_int_equal(sent_by(bed, BED_GUEST2, out).state, FLOW_CONNECTED);
	leaves(bed, BED_GUEST2, out, FIN | ACK, 101, 501);
	assert_int_equal(sent_by(bed, BED_GUEST2, out).state, FLOW_HALF_CLOSED);
	assert_int_equal(nat_ends(bed, in), NAT_FIN_OUT);
	enters(bed, BED_GUEST2, in, FIN | ACK, 501, 102);
	assert_int_equal(sent_by(bed, BED_GUEST2, out).state, FLOW_CLOSING);
	assert_int_equal(nat_ends(bed, in), NAT_FIN_OUT | NAT_FIN_IN);
	leaves(bed, BED_GUEST2, out, ACK, 102, 502);
}

/* What the outside opens has no entry of its own before it is open: no quota would count it. */
static void test_floating_ip(void **state)
{
	struct bed *bed = *state;
	struct ends in = { FAR_IP, FLOATING_IP, 1000, 80 }, out = { IP1, FAR_IP, 80, 1000 };

	enters(bed, BED_GUEST1, in, SYN, 100, 0);
	assert_int_equal(flow_of(bed, wire(bed), FLOW_FROM_UNDERLAY, in).epoch, 0);
	assert_int_equal(sent_by(bed, BED_GUEST1, out).state, FLOW_NEW);
	leaves(bed, BED_GUEST1, out, SYN | ACK, 500, 101);
	expect_verdict(bed, sent_by(bed, BED_GUEST1, out), true);
	enters(bed, BED_GUEST1, in, ACK, 101, 501);
	assert_int_equal(sent_by(bed, BED_GUEST1, out).state, FLOW_CONNECTED);
	expect_verdict(bed, flow_of(bed, wire(bed), FLOW_FROM_UNDERLAY, in), false);
	leaves(bed, BED_GUEST1, out, ACK, 501, 101);
	expect_verdict(bed, sent_by(bed, BED_GUEST1, out), false);
	expect_guess_refused(bed, BED_GUEST1, segment(FLOATING_MAC, NEXT_MAC, in, RST, GUESS, 0));
	enters(bed, BED_GUEST1, in, FIN | ACK, 101, 501);
	assert_int_equal(sent_by(bed, BED_GUEST1, out).state, FLOW_HALF_CLOSED);
	leaves(bed, BED_GUEST1, out, FIN | ACK, 501, 102);
	assert_int_equal(sent_by(bed, BED_GUEST1, out).state, FLOW_CLOSING);
	enters(bed, BED_GUEST1, in, ACK, 102, 502);
	/* rules that change while it opens are asked again */
	in.sport = out.dport = 1001;
	enters(bed, BED_GUEST1, in, SYN, 100, 0);
	leaves(bed, BED_GUEST1, out, SYN | ACK, 500, 101);
	POLICY(bed, policy1, OUT1);
	expect_refused(bed, BED_GUEST1, BED_GUEST1,
		segment(INSIDE_MAC, MAC1, out, SYN | ACK, 500, 101), "denied-ingress");
}

static struct frame through_tunnel(struct frame inner)
{
	return frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789, frame_vxlan(VNI, inner))));
}

/* The same of a guest of another host. */
static void test_tunnel(void **state)
{
	struct bed *bed = *state;
	struct ends out = { IP1, IP3, 1000, 80 }, in = { IP3, IP1, 1000, 80 };

	bed_send(bed, BED_GUEST1, segment(MAC3, MAC1, out, SYN, 100, 0));
	bed_receive(bed, BED_WIRE);
	bed_send(
		bed, BED_WIRE, through_tunnel(segment(MAC1, MAC3, back(out), SYN | ACK, 500, 101)));
	bed_expect(bed, BED_GUEST1, segment(MAC1, MAC3, back(out), SYN | ACK, 500, 101));
	expect_verdict(bed, flow_of(bed, VNI, FLOW_FROM_UNDERLAY, back(out)), true);
	bed_send(bed, BED_GUEST1, segment(MAC3, MAC1, out, ACK, 101, 501));
	bed_receive(bed, BED_WIRE);
	assert_int_equal(sent_by(bed, BED_GUEST1, out).state, FLOW_CONNECTED);
	bed_send(bed, BED_WIRE, through_tunnel(segment(MAC1, MAC3, in, SYN, 100, 0)));
	bed_expect(bed, BED_GUEST1, segment(MAC1, MAC3, in, SYN, 100, 0));
	assert_int_equal(flow_of(bed, VNI, FLOW_FROM_UNDERLAY, in).epoch, 0);
}

/* Guest 1 gets an opening through the tunnel, from somebody with that MAC; its entry. */
static struct flow opened(struct bed *bed, const char *src_mac, struct ends in)
{
	struct frame opening = segment(MAC1, src_mac, in, SYN, 100, 0);

	bed_send(bed, BED_WIRE, through_tunnel(opening));
	bed_expect(bed, BED_GUEST1, opening);
	return sent_by(bed, BED_GUEST1, back(in));
}

static void expect_in_tunnel(struct bed *bed, struct frame inner)
{
	struct frame got = bed_receive(bed, BED_WIRE);

	assert_int_equal(got.len, 50 + inner.len);
	assert_memory_equal(got.b + 50, inner.b, inner.len);
}

/* The answer to who opens on another host has its verdict before it is sent. */
static void test_answers_into_tunnel(void **state)
{
	struct bed *bed = *state;
	struct ends in = { IP3, IP1, 1001, 80 };

	expect_verdict(bed, opened(bed, MAC3, in), true);
	bed_send(bed, BED_GUEST1, segment(MAC3, MAC1, back(in), SYN | ACK, 500, 101));
	expect_in_tunnel(bed, segment(MAC3, MAC1, back(in), SYN | ACK, 500, 101));
	bed_send(bed, BED_WIRE, through_tunnel(segment(MAC1, MAC3, in, ACK, 101, 501)));
	bed_receive(bed, BED_GUEST1);
	assert_int_equal(sent_by(bed, BED_GUEST1, back(in)).state, FLOW_CONNECTED);
	expect_verdict(bed, flow_of(bed, VNI, FLOW_FROM_UNDERLAY, in), false);
	/* not to where the sender is not, by the directory; nor what may be for a service */
	in.sport = 1002;
	assert_int_equal(opened(bed, MAC2, in).epoch, 0);
	in.sport = 80;
	assert_int_equal(opened(bed, MAC3, in).epoch, 0);
	/* rules that change while it opens are asked again */
	in.sport = 1003;
	expect_verdict(bed, opened(bed, MAC3, in), true);
	POLICY(bed, policy1, OUT1);
	expect_refused(bed, BED_GUEST1, BED_GUEST1,
		segment(MAC3, MAC1, back(in), SYN | ACK, 500, 101), "denied-ingress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_translated, begin),
		cmocka_unit_test_setup(test_floating_ip, begin),
		cmocka_unit_test_setup(test_tunnel, begin),
		cmocka_unit_test_setup(test_answers_into_tunnel, begin),
	};

	return outside_run(tests);
}
