/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile/qos.h"

#include <string.h>

struct dp_rate limits_rate(const struct record_rates *rates)
{
	return (struct dp_rate){ .kbps = rates->max_kbps,
		.burst_kbits = rates->max_burst_kbps,
		.kpps = rates->max_kpps,
		.burst_kpackets = rates->max_burst_kpps };
}

static bool is_limit(const struct record_rates *rates)
{
	return rates->max_kbps || rates->max_kpps;
}

bool limits_put(struct dp *dp, const struct uuid *id, const struct record_qos *qos, bool *held,
	u8 ret[static 16], GError **error)
{
	struct dp_limits limits = { limits_rate(&qos->egress), limits_rate(&qos->ingress) };

	memset(ret, 0, 16);
	if (!is_limit(&qos->egress) && !is_limit(&qos->ingress))
		return true;
	if (!dp_limits_put(dp, id->b, &limits, *held, error))
		return false;
	*held = true;
	memcpy(ret, id->b, 16);
	return true;
}

void limits_settle(struct dp *dp, const struct uuid *id, const u8 *name, bool *held)
{
	if (!*held || (name && !memcmp(name, id->b, 16)))
		return;
	dp_limits_release(dp, id->b);
	*held = false;
}
