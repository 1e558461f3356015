/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports of a router's address connections get, and when they give them back. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "outside_bed.h"

#define FIRST 32768

/* No more connections to one destination than there are ports; each that is refused is counted. */
static void test_ports_run_out(void **state)
{
	struct bed *bed = *state;
	struct dp_gateway gateway = { .router = ROUTER,
		.vni = wire(bed),
		.mtu_bytes = 1400,
		.here = true,
		.mac = mac(GATEWAY_MAC),
		.ip4 = ip(GATEWAY_IP),
		.snat = true,
		.port_first = 2048,
		.n_ports = 2 };

	introduce(bed);
	assert_true(dp_gateway_put(bed->dp, &gateway, NULL));
	for (u16 port = 2048; port < 2050; port++) {
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, port, 53));
		wire_receives(bed);
	}
	bed_expect_drop(
		bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 2050, 53), "nat-ports");
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 2050, 54));
	wire_receives(bed);
	gateway.n_ports = 0;
	assert_true(dp_gateway_put(bed->dp, &gateway, NULL));
	bed_expect_drop(
		bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 2051, 53), "nat-ports");
	put_gateway(bed, true, true);
}

#define KEY_WORDS 8

/* KEY_WORDS u64 for each entry; g_array_unref(). One that is written goes to the head of its
 * bucket, so who writes to all must know them first. */
static GArray *keys_of(struct bpf_map *map)
{
	GArray *keys = g_array_new(FALSE, FALSE, KEY_WORDS * sizeof(u64));
	u64 key[KEY_WORDS];

	assert_true(bpf_map__key_size(map) <= sizeof(key));
	for (u64 *at = NULL; !bpf_map_get_next_key(bpf_map__fd(map), at, key); at = key)
		g_array_append_vals(keys, key, 1);
	return keys;
}

/* Ages every entry of @map, whose values have their tick at @at. */
static void age(struct bpf_map *map, size_t at, u32 ticks)
{
	g_autoptr(GArray) keys = keys_of(map);
	int fd = bpf_map__fd(map);
	u64 value[32];
	u32 seen;

	assert_true(bpf_map__value_size(map) <= sizeof(value));
	for (guint i = 0; i < keys->len; i++) {
		const u64 *key = (const u64 *)(void *)keys->data + (size_t)i * KEY_WORDS;

		assert_int_equal(bpf_map_lookup_elem(fd, key, value), 0);
		memcpy(&seen, (u8 *)value + at, sizeof(seen));
		seen -= ticks;
		memcpy((u8 *)value + at, &seen, sizeof(seen));
		assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_EXIST), 0);
	}
}

/* Nothing was seen of any connection for @ticks. */
static void idle(struct bed *bed, u32 ticks)
{
	age(bed->dp->edge->maps.nats, offsetof(struct nat, seen), ticks);
	age(bed->dp->edge->maps.flows4, offsetof(struct flow, seen), ticks);
}

/* A segment of guest 2's connection from @sport, which leaves by @port, and one of the answer. */
static void talk(struct bed *bed, u16 sport, u16 port, u8 flags)
{
	struct frame out = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, sport, 80);
	struct frame in = tcp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 80, port), got;

	out.b[47] = flags;
	in.b[47] = flags;
	assert_int_equal(leaves_as(bed, out), port);
	wire_sends(bed, in);
	got = bed_receive(bed, BED_GUEST2);
	assert_memory_equal(got.b + 30, "\x0a\0\0\x02", 4);
	assert_int_equal(port_at(&got, 36), sport);
}

static u64 parts_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return ((u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec) >>
	       (EDGE_TICK_SHIFT - EDGE_TICK_PARTS_SHIFT);
}

/* As if every connection had been seen last that many parts of a tick ago. */
static void seen_ago(struct bed *bed, s32 parts)
{
	g_autoptr(GArray) keys = keys_of(bed->dp->edge->maps.nats);
	int fd = bpf_map__fd(bed->dp->edge->maps.nats);
	u64 when = parts_now() - (u64)(s64)parts;
	struct nat nat;

	for (guint i = 0; i < keys->len; i++) {
		const u64 *key = (const u64 *)(void *)keys->data + (size_t)i * KEY_WORDS;

		assert_int_equal(bpf_map_lookup_elem(fd, key, &nat), 0);
		nat.seen = (u32)(when >> EDGE_TICK_PARTS_SHIFT);
		nat.part = (u8)when;
		assert_int_equal(bpf_map_update_elem(fd, key, &nat, BPF_EXIST), 0);
	}
}

/* A closed connection's port is another's when it is asked for, but not at once; an open one's is
 * not, however long it is silent. */
