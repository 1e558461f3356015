/* SPDX-License-Identifier: Apache-2.0 */
/* DHCPv4 messages of a hostile guest: the input as a whole frame, and as the payload of a good one.
 */
#include "agent/dhcp/dhcp4.h"
#include "service_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_flow flow = { .src_mac = fuzz_guest,
		.src = { .family = 4 },
		.dst = { .family = 4, .b = { 255, 255, 255, 255 } },
		.src_port = 68,
		.dst_port = 67 };
	struct frame frame, reply;

	dhcp4_respond(fuzz_port(), data, size, &reply);
	fuzz_check_udp(&reply, 67);
	if (!frame_build_udp(&frame, &flow, data, size))
		return 0;
	dhcp4_respond(fuzz_port(), frame.data, frame.len, &reply);
	fuzz_check_udp(&reply, 67);
	return 0;
}
