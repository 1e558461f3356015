/* SPDX-License-Identifier: Apache-2.0 */
/* What a firewall group in an appliance has decided, as one that hosts ask: pure. */
#pragma once

#include <jansson.h>

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

/* False: it is of a NIC that has no firewall group any more, or no such thing. @said: one of
 * "events" of docs/appliances.md. *ret_time_us: since 1970. */
bool appliance_event_read(const struct appliance *appliance, const json_t *said,
	struct dp_log_event *ret, s64 *ret_time_us);
