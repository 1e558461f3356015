/* SPDX-License-Identifier: Apache-2.0 */
/* Two sessions joined by a line that may lose packets, on a clock of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "agent/bfd/session.h"

#define MS 1000LL
#define DELAY (3 * MS)

static struct bfd_session ends[2];
static s64 now;
static bool cut[2]; /* what this end sends is lost */
static unsigned n_sent[2];
static struct {
	u8 bytes[BFD_PACKET_BYTES];
	s64 arrives;
	int to;
} line[64];
static unsigned n_line;

static int setup(void **state)
{
	(void)state;
	now = 1000 * MS;
	n_line = 0;
	memset(cut, 0, sizeof(cut));
	memset(n_sent, 0, sizeof(n_sent));
	bfd_session_init(&ends[0], 11, now);
	bfd_session_init(&ends[1], 22, now);
	return 0;
}

static void deliver(void)
{
	for (unsigned i = 0; i < n_line;) {
		struct bfd_packet packet;

		if (line[i].arrives > now) {
			i++;
			continue;
		}
		assert_null(bfd_packet_read(line[i].bytes, BFD_PACKET_BYTES, &packet));
		assert_true(!packet.your_discriminator ||
			    packet.your_discriminator == ends[line[i].to].discriminator);
		bfd_session_receive(&ends[line[i].to], &packet, now);
		line[i] = line[--n_line];
	}
}

static void step(void)
{
	static u32 random = 12345;

	deliver();
	for (int end = 0; end < 2; end++) {
		struct bfd_packet packet;

		random = random * 1664525 + 1013904223;
		bfd_session_expire(&ends[end], now);
		if (!bfd_session_transmit(&ends[end], now, random >> 8, &packet))
			continue;
		n_sent[end]++;
		if (cut[end])
			continue;
		assert_true(n_line < sizeof(line) / sizeof(line[0]));
		bfd_packet_write(&packet, line[n_line].bytes);
		line[n_line].arrives = now + DELAY;
		line[n_line++].to = !end;
	}
	now += MS;
}

static void run(s64 ms)
{
	for (s64 end = now + ms * MS; now < end;)
		step();
}

/* Milliseconds until the end is in the state. */
static s64 until(int end, enum bfd_state state)
{
	s64 start = now;

	while (ends[end].state != state) {
		step();
		assert_true(now - start < 10000 * MS);
	}
	return (now - start) / MS;
}

static void comes_up(void **state)
{
	(void)state;
	assert_true(until(0, BFD_UP) < 2500);
	assert_true(until(1, BFD_UP) < 1500);
	run(1500);
	assert_false(ends[0].polling);
	n_sent[0] = n_sent[1] = 0;
	run(10000);
	/* every 150 to 200 ms */
	assert_in_range(n_sent[0], 50, 67);
	assert_in_range(n_sent[1], 50, 67);
	assert_int_equal(ends[0].state, BFD_UP);
}

static void slow_while_down(void **state)
{
	(void)state;
	cut[0] = cut[1] = true;
	run(10000);
	assert_in_range(n_sent[0], 10, 14);
	assert_int_equal(ends[0].state, BFD_DOWN);
}

static void silence_is_noticed(void **state)
{
	s64 took;

	(void)state;
	until(0, BFD_UP);
	until(1, BFD_UP);
	run(3000);
	cut[0] = cut[1] = true;
	took = until(1, BFD_DOWN);
	assert_in_range(took, 400, 610);
	assert_int_equal(ends[1].diagnostic, BFD_DIAG_EXPIRED);
	cut[0] = cut[1] = false;
	assert_true(until(1, BFD_UP) < 4000);
	assert_true(until(0, BFD_UP) < 4000);
}

/* The end that still hears is told by the other. */
static void one_way_is_down(void **state)
{
	(void)state;
	until(0, BFD_UP);
	until(1, BFD_UP);
	run(3000);
	cut[0] = true;
	until(1, BFD_DOWN);
	assert_true(until(0, BFD_DOWN) <= 10);
	assert_int_equal(ends[0].diagnostic, BFD_DIAG_NEIGHBOUR_DOWN);
	run(5000);
	assert_int_not_equal(ends[0].state, BFD_UP);
	assert_int_not_equal(ends[1].state, BFD_UP);
}

/* Two packets lost in a row are none. */
static void some_loss_is_borne(void **state)
{
	(void)state;
	until(0, BFD_UP);
	until(1, BFD_UP);
	run(3000);
	for (int i = 0; i < 20; i++) {
		unsigned before = n_sent[0];

		cut[0] = true;
		while (n_sent[0] < before + 2)
			step();
		cut[0] = false;
		while (n_sent[0] < before + 3)
			step();
		run(DELAY / MS + 1);
		assert_int_equal(ends[1].state, BFD_UP);
	}
}

static void restart_is_noticed(void **state)
{
	(void)state;
	until(0, BFD_UP);
	until(1, BFD_UP);
	run(3000);
	bfd_session_init(&ends[0], 33, now);
	until(1, BFD_DOWN);
	assert_true(until(1, BFD_UP) < 4000);
	assert_int_equal(ends[1].remote_discriminator, 33);
}

