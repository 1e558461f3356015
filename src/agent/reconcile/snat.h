/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that share a router's address (bpf/snat.h): whose ports are whose, by the gateway's record.
 */
#pragma once

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

/* A host's own MAC on wires: made of its id, so everybody knows it. Locally administered. */
struct mac snat_host_mac(const struct uuid *host);

/* The range of @host, or NULL. */
const struct record_snat_range *snat_range_of(
	const struct record_gateway *gateway, const struct uuid *host);
/* Whether hosts share its address. */
static inline bool snat_is_shared(const struct record_gateway *gateway)
{
	return gateway->snat_ranges->len && gateway->enable_snat;
}

/* This host's ports into @wanted, whose place is filled in. */
void snat_plan(const struct desired *desired, const struct record_gateway *gateway,
	struct dp_gateway *wanted);
/* Those of others; struct dp_snat_owner, g_array_unref(). */
GArray *snat_owners(const struct desired *desired, const struct record_gateway *gateway);

/* Why this host's guests leave by the host that has the gateway, or NULL: they need not; the
 * caller's. */
char *snat_why_not(const struct desired *desired, const struct gateway *gateway);
