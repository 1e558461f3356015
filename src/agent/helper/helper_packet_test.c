/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/helper/adjust.h"
#include "agent/helper/packet.h"

#define TCP 6
#define UDP 17

/* An Ethernet, an IPv4 and a TCP header (with @options) or UDP header, without checksums. */
static GByteArray *frame_of(u8 proto, u8 flags, const char *options, size_t n, const char *payload)
{
	size_t header = proto == TCP ? 20 + n : 8, len = header + strlen(payload);
	u8 head[14 + 20] = { [12] = 8,
		[14] = 0x45,
		[22] = 64,
		[23] = proto,
		[26] = 10,
		[29] = 5,
		[30] = 203,
		[32] = 113,
		[33] = 1 };
	u8 l4[20] = { 0x10, 1, 0, 21 };
	GByteArray *frame = g_byte_array_new();

	head[16] = (u8)((20 + len) >> 8);
	head[17] = (u8)(20 + len);
	if (proto == TCP) {
		l4[7] = 100;
		l4[11] = 200;
		l4[12] = (u8)(header / 4 << 4);
		l4[13] = flags;
	} else {
		l4[4] = (u8)(len >> 8);
		l4[5] = (u8)len;
	}
	g_byte_array_append(frame, head, sizeof(head));
	g_byte_array_append(frame, l4, proto == TCP ? 20 : 8);
	g_byte_array_append(frame, (const u8 *)options, (guint)n);
	return g_byte_array_append(frame, (const u8 *)payload, (guint)strlen(payload));
}

static u32 sum(const u8 *bytes, size_t len, u32 total)
{
	for (size_t i = 0; i < len; i++)
		total += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

/* Each frame that comes out is well formed, and has right checksums. */
static void check(const u8 *frame, size_t len, void *data)
{
	GPtrArray *got = data;
	struct packet packet;

	assert_true(packet_parse(frame, len, &packet));
	assert_int_equal(packet.len, len);
	assert_int_equal(sum(frame + 14, 20, 0), 0xffff);
	assert_int_equal(
		sum(frame + 34, len - 34, sum(frame + 26, 8, packet.proto + (u32)(len - 34))),
		0xffff);
	g_ptr_array_add(got, g_byte_array_append(g_byte_array_new(), frame, (guint)len));
}

static GPtrArray *emit(GByteArray *frame, struct packet_change change)
{
	GPtrArray *got = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
	struct packet packet;

	assert_true(packet_parse(frame->data, frame->len, &packet));
	if (!change.payload) {
		change.payload = packet.frame + packet.payload;
		change.len = packet_payload_len(&packet);
	}
	assert_true(packet_emit(&packet, &change, check, got));
	g_byte_array_unref(frame);
	return got;
}

static void test_longer_payload(void **state)
{
	const char *text = "PORT 203,0,113,9,156,64\r\n";
	struct packet_change change = {
		.payload = (const u8 *)text, .len = strlen(text), .seq = 1000, .ack = 77
	};
	GPtrArray *got;
	struct packet packet;
	GByteArray *only;

	(void)state;
	got = emit(frame_of(TCP, PACKET_ACK | PACKET_PSH, "", 0, "PORT 10,0,0,5,4,1\r\n"), change);
	assert_int_equal(got->len, 1);
	only = got->pdata[0];
	assert_true(packet_parse(only->data, only->len, &packet));
	assert_int_equal(packet.seq, 1000);
	assert_int_equal(packet.ack, 77);
	assert_int_equal(packet.flags, PACKET_ACK | PACKET_PSH);
	assert_memory_equal(only->data + packet.payload, text, strlen(text));
	g_ptr_array_unref(got);
	got = emit(frame_of(UDP, 0, "", 0, "short"), change);
	only = got->pdata[0];
	assert_true(packet_parse(only->data, only->len, &packet));
	assert_int_equal(packet_payload_len(&packet), strlen(text));
	g_ptr_array_unref(got);
}

/* What offload has put together comes apart: the last has the flags. */
static void test_segments(void **state)
{
	g_autofree char *text = g_strnfill(2500, 'x');
	struct packet_change change = { .seq = 0xffffff00, .ack = 1, .chunk = 1000 };
	GPtrArray *got =
		emit(frame_of(TCP, PACKET_ACK | PACKET_PSH | PACKET_FIN, "", 0, text), change);

	(void)state;
	assert_int_equal(got->len, 3);
	for (guint i = 0; i < got->len; i++) {
		const GByteArray *one = got->pdata[i];
		struct packet packet;

		packet_parse(one->data, one->len, &packet);
		assert_int_equal(packet.seq, (u32)(0xffffff00 + i * 1000));
		assert_int_equal(packet_payload_len(&packet), i < 2 ? 1000 : 500);
		assert_int_equal(packet.flags, PACKET_ACK | (i < 2 ? 0 : PACKET_PSH | PACKET_FIN));
		assert_int_equal(one->data[19], i); /* each with its own identification */
	}
	g_ptr_array_unref(got);
}

static void test_syn_offers_no_sack(void **state)
{
	static const char options[] = "\2\4\5\xb4\4\2\x8\xa\1\2\3\4\0\0\0\0\1\3\3\7";
	GPtrArray *got = emit(frame_of(TCP, PACKET_SYN, options, sizeof(options) - 1, ""),
		(struct packet_change){ .seq = 5 });
	const GByteArray *only = got->pdata[0];

	(void)state;
	assert_memory_equal(only->data + 54, "\2\4\5\xb4\1\1\x8\xa\1\2\3\4\0\0\0\0\1\3\3\7", 20);
	g_ptr_array_unref(got);
	/* only a SYN does so; and options that contradict themselves stay as they are */
	got = emit(frame_of(TCP, PACKET_ACK, options, sizeof(options) - 1, "x"),
		(struct packet_change){ 0 });
	only = got->pdata[0];
	assert_memory_equal(only->data + 54, options, 20);
	g_ptr_array_unref(got);
	got = emit(frame_of(TCP, PACKET_SYN, "\3\0\4\2", 4, ""), (struct packet_change){ 0 });
	only = got->pdata[0];
	assert_memory_equal(only->data + 54, "\3\0\4\2", 4);
	g_ptr_array_unref(got);
}

static void test_refuses(void **state)
{
	static const struct {
		size_t at;
		u8 value;
	} wrong[] = { { 12, 0x86 }, { 14, 0x65 }, { 14, 0x44 }, { 17, 200 }, { 20, 0x20 },
		{ 21, 1 }, { 23, 1 }, { 46, 0x40 }, { 46, 0xf0 } };
	struct packet packet;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GByteArray) frame = frame_of(TCP, PACKET_ACK, "", 0, "payload");

		assert_true(packet_parse(frame->data, frame->len, &packet));
		frame->data[wrong[i].at] = wrong[i].value;
		if (packet_parse(frame->data, frame->len, &packet))
			fail_msg("byte %zu", wrong[i].at);
	}
	for (size_t len = 0; len < 54; len++) {
		g_autoptr(GByteArray) frame = frame_of(TCP, PACKET_ACK, "", 0, "");

		assert_false(packet_parse(frame->data, len, &packet));
	}
}