/* What is behind a host is told while its session stays up, at once, and again after it was down
 * (section 6.8.17). */
static void path_down_is_told(void **state)
{
	s64 then;

	(void)state;
	until(0, BFD_UP);
	until(1, BFD_UP);
	run(3000);
	bfd_session_set_path(&ends[0], true, now);
	then = ends[0].transmit_us;
	assert_int_equal(then, now);
	bfd_session_set_path(&ends[0], true, now + 5); /* nothing new */
	assert_int_equal(ends[0].transmit_us, then);
	run(100);
	assert_true(ends[1].remote_path_down);
	assert_int_equal(ends[1].state, BFD_UP);
	assert_false(ends[0].remote_path_down);
	n_line = 0; /* nothing is on its way to the former one */
	bfd_session_init(&ends[1], 33, now);
	until(0, BFD_DOWN);
	assert_false(ends[1].remote_path_down);
	until(1, BFD_UP);
	run(1000);
	assert_true(ends[1].remote_path_down);
	bfd_session_set_path(&ends[0], false, now);
	run(100);
	assert_false(ends[1].remote_path_down);
}

static void admin_down_takes_it_down(void **state)
{
	struct bfd_packet packet = { .state = BFD_ADMIN_DOWN,
		.detect_multiplier = 3,
		.my_discriminator = 11,
		.your_discriminator = 22,
		.desired_min_tx_us = 1000000,
		.required_min_rx_us = 1000000 };

	(void)state;
	until(1, BFD_UP);
	assert_true(bfd_session_receive(&ends[1], &packet, now));
	assert_int_equal(ends[1].state, BFD_DOWN);
	assert_false(bfd_session_receive(&ends[1], &packet, now));
}

/* A poll is answered at once with a final, whatever the interval; the slower of the two sets the
 * pace. */
static void polls_and_pace(void **state)
{
	struct bfd_packet packet = { .state = BFD_UP,
		.poll = true,
		.detect_multiplier = 5,
		.my_discriminator = 11,
		.your_discriminator = 22,
		.desired_min_tx_us = 700000,
		.required_min_rx_us = 3000000 },
			  out;

	(void)state;
	until(1, BFD_UP);
	bfd_session_receive(&ends[1], &packet, now);
	assert_true(bfd_session_transmit(&ends[1], now, 0, &out));
	assert_true(out.final && !out.poll);
	assert_int_equal(ends[1].transmit_us - now, 3000 * MS);
	assert_int_equal(ends[1].expires_us - now, 3500 * MS);
	packet.poll = false;
	packet.required_min_rx_us = 0;
	bfd_session_receive(&ends[1], &packet, now);
	assert_false(bfd_session_transmit(&ends[1], now + 3000 * MS, 0, &out));
}

static void bad_packets(void **state)
{
	static const struct {
		size_t at;
		u8 value;
		const char *says;
	} cases[] = {
		{ 0, 2 << 5, "version" },
		{ 1, 3 << 6 | 0x04, "authenticated" },
		{ 1, 3 << 6 | 0x01, "multipoint" },
		{ 2, 0, "multiplier" },
		{ 3, 23, "length" },
		{ 3, 25, "length" },
		{ 7, 0, "discriminator" },
		{ 11, 0, "names no session" },
	};
	const struct bfd_packet good = { .state = BFD_UP,
		.detect_multiplier = 3,
		.my_discriminator = 1,
		.your_discriminator = 2 };
	struct bfd_packet packet;
	u8 bytes[BFD_PACKET_BYTES];

	(void)state;
	bfd_packet_write(&good, bytes);
	assert_null(bfd_packet_read(bytes, sizeof(bytes), &packet));
	assert_int_equal(packet.state, BFD_UP);
	assert_int_equal(packet.detect_multiplier, 3);
	assert_int_equal(packet.my_discriminator, 1);
	assert_int_equal(packet.your_discriminator, 2);
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_non_null(bfd_packet_read(bytes, len, &packet));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why;

		bfd_packet_write(&good, bytes);
		bytes[cases[i].at] = cases[i].value;
		why = bfd_packet_read(bytes, sizeof(bytes), &packet);
		assert_non_null(why);
		assert_non_null(strstr(why, cases[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(comes_up, setup),
		cmocka_unit_test_setup(slow_while_down, setup),
		cmocka_unit_test_setup(silence_is_noticed, setup),
		cmocka_unit_test_setup(one_way_is_down, setup),
		cmocka_unit_test_setup(some_loss_is_borne, setup),
		cmocka_unit_test_setup(restart_is_noticed, setup),
		cmocka_unit_test_setup(path_down_is_told, setup),
		cmocka_unit_test_setup(admin_down_takes_it_down, setup),
		cmocka_unit_test_setup(polls_and_pace, setup),
		cmocka_unit_test(bad_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
