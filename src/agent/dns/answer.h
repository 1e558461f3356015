/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows itself: the names and addresses of the ports of the asker's network, under
 * the network's dns_domain and as single labels, and the reverse. Within the domain and within the
 * port's subnets it is the authority: what is not there does not exist.
 */
#pragma once

#include "agent/dns/directory.h"
#include "agent/dns/wire.h"
#include "agent/service/outcome.h"

#define DNS_TTL_S 30	      /* of addresses: they may move */
#define DNS_NEGATIVE_TTL_S 10 /* a port may get its name in a moment */

/* Writes the answer into @reply. False: it is not ours to answer, nothing has been written. */
bool dns_answer(const struct service_port *port, const struct dns_directory *directory,
	const struct dns_query *query, struct dns_reply *reply, enum service_outcome *ret_outcome);

/* "5.0.0.10.in-addr.arpa" or 32 nibbles "….ip6.arpa": the address. */
bool dns_reverse_parse(const char *name, struct ip *ret);
