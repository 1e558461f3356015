/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to trace that the agent can't make of a few words: from hexadecimal, and a DHCP request.
 */
#pragma once

#include <glib.h>

#include "base/addr.h"
#include "base/error.h"

/* A protocol of IP by name or number as the agent is told it; NULL: there is none. *ret_has_ports:
 * whether its packets have ports. */
const char *packet_protocol(const char *text, bool *ret_has_ports, GError **error);

/* "SA" → SYN and ACK; "" is none. */
bool packet_tcp_flags(const char *letters, u8 *ret, GError **error);

/* The frame that a guest with @mac broadcasts to find a DHCP server: DHCPDISCOVER (RFC 2131
 * section 4.4.1), minimal options, all lengths and checksums right. To be freed
 * (g_byte_array_unref). */
GByteArray *packet_dhcp_discover(const struct mac *mac);

/* Hexadecimal digits with blanks, colons, dashes or newlines between bytes are fine. At least an
 * Ethernet header. */
GByteArray *packet_from_hex(const char *text, GError **error);

char *packet_to_hex(const GByteArray *frame);
