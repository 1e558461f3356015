/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's one entry to its responders. A punted frame and the port that it came in at go in; a
 * frame for that port comes out, at once or (a DNS question that somebody else must answer) later.
 */
#pragma once

#include "agent/dns/directory.h"
#include "agent/frame/frame.h"
#include "agent/service/outcome.h"
#include "agent/service/port.h"

struct dispatch;

enum dispatch_service { DISPATCH_DHCP4, DISPATCH_DHCP6, DISPATCH_RS, DISPATCH_DNS };

struct dispatch_options {
	/* Names and addresses of the networks' ports. */
	const struct dns_directory *directory;
	/* Resolvers for the names that are not ours, asked in turn: those that this file names (it
	 * is read again when it changes), or, when it is NULL, these; none: such questions are
	 * refused. */
	const char *resolv_conf;
	const struct ip *upstreams;
	size_t n_upstreams;
	u16 upstream_port; /* 0: 53 */
	/* Called from the main context with an answer that came later, and the id of the port that
	 * had asked (it may have gone since). The frame is valid during the call. */
	void (*late_reply)(const char *port_id, const struct frame *frame, void *data);
	void *data;
};

/* Forwarded questions use the thread-default main context of the caller. */
struct dispatch *dispatch_new(const struct dispatch_options *options);
void dispatch_free(struct dispatch *dispatch);

/* Answers the punted @bytes of @port. @ret->len is 0 when there is nothing to send (now). */
enum service_outcome dispatch_handle(struct dispatch *dispatch, enum dispatch_service service,
	const struct service_port *port, const u8 *bytes, size_t len, struct frame *ret);

/* The router advertisement to send to the port unasked, about every DISPATCH_RA_INTERVAL_S;
 * nothing (len 0) when none of its subnets has one. */
#define DISPATCH_RA_INTERVAL_S 200
enum service_outcome dispatch_unsolicited_ra(
	struct dispatch *dispatch, const struct service_port *port, struct frame *ret);

/* Forgets what a port has asked; call when it goes. */
void dispatch_port_gone(struct dispatch *dispatch, const char *port_id);

/* How often each outcome happened. */
u64 dispatch_count(const struct dispatch *dispatch, enum service_outcome outcome);
