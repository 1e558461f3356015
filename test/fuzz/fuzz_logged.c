/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a packet that nftables' log group tells of: of whoever sends through the appliance.
 */
#include <stdlib.h>

#include "appliance/packet/logged_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logged_packet packet = { .family = 0 };

	logged_packet_parse(data, size, &packet);
	if (packet.family && packet.family != 4 && packet.family != 6)
		abort();
	if (packet.has_ports && !packet.family)
		abort();
	return 0;
}
