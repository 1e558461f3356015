/* SPDX-License-Identifier: Apache-2.0 */
/* DHCPv6 messages of a hostile guest: the input as a whole frame, and as the payload of a good one.
 */
#include "agent/dhcp/dhcp6.h"
#include "service_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_flow flow = { .src_mac = fuzz_guest,
		.src = fuzz_ip("fe80::5"),
		.dst = fuzz_ip("ff02::1:2"),
		.src_port = 546,
		.dst_port = 547 };
	struct frame frame, reply;

	dhcp6_respond(fuzz_port(), data, size, &reply);
	fuzz_check_udp(&reply, 547);
	if (!frame_build_udp(&frame, &flow, data, size))
		return 0;
	dhcp6_respond(fuzz_port(), frame.data, frame.len, &reply);
	fuzz_check_udp(&reply, 547);
	return 0;
}
