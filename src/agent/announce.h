/* SPDX-License-Identifier: Apache-2.0 */
/* Who has an address, told unasked, so that neighbours forget who had it before. */
#pragma once

#include "agent/frame/frame.h"

/* IPv4: an ARP announcement (RFC 5227 section 3). IPv6: an unsolicited neighbour advertisement of a
 * router to all nodes (RFC 4861 section 7.2.6). */
void announce(const struct mac *router, const struct ip *ip, struct frame *ret);
