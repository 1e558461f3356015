/* SPDX-License-Identifier: Apache-2.0 */
/* How the members of a pool are asked whether they are alive. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_monitor_slot {
	LB_MONITOR_POOL_ID = N_STANDARD_SLOTS,
	LB_MONITOR_TYPE,
	LB_MONITOR_DELAY,
	LB_MONITOR_TIMEOUT,
	LB_MONITOR_MAX_RETRIES,
	LB_MONITOR_MAX_RETRIES_DOWN,
	LB_MONITOR_HTTP_METHOD,
	LB_MONITOR_URL_PATH,
	LB_MONITOR_EXPECTED_CODES,
	LB_MONITOR_HTTP_VERSION,
	LB_MONITOR_DOMAIN_NAME,
	LB_MONITOR_ADMIN_STATE_UP,
	LB_MONITOR_POOLS, /* computed */
	LB_MONITOR_PROVISIONING,
	LB_MONITOR_OPERATING,
	N_LB_MONITOR_SLOTS
};

enum lb_monitor_index {
	LB_MONITOR_BY_NAME,
	LB_MONITOR_BY_PROJECT,
	LB_MONITOR_BY_POOL, /* unique */
	N_LB_MONITOR_INDEXES
};

extern const struct kind lb_health_monitor_kind;
