/* SPDX-License-Identifier: Apache-2.0 */
/* TFTP. The server answers a request from another port than it was asked at (RFC 1350 section 4),
 * to the port that it was asked from. */
#include <netinet/in.h>

#include "agent/helper/internal.h"

#define READ_REQUEST 1
#define WRITE_REQUEST 2

void helped_tftp(struct helpers *helpers, const struct helped_packet *helped)
{
	const u8 *payload = helped->packet->frame + helped->packet->payload;
	u16 ignored;

	if (helped->floats || !helped->about->to_server || packet_payload_len(helped->packet) < 4 ||
		payload[0] || (payload[1] != READ_REQUEST && payload[1] != WRITE_REQUEST))
		return;
	if (helped->from == SIDE_PEER)
		helped_expect_out(helpers, helped, IPPROTO_UDP, helped->peer_port);
	else
		helped_expect_in(helpers, helped, IPPROTO_UDP, helped->guest_port,
			helped->outside_port, &ignored);
}