static void test_closed_connections_give_their_ports(void **state)
{
	struct bed *bed = *state;
	const u8 fin_ack = 0x11, syn_ack = 0x12, ack = 0x10;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, 2);
	for (u16 port = FIRST; port < FIRST + 2; port++) {
		assert_int_equal(leaves_as(bed, opening(port)), port);
		talk(bed, port, port, syn_ack);
	}
	talk(bed, FIRST, FIRST, ack);
	talk(bed, FIRST, FIRST, fin_ack);
	seen_ago(bed, -100 * (s32)EDGE_TICK_PARTS); /* not even if this machine is very slow */
	bed_expect_drop(bed, BED_GUEST2, opening(7000), "nat-ports");
	seen_ago(bed, (s32)EDGE_TICK_PARTS / 4 + 1);
	assert_int_equal(leaves_as(bed, opening(7000)), FIRST);
	talk(bed, 7000, FIRST, ack); /* and not by what was known of its port a moment ago */
	idle(bed, 100);
	bed_expect_drop(bed, BED_GUEST2, opening(7001), "nat-ports");
	talk(bed, FIRST + 1, FIRST + 1, ack);
	put_gateway(bed, true, true);
}

/* A reset after which both go on was none of theirs: the connection keeps its port, and lives as
 * long as any. One after which nobody says anything ends it. */
static void test_a_reset_that_is_not_believed(void **state)
{
	const u16 port = FIRST + 8192; /* nobody has used it yet */
	struct frame reset = tcp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, 80, port);
	struct bed *bed = *state;
	const u8 syn_ack = 0x12, ack = 0x10;

	introduce(bed);
	share_gateway(bed, false, port, 4096, 1);
	reset.b[47] = 0x04;
	assert_int_equal(leaves_as(bed, opening(port)), port);
	talk(bed, port, port, syn_ack);
	wire_sends(bed, reset);
	bed_receive(bed, BED_GUEST2);
	idle(bed, 1); /* verdicts are looked at again once a tick */
	talk(bed, port, port, ack);
	seen_ago(bed, (s32)EDGE_TICK_PARTS);
	bed_expect_drop(bed, BED_GUEST2, opening(7000), "nat-ports");
	wire_sends(bed, reset);
	bed_receive(bed, BED_GUEST2);
	seen_ago(bed, (s32)EDGE_TICK_PARTS);
	assert_int_equal(leaves_as(bed, opening(7000)), port);
	put_gateway(bed, true, true);
}

/* Each port of the range is found, and then those that are free again. */
static void test_finds_every_port(void **state)
{
	const u16 first = FIRST + 4096; /* nobody has used these yet */
	bool used[256] = { false };
	struct bed *bed = *state;
	u16 port;

	introduce(bed);
	share_gateway(bed, false, first, 4096, G_N_ELEMENTS(used));
	for (u16 i = 0; i < 3 * G_N_ELEMENTS(used); i++) {
		port = (u16)(leaves_as(bed, opening((u16)(9000 + i))) - first);
		assert_in_range(port, 0, G_N_ELEMENTS(used) - 1);
		assert_false(used[port]);
		used[port] = true;
		talk(bed, (u16)(9000 + i), (u16)(first + port), 0x14); /* reset */
		if ((i + 1u) % G_N_ELEMENTS(used))
			continue;
		memset(used, 0, sizeof(used));
		seen_ago(bed, (s32)EDGE_TICK_PARTS);
	}
	put_gateway(bed, true, true);
}

/* So is that of an answered question to a well-known port: nothing more comes. */
static void test_answered_questions_give_their_ports(void **state)
{
	struct bed *bed = *state;

	introduce(bed);
	share_gateway(bed, false, FIRST, 4096, 2);
	for (u16 dport = 53; dport < 8000; dport = 4000 + dport) {
		for (u16 port = FIRST; port < FIRST + 2; port++)
			assert_int_equal(leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP,
								port, dport)),
				port);
		idle(bed, 5);
		bed_expect_drop(bed, BED_GUEST2,
			udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 7000, dport), "nat-ports");
		wire_sends(bed, udp_frame(WIRE_MAC, OTHER_MAC, FAR_IP, GATEWAY_IP, dport, FIRST));
		bed_receive(bed, BED_GUEST2);
		bed_expect_drop(bed, BED_GUEST2,
			udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 7000, dport), "nat-ports");
		idle(bed, 5);
		if (dport < 1024)
			assert_int_equal(leaves_as(bed, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP,
								7000, dport)),
				FIRST);
	}
	bed_expect_drop(
		bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 7000, 4053), "nat-ports");
	put_gateway(bed, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports_run_out),
		cmocka_unit_test(test_closed_connections_give_their_ports),
		cmocka_unit_test(test_a_reset_that_is_not_believed),
		cmocka_unit_test(test_finds_every_port),
		cmocka_unit_test(test_answered_questions_give_their_ports),
	};

	return outside_run(tests);
}
