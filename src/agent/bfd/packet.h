/* SPDX-License-Identifier: Apache-2.0 */
/* BFD control packets (RFC 5880 section 4.1), without authentication and demand mode. */
#pragma once

#include "base/types.h"

#include <stdbool.h>
#include <stddef.h>

#define BFD_PACKET_BYTES 24

enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };

/* RFC 5880 section 4.1; of those that are never sent here the numbers pass. */
enum bfd_diagnostic {
	BFD_DIAG_NONE = 0,
	BFD_DIAG_EXPIRED = 1,
	BFD_DIAG_NEIGHBOUR_DOWN = 3,
	BFD_DIAG_PATH_DOWN = 6, /* concatenated path down */
};

struct bfd_packet {
	u8 diagnostic; /* 0…31 */
	u8 state;      /* enum bfd_state */
	bool poll, final, demand;
	u8 detect_multiplier;
	u32 my_discriminator, your_discriminator;
	u32 desired_min_tx_us, required_min_rx_us, required_min_echo_rx_us;
};

void bfd_packet_write(const struct bfd_packet *packet, u8 ret[static BFD_PACKET_BYTES]);

/* NULL, or why the packet must be discarded whatever the session (RFC 5880 section 6.8.6, the steps
 * before a session is selected, and authentication, which nobody has agreed on). Static text. */
const char *bfd_packet_read(const u8 *bytes, size_t len, struct bfd_packet *ret);
