/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCPv6 server of one port (RFC 8415). Like DHCPv4 it keeps no leases: all the port's addresses in
 * subnets with the address mode "dhcpv6-stateful" belong to the first identity association (IA_NA)
 * of whoever asks at the port; other associations get none. In subnets that are "dhcpv6-stateless"
 * it answers information requests.
 */
#pragma once

#include "agent/frame/frame.h"
#include "agent/service/outcome.h"
#include "agent/service/port.h"

/* @bytes: the client's Ethernet frame. @ret is empty when there is no reply. */
enum service_outcome dhcp6_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret);
