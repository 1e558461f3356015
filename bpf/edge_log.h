/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about the logs of the firewall (bpf/firewall_log.h). Included by it.
 */
#pragma once

/* map log_limits: hash by port id, of the ports that have a log alone: generic cell rate algorithm,
 * see bpf/limit.h. */
struct event_limit {
	u64 interval_ns; /* between two events in the long run */
	u64 burst_ns;
	u64 at_ns;	/* written by the data path: when the bucket will be empty again */
	u64 suppressed; /* the same: events that were not told, since the port was made */
};
_Static_assert(sizeof(struct event_limit) == 32, "layout");

/* ring buffer log_events: what the firewall decided about a packet without a connection, or what
 * it dropped of one. */
struct log_event {
	u64 time_ns; /* since the host's start, as CLOCK_MONOTONIC */
	u8 port[16]; /* UUID */
	u32 ifindex;
	u32 decision; /* slot of the rule, with RULE_DENY; 0: none matches, or none was asked */
	u32 len;      /* bytes of the frame */
	u16 reason;   /* of the drop */
	u16 eth_type;
	u8 dropped;
	u8 direction; /* enum rule_direction */
	u8 family;    /* 4, 6, or 0: not IP */
	u8 proto;
	be16 sport, dport;
	u8 icmp_type, icmp_code;
	u8 tcp_flags;
	u8 later_fragment; /* so it has no ports */
	struct addr src, dst;
	u8 macs[12];  /* destination and source */
	u32 is_guard; /* decided by the firewall group of a router's port: */
	u8 guard[16]; /* its UUID */
};
_Static_assert(sizeof(struct log_event) == 120, "layout");
