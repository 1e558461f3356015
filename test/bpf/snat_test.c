/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that share a router's address: what leaves by a host's own ports, and what the gateway's
 * host sends on. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "outside_bed.h"

#define FIRST 32768
#define N_PORTS 2048

/* A host with ports of its own needs the gateway's host for nothing but the way of the answers. */
static void test_leaves_by_its_own_ports(void **state)
{
	struct bed *bed = *state;
	u16 port, id;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	for (int i = 0; i < 3; i++) { /* by the pipeline, then by flow entries */
		port = leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5000, 53));
		assert_in_range(port, FIRST, FIRST + N_PORTS - 1);
		wire_sends(bed, udp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 53, port));
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 53, 5000)));
		id = leaves_as(bed, echo_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8, 5));
		assert_in_range(id, FIRST, FIRST + N_PORTS - 1);
		wire_sends(bed, echo_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 0, id));
		bed_expect(bed, BED_GUEST2,
			frame_hop(echo_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 0, 5)));
	}
	port = leaves_as(bed, opening(FIRST + 7));
	assert_int_equal(port, FIRST + 7); /* kept, where it is this host's and free */
	bed_expect_drop(bed, BED_WIRE,
		tagged(udp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 53, 4097)),
		"not-translated"); /* never sent on again */
	/* It does not answer for the address. */
	wire_sends(bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", GATEWAY_IP)));
	bed_expect_nothing(bed, BED_WIRE);
	/* Frames for the host itself are the host's. */
	wire_sends(bed, udp_frame(WIRE_MAC, NEXT_MAC, FAR_IP, "203.0.113.200", 1, 2));
	bed_expect_nothing(bed, BED_WIRE);
}

/* What has no ports has one state, on the gateway's host. */
static void test_without_ports_by_the_gateway(void **state)
{
	struct bed *bed = *state;
	struct frame gre = frame_eth(INSIDE_MAC, MAC2, IP4,
			     frame_ip(IP2, FAR_IP, IPPROTO_GRE, frame_fill(40))),
		     got;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	bed_send(bed, BED_GUEST2, gre);
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, 50 + gre.len);
	assert_memory_equal(got.b + 50, gre.b, gre.len);
	bed_send(bed, BED_GUEST2,
		udp_frame(INSIDE_MAC, MAC2, IP2_6, "2001:db8:9::1", 1, 2)); /* nor IPv6 */
	got = bed_receive(bed, BED_WIRE);
	assert_memory_equal(got.b + 42 + 8, "\x02\0\0\0\x01\0", 6);
}

/* A floating IP that the gateway's host has for an address that several guests may have: UDP too,
 * whose answers can't be told from what opens a connection. */
static void test_floating_ip_by_the_gateway(void **state)
{
	struct bed *bed = *state;
	struct frame udp = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5003, 53), got;
	struct ip fixed = ip(IP2);

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	assert_true(dp_floating_ip_put_elsewhere(bed->dp, ROUTER, &fixed, NULL));
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST2, udp);
		got = bed_receive(bed, BED_WIRE);
		assert_int_equal(got.len, 50 + udp.len);
		assert_memory_equal(got.b + 50, udp.b, udp.len);
	}
	assert_true(dp_floating_ip_delete_elsewhere(bed->dp, ROUTER, &fixed, NULL));
	assert_in_range(leaves_as(bed, udp), FIRST, FIRST + N_PORTS - 1);
}

/* The sender of what is too big, or has gone too far, is told, though its MAC is not in the frame.
 */
static void test_tells_the_sender(void **state)
{
	struct bed *bed = *state;
	struct frame big, late, got;
	u16 port;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	port = leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5001, 53));
	big = frame_eth(WIRE_MAC, OTHER_MAC, IP4,
		frame_ip(FAR_IP, GATEWAY_IP, IPPROTO_UDP, frame_udp(53, port, frame_fill(1440))));
	wire_sends(bed, big);
	got = wire_receives(bed);
	assert_memory_equal(got.b, "\x02\0\0\0\xee\x01", 6);
	assert_int_equal(got.b[34], 3);
	assert_int_equal(got.b[35], 4);
	late = udp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 53, port);
	late.b[22] = 2;
	late = frame_hop(late);
	wire_sends(bed, late);
	got = wire_receives(bed);
	assert_memory_equal(got.b, "\x02\0\0\0\xee\x01", 6);
	assert_memory_equal(got.b + 26, "\xcb\0\x71\x0a", 4); /* from the router's address */
	assert_int_equal(got.b[34], 11);
	assert_memory_equal(&got.b[42], &late.b[14], 28);
}

static struct frame with_macs(struct frame frame, const char *dst, const char *src)
{
	struct mac to = mac(dst), from = mac(src);

	memcpy(frame.b, to.b, 6);
	memcpy(frame.b + 6, from.b, 6);
	return frame;
}

