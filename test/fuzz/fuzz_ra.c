/* SPDX-License-Identifier: Apache-2.0 */
/* Router solicitations of a hostile guest: the input as a whole frame, and as the message in a good
 * one. */
#include "agent/ra/ra.h"
#include "service_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct frame *reply)
{
	struct frame_flow flow;
	const u8 *message;
	size_t len;
	u8 hop_limit;

	if (!reply->len)
		return;
	g_assert_cmpint(
		frame_parse_icmp6(reply->data, reply->len, &flow, &hop_limit, &message, &len), ==,
		FRAME_OK);
	g_assert_cmpint(message[0], ==, 134);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_flow flow = {
		.src_mac = fuzz_guest, .src = fuzz_ip("fe80::5"), .dst = fuzz_ip("ff02::2")
	};
	struct frame frame, reply;

	ra_respond(fuzz_port(), data, size, &reply);
	check(&reply);
	if (!frame_build_icmp6(&frame, &flow, data, size))
		return 0;
	ra_respond(fuzz_port(), frame.data, frame.len, &reply);
	check(&reply);
	return 0;
}
