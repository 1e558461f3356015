/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCP server of one port (RFC 2131, 2132). It keeps no leases: the controller has given the port
 * its addresses, so the answer to any message follows from the port and the message alone. A guest
 * that asks for an address that is not its own gets a NAK; a client behind the guest (another
 * hardware address) gets nothing.
 */
#pragma once

#include "agent/frame/frame.h"
#include "agent/service/outcome.h"
#include "agent/service/port.h"

/* @bytes: the client's Ethernet frame. @ret is empty when there is no reply. */
enum service_outcome dhcp4_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret);