static void test_adjust(void **state)
{
	struct adjust adjust = { 0 };

	(void)state;
	assert_int_equal(adjust_seq(&adjust, 5), 5);
	adjust_note(&adjust, 0xfffffff0, 6, 26); /* 20 bytes there became 26 */
	assert_int_equal(adjust_seq(&adjust, 0xfffffff0), 0xfffffff0);
	assert_int_equal(adjust_seq(&adjust, 4), 10);
	assert_int_equal(adjust_ack(&adjust, 0xfffffff0), 0xfffffff0);
	assert_int_equal(adjust_ack(&adjust, 10), 4);
	adjust_note(&adjust, 0xfffffff0, 6, 26); /* sent once more */
	assert_int_equal(adjust_seq(&adjust, 4), 10);
	assert_true(adjust_fits(&adjust, 100, -2));
	adjust_note(&adjust, 100, -2, 18);
	assert_true(adjust_fits(&adjust, 100, -2)); /* sent once more */
	assert_true(adjust_fits(&adjust, 120, 5));
	assert_false(adjust_fits(&adjust, 100, 1));
	assert_false(adjust_fits(&adjust, 50, 1)); /* too late */
	assert_false(adjust_fits(&adjust, 0xffffff00, 1));
	assert_int_equal(adjust_seq(&adjust, 100), 106);
	assert_int_equal(adjust_seq(&adjust, 120), 124);
	assert_int_equal(adjust_ack(&adjust, 106), 100);
	assert_int_equal(adjust_ack(&adjust, 124), 120);
	assert_int_equal(adjust_ack(&adjust, 110), 100); /* a part of it */
	assert_int_equal(adjust_seq(&adjust, 4), 10);	 /* what came before, once more */
	assert_int_equal(adjust_ack(&adjust, 10), 4);
	adjust_ack(&adjust, 124);
	for (unsigned i = 0; i < ADJUST_PLACES; i++) { /* many, none of which is acknowledged */
		assert_true(adjust_fits(&adjust, 200 + i * 20, 1));
		adjust_note(&adjust, 200 + i * 20, 1, 21);
	}
	assert_false(adjust_fits(&adjust, 5000, 1)); /* no room */
	assert_int_equal(adjust_seq(&adjust, 200), 204);
	assert_int_equal(adjust_seq(&adjust, 220), 225);
	assert_int_equal(adjust_ack(&adjust, 225), 220);
	assert_int_equal(adjust_ack(&adjust, 224), 200);
	assert_true(adjust_fits(&adjust, 5000, 1));
	assert_int_equal(adjust_seq(&adjust, 200 + ADJUST_PLACES * 20), 204 + ADJUST_PLACES * 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longer_payload),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_syn_offers_no_sack),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_adjust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
