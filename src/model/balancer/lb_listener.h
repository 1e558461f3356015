/* SPDX-License-Identifier: Apache-2.0 */
/* A port of a load balancer's address, and the pool that gets what comes there. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_listener_slot {
	LB_LISTENER_LOAD_BALANCER_ID = N_STANDARD_SLOTS,
	LB_LISTENER_ADMIN_STATE_UP,
	LB_LISTENER_PROTOCOL,
	LB_LISTENER_PORT,
	LB_LISTENER_POOL_ID,
	LB_LISTENER_CONNECTION_LIMIT,
	LB_LISTENER_ALLOWED_CIDRS,
	LB_LISTENER_TLS, /* and what follows: of virtual-router */
	LB_LISTENER_SNI,
	LB_LISTENER_HEADERS,
	LB_LISTENER_CLIENT_TIMEOUT,
	LB_LISTENER_CONNECT_TIMEOUT,
	LB_LISTENER_MEMBER_TIMEOUT,
	LB_LISTENER_INSPECT_TIMEOUT,
	LB_LISTENER_POLICIES,	    /* computed */
	LB_LISTENER_LOAD_BALANCERS, /* computed */
	LB_LISTENER_PROVISIONING,
	LB_LISTENER_OPERATING,
	LB_LISTENER_PAST,		   /* what it has done: lb_stats.h */
	LB_LISTENER_CLIENT_AUTHENTICATION, /* and what follows: of nobody */
	LB_LISTENER_CLIENT_CA,
	LB_LISTENER_CLIENT_CRL,
	LB_LISTENER_TLS_CIPHERS,
	LB_LISTENER_TLS_VERSIONS,
	LB_LISTENER_ALPN,
	N_LB_LISTENER_SLOTS
};

enum lb_listener_index {
	LB_LISTENER_BY_NAME,
	LB_LISTENER_BY_PROJECT,
	LB_LISTENER_BY_LOAD_BALANCER,
	LB_LISTENER_BY_POOL,
	LB_LISTENER_BY_PORT, /* unique */
	LB_LISTENER_BY_TLS,
	LB_LISTENER_BY_SNI,
	N_LB_LISTENER_INDEXES
};

extern const struct kind lb_listener_kind;

/* What is HTTP's and TLS's of a draft: for who speaks that, and whole. */
bool lb_listener_check_http(
	struct txn *txn, const struct object *draft, const struct object *balancer, GError **error);
