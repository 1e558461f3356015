/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Quality of service: the part of edge.h that limits and marks traffic. Included by edge.h only. */
#pragma once

/* As the port sees it: egress is what its guest sends. */
enum edge_direction { EDGE_EGRESS, EDGE_INGRESS };

/* map rate_limits: array by the id of a limit. Each port has two; behind those has each floating IP
 * and router's gateway with limits two, by a number of its own (NAME_LIMITS; 0: it has none). */
#define EDGE_LIMITED_MAX 8192
#define EDGE_RATE_LIMITS_MAX (2 * (EDGE_PORTS_MAX + EDGE_LIMITED_MAX))
#define RATE_LIMIT_OF_PORT(port_id, direction) ((port_id)*2 + (direction))
#define RATE_LIMIT_OUTER(number, direction) RATE_LIMIT_OF_PORT(EDGE_PORTS_MAX + (number), direction)

/* Two rates, of bytes and of packets, each by the generic cell rate algorithm: bpf/rate_limit.h. */
struct rate_limit {
	u64 byte_ps;	    /* picoseconds that a byte takes; 0: no limit */
	u64 packet_ps;	    /* the same of a packet */
	u64 bytes_depth_ns; /* how far ahead of now the time of the next may be */
	u64 packets_depth_ns;
	u64 bytes_at_ns; /* that time; written by the data path */
	u64 packets_at_ns;
};
_Static_assert(sizeof(struct rate_limit) == 48, "layout");

/* map limit_counts: array by the id of a limit that is no port's, less RATE_LIMIT_OUTER(0, 0). */
struct limit_count {
	u64 packets, bytes; /* that have passed it */
	u64 dropped;	    /* packets */
};

/* A limit's class in the queueing discipline (HTB) of the shaper, as skb->priority says it. */
#define SHAPER_MAJOR 1u
#define SHAPER_CLASS(limit_id) (SHAPER_MAJOR << 16 | (limit_id))
_Static_assert(EDGE_RATE_LIMITS_MAX <= 65536, "a class is 16 bits");

/* The class on the uplink of what a port with a guarantee sends: its limit's id, of another major.
 */
#define UPLINK_MAJOR 0x7766u

/* skb->mark of a packet on its way through the shaper: where it goes then. */
#define SHAPED_MARK 0x80000000u
#define SHAPED_OUTPUT_SHIFT 29 /* enum flow_output, 2 bits */
#define SHAPED_IFINDEX 0x1fffffffu