static void expect_sent_on(struct bed *bed, struct frame frame)
{
	wire_sends(bed, frame);
	wire_gets(bed, with_macs(frame, OTHER_MAC, WIRE_MAC));
}

/* By the port alone: answers, errors about what was sent, and fragments. */
static void test_sends_on(void **state)
{
	struct bed *bed = *state;
	struct frame first = udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 4100), later;
	struct frame about = udp_frame(NEXT_MAC, OTHER_MAC, GATEWAY_IP, FAR_IP, 6000, 53);

	introduce(bed);
	share_gateway(bed, true, FIRST, 4096, N_PORTS);
	for (u16 port = 4096; port < 4096 + N_PORTS; port += 1023) {
		expect_sent_on(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, port));
		expect_sent_on(bed, tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 80, port));
		expect_sent_on(bed, echo_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 0, port));
	}
	expect_sent_on(
		bed, frame_eth(GATEWAY_MAC, NEXT_MAC, IP4,
			     frame_ip("192.0.2.99", GATEWAY_IP, IPPROTO_ICMP,
				     frame_icmp(3, 4, 1280, frame_bytes(about.b + 14, 28)))));
	later = first;
	first.b[20] = 0x20; /* more follow */
	later.b[21] = 9;
	first = frame_hop(first); /* with the checksums of what was changed */
	later = frame_hop(later);
	expect_sent_on(bed, first);
	expect_sent_on(bed, later);
	/* A port of nobody, the router's own echo, and what is this host's. */
	bed_expect_drop(bed, BED_WIRE,
		tagged(udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 9000)),
		"not-translated");
	wire_sends(bed, echo_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 8, 4100));
	wire_gets(bed, echo_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 0, 4100));
	/* To a port that nobody else has talked to: of those that did one may have got this one. */
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, FIRST + 9, 5300));
	wire_gets(bed,
		frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, FIRST + 9, 5300)));
	wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 5300, FIRST + 9));
	bed_expect(bed, BED_GUEST2,
		frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5300, FIRST + 9)));
}

/* The address comes to this host: what it gave stays, and it answers for it. */
static void test_takes_over(void **state)
{
	struct bed *bed = *state;
	u16 port;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	port = leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5002, 53));
	share_gateway(bed, true, FIRST, 4096, N_PORTS);
	wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, port));
	bed_expect(bed, BED_GUEST2, frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 53, 5002)));
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5002, 53));
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, port, 53)));
	wire_sends(bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", GATEWAY_IP)));
	wire_gets(bed, frame_eth(NEXT_MAC, GATEWAY_MAC, ARP,
			       frame_arp(2, GATEWAY_MAC, GATEWAY_IP, NEXT_MAC, NEXT_IP)));
	/* Another range: the connection gets a port of it. */
	share_gateway(bed, false, 4096, FIRST, N_PORTS);
	assert_in_range(leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5002, 53)), 4096,
		4096 + N_PORTS - 1);
	assert_true(dp_snat_owners_delete(bed->dp, ROUTER, NULL));
	put_gateway(bed, true, true);
}

static struct dp_translation moved(u8 proto, u16 guest_port, u16 port)
{
	return (struct dp_translation){ .router = ROUTER,
		.guest = ip(IP2),
		.remote = ip(FAR_IP),
		.address = ip(GATEWAY_IP),
		.proto = proto,
		.flags = DP_TRANSLATION_REPLIED,
		.guest_port = guest_port,
		.remote_port = proto == IPPROTO_TCP ? 80 : 53,
		.port = port };
}

static void keep_translation(const struct dp_translation *translation, void *data)
{
	struct dp_translation *kept = data;

	if (translation->guest_port == kept->guest_port)
		*kept = *translation;
}

/* The guest has come from another host: it goes on by the port that it got there, once that is
 * known; until then its TCP connections get no other. */
static void test_takes_connections_over(void **state)
{
	struct dp_translation tcp = moved(IPPROTO_TCP, 5010, 4100), read = { .guest_port = 5010 },
			      udp = moved(IPPROTO_UDP, 5011, 4101), wrong;
	struct bed *bed = *state;
	struct frame middle = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5010, 80), got;
	struct ip guest = ip(IP2);
	u16 port;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	bed_send(bed, BED_GUEST2, middle); /* the gateway's host may know it */
	got = bed_receive(bed, BED_WIRE);
	assert_memory_equal(got.b + 50, middle.b, middle.len);
	assert_true(dp_translation_put(bed->dp, &tcp, NULL));
	assert_int_equal(leaves_as(bed, middle), 4100);
	assert_int_equal(leaves_as(bed, middle), 4100);
	dp_translations_each(bed->dp, ROUTER, &guest, keep_translation, &read);
	read.idle_s = 0;
	assert_memory_equal(&read, &tcp, sizeof(read)); /* and so to the next host */
	port = leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5011, 53));
	assert_in_range(port, FIRST, FIRST + N_PORTS - 1);
	assert_true(dp_translation_put(bed->dp, &udp, NULL));
	assert_int_equal(leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5011, 53)), 4101);
	bed_expect_drop(bed, BED_WIRE,
		tagged(udp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 53, port)),
		"not-translated"); /* what was made meanwhile is gone */
	wrong = udp;
	wrong.guest = ip("10.0.0.99");
	assert_false(dp_translation_put(bed->dp, &wrong, NULL)); /* another has the port */
	wrong = udp;
	wrong.address = ip(NEXT_IP);
	assert_false(dp_translation_put(bed->dp, &wrong, NULL)); /* not this router's */
	assert_true(dp_snat_owners_delete(bed->dp, ROUTER, NULL));
	put_gateway(bed, true, true);
}

