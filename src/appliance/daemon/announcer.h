/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells neighbours, unasked, which addresses are the appliance's by now: who had one before was
 * another machine, with another MAC address. Each address that is new is told at once, then after
 * 1, 3, 7 and 15 s, since one packet may be lost, or be sent before the other end of the wire is
 * there.
 *
 * IPv4: an ARP announcement (RFC 5227, section 3). IPv6: a neighbour advertisement to all nodes
 * (RFC 4861, section 7.2.6). Addresses that come and go with who is master are keepalived's.
 */
#pragma once

#include "appliance/document/document.h"

struct announcer;

struct announcer *announcer_new(void);
void announcer_free(struct announcer *announcer);

/* The devices have their names and addresses. What was told before is not told again. */
void announcer_set(struct announcer *announcer, const struct document *document);
