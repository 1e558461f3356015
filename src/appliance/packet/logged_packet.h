/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a packet that the packet filter has told of: pure. */
#pragma once

#include "base/addr.h"

#define ETHERNET_BYTES 14

struct logged_packet {
	const char *prefix; /* the words of the rule */
	s64 time_us;	    /* since 1970 */
	struct mac src_mac, dst_mac;
	u8 family; /* 4, 6; 0: no such packet */
	u8 proto;
	struct ip src, dst;
	u32 bytes;	/* with the Ethernet header */
	bool has_ports; /* what follows is known: no later fragment, and not cut off */
	u16 sport, dport;
	u8 tcp_flags, icmp_type, icmp_code;
};

/* Reads the packet, which begins with its IP header, and may be cut off anywhere. */
void logged_packet_parse(const u8 *data, size_t len, struct logged_packet *ret);
