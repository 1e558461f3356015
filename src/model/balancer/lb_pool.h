/* SPDX-License-Identifier: Apache-2.0 */
/* Members that share connections, and how they do. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_pool_slot {
	LB_POOL_LOAD_BALANCER_ID = N_STANDARD_SLOTS,
	LB_POOL_LISTENER_ID, /* says how to make it: this listener's default pool */
	LB_POOL_ADMIN_STATE_UP,
	LB_POOL_PROTOCOL,
	LB_POOL_ALGORITHM,
	LB_POOL_PERSISTENCE,
	LB_POOL_LOAD_BALANCERS, /* computed, and what follows */
	LB_POOL_LISTENERS,
	LB_POOL_MEMBERS,
	LB_POOL_MONITOR_ID,
	LB_POOL_PROVISIONING,
	LB_POOL_OPERATING,
	LB_POOL_TLS_ENABLED, /* and what follows: of nobody */
	LB_POOL_TLS,
	LB_POOL_CA,
	LB_POOL_CRL,
	LB_POOL_TLS_CIPHERS,
	LB_POOL_TLS_VERSIONS,
	LB_POOL_ALPN,
	N_LB_POOL_SLOTS
};

enum lb_pool_index {
	LB_POOL_BY_NAME,
	LB_POOL_BY_PROJECT,
	LB_POOL_BY_LOAD_BALANCER,
	N_LB_POOL_INDEXES
};

extern const struct kind lb_pool_kind;

/* Cookies are for listeners that speak HTTP. */
bool lb_pool_check_cookies(
	const struct object *pool, const char *listener_protocol, GError **error);

/* Does the sender's address alone choose the member? */
bool lb_pool_by_source(const struct object *pool);