/* As if what is unknown had been so for that much longer, without a break. */
static void age_unknown(struct bed *bed, u64 ns)
{
	int fd = bpf_map__fd(bed->dp->edge->maps.unknown_connections);
	struct nat_key key, previous;
	const void *at = NULL;
	u64 seen[2];

	while (!bpf_map_get_next_key(fd, at, &key)) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, seen), 0);
		seen[0] -= ns;
		assert_int_equal(bpf_map_update_elem(fd, &key, seen, BPF_EXIST), 0);
		previous = key;
		at = &previous;
	}
}

/* What is said to guest 2 about its segment that acknowledges @seq. */
static struct frame reset_of(u16 sport, u32 seq)
{
	struct frame tcp = frame_tcp(80, sport, 0x04, seq, 0, frame_fill(0));

	tcp.b[14] = 0; /* no window */
	return frame_hop(frame_eth(MAC2, INSIDE_MAC, IP4, frame_ip(FAR_IP, IP2, IPPROTO_TCP, tcp)));
}

/* What a trace of guest 2's frame ends with. */
static void expect_last_step(struct bed *bed, struct frame frame, const char *step)
{
	g_autoptr(GPtrArray) steps = NULL;

	assert_true(dp_trace(bed->dp, bed->ifindex[BED_GUEST2], frame.b, frame.len, &steps, NULL));
	assert_true(steps->len);
	assert_string_equal(steps->pdata[steps->len - 1], step);
}

/* A TCP connection that no host knows is reset when it stays so; resets and what opens are not. */
static void test_unknown_connections_are_reset(void **state)
{
	struct frame middle = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5020, 80), reset;
	struct bed *bed = *state;

	introduce(bed);
	share_gateway(bed, true, FIRST, 4096, N_PORTS);
	expect_last_step(bed, middle,
		"no host knows the TCP connection: its sender gets a reset when that has been so for 5 seconds while it sends (0 so far)");
	for (int i = 0; i < 3; i++) { /* its host may yet be told of it */
		bed_expect_drop(bed, BED_GUEST2, middle, "not-translated");
		age_unknown(bed, 1000000000);
	}
	bed_expect_nothing(bed, BED_GUEST2);
	age_unknown(bed, 1500000000);
	expect_last_step(bed, middle,
		"no host knows the TCP connection: its sender gets a reset when that has been so for 5 seconds while it sends (4 so far)");
	bed_expect_nothing(bed, BED_GUEST2);
	age_unknown(bed, 500000000);
	bed_send(bed, BED_GUEST2, middle);
	bed_expect(bed, BED_GUEST2, reset_of(5020, 9));
	reset = middle;
	reset.b[47] = 0x14;
	bed_expect_drop(bed, BED_GUEST2, reset, "not-translated");
	reset.b[47] = 0x08; /* acknowledges nothing */
	bed_expect_drop(bed, BED_GUEST2, reset, "not-translated");
	bed_expect_nothing(bed, BED_GUEST2);
	/* It opens anew, and is known. */
	bed_send(bed, BED_GUEST2, opening(5020));
	wire_receives(bed);
	bed_send(bed, BED_GUEST2, middle);
	wire_receives(bed);
	/* Where the gateway is elsewhere, that host is asked and says so. */
	share_gateway(bed, false, FIRST, 4096, N_PORTS);
	middle = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5021, 80);
	bed_send(bed, BED_GUEST2, middle);
	bed_receive(bed, BED_WIRE);
	age_unknown(bed, 6000000000);
	bed_send(bed, BED_GUEST2, middle);
	bed_receive(bed, BED_WIRE);
	bed_expect_nothing(bed, BED_GUEST2);
	assert_true(dp_snat_owners_delete(bed->dp, ROUTER, NULL));
	put_gateway(bed, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_by_its_own_ports),
		cmocka_unit_test(test_without_ports_by_the_gateway),
		cmocka_unit_test(test_floating_ip_by_the_gateway),
		cmocka_unit_test(test_tells_the_sender),
		cmocka_unit_test(test_sends_on),
		cmocka_unit_test(test_takes_over),
		cmocka_unit_test(test_takes_connections_over),
		cmocka_unit_test(test_unknown_connections_are_reset),
	};

	return outside_run(tests);
}
