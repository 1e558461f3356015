/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that the agent can't answer, asked of the host's resolvers for the guests. Each pending
 * question belongs to a port; a port has a limited number of them, so that one guest takes nothing
 * from the others, and so has the host. A resolver that does not answer in time, or says SERVFAIL
 * or REFUSED, is followed by the next; after the last attempt the guest gets SERVFAIL.
 */
#pragma once

#include "agent/dns/wire.h"
#include "agent/frame/frame.h"
#include "agent/service/outcome.h"

struct dns_forwarder;

/* A port's question has been answered (FORWARD_REPLY) or given up (FORWARD_TIMEOUT): @message goes
 * back along
 * @flow. Both are valid during the call. */
typedef void (*dns_forward_done)(const char *port_id, const struct frame_flow *flow,
	const u8 *message, size_t len, enum service_outcome outcome, void *data);

struct dns_forwarder_options {
	const char
		*resolv_conf; /* the resolvers are what this file names, now and when it changes */
	const struct ip *upstreams; /* or, when it is NULL, these; copied */
	size_t n_upstreams;
	u16 upstream_port;  /* 0: 53 */
	guint timeout_ms;   /* of one attempt; 0: 1500 */
	guint attempts;	    /* 0: 3, so that a guest's resolver (5 s) hears of the failure */
	guint pending_max;  /* 0: 1024 */
	guint per_port_max; /* 0: 64 */
	dns_forward_done done;
	void *data;
};

struct dns_forwarder *dns_forwarder_new(const struct dns_forwarder_options *options);
void dns_forwarder_free(struct dns_forwarder *forwarder);

/* Asks; @flow is the guest's, @size_max what fits into its network's packets. The outcome is
 * DNS_FORWARDED, or why not: DNS_DUPLICATE (the guest has repeated a question that is pending),
 * DNS_FORWARD_LIMIT, DNS_NO_UPSTREAM. */
enum service_outcome dns_forwarder_ask(struct dns_forwarder *forwarder, const char *port_id,
	const struct frame_flow *flow, const struct dns_query *query, size_t size_max);

/* Forgets the port's pending questions. */
void dns_forwarder_port_gone(struct dns_forwarder *forwarder, const char *port_id);
