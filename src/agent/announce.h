/* SPDX-License-Identifier: Apache-2.0 */
/* Who has an address, told unasked, so that neighbours forget who had it before; and the question.
 */
#pragma once

#include "agent/frame/frame.h"

/* IPv4: an ARP announcement (RFC 5227 section 3). IPv6: an unsolicited neighbour advertisement of a
 * router to all nodes (RFC 4861 section 7.2.6). */
void announce(const struct mac *router, const struct ip *ip, struct frame *ret);

/* Who has @ip? IPv4: an ARP probe (RFC 5227 section 2.1.1), which makes nobody believe anything of
 * the asker. IPv6: a neighbour solicitation from the link-local address of @asker's MAC. */
void ask_neighbour(const struct mac *asker, const struct ip *ip, struct frame *ret);

/* The same as a router asks: by ARP as @sender, which has that MAC. */
void ask_neighbour_as(
	const struct mac *asker, const struct ip *sender, const struct ip *ip, struct frame *ret);

/* Puts the frame on a VLAN (IEEE 802.1Q). */
void tag_frame(struct frame *frame, u16 vlan);
