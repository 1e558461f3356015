/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks of load balancers' members that are ports of this host. The member is asked by
 * frames that are put into its device, from the VIP; what it answers to the ports of probes is
 * given to us by the edge (DP_PUNT_PROBE). So it takes no address, route or socket of the host,
 * works for whatever the guest can answer the VIP, and no firewall is asked.
 *
 *   TCP           SYN ──► SYN+ACK ◄── : alive; then RST
 *   HTTP          … ACK and the request ──► status line ◄── : alive if it is expected
 *   PING          echo ──► reply ◄──
 *   UDP-CONNECT   a datagram ──► "port unreachable" ◄── : dead; silence until the timeout: alive
 *
 * A member that is not known yet is alive with its first answer; one that is alive is dead after
 * max_retries_down failures in a row, and alive again after max_retries answers. One whose port is
 * bound here and has no device (a guest that is switched off) answers nothing: nobody but this host
 * could find that out.
 */
#pragma once

#include "agent/desired/desired.h"
#include "agent/frame/frame.h"

enum health { HEALTH_UNKNOWN, HEALTH_ALIVE, HEALTH_DEAD };

struct health_io {
	/* A frame for the guest behind a local port. */
	void (*send)(const struct port *port, const struct frame *frame, void *data);
	/* Answers to probes from that address are wanted, or not any more, on that network. */
	void (*listen)(u32 vni, const struct ip *vip, bool wanted, void *data);
	/* Another opinion of a member; of a dead one @why, else "". */
	void (*changed)(const struct uuid *member, enum health health, const char *why, void *data);
	void *data;
};

struct healths;
struct healths *healths_new(const struct desired *desired, const struct health_io *io);
void healths_free(struct healths *healths);

/* Once a second. */
void healths_second(struct healths *healths);
/* What a local guest answered. */
void healths_answer(struct healths *healths, const struct port *port, const u8 *frame, size_t len);
