/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Router advertisements for one port (RFC 4861, 8106): what the subnets of its addresses say of
 * prefixes and address configuration, the network's MTU and its name servers. Sent in answer to a
 * solicitation, and unasked from time to time.
 */
#pragma once

#include "agent/frame/frame.h"
#include "agent/service/outcome.h"
#include "agent/service/port.h"

/* @bytes: the guest's Ethernet frame with a router solicitation. @ret is empty when there is no
 * reply. */
enum service_outcome ra_respond(
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret);

/* The advertisement to all nodes behind the port. Empty when none of its subnets has a ra_mode. */
enum service_outcome ra_unsolicited(const struct service_port *port, struct frame *ret);
