/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of bandwidth and packet rates, as the datapath takes them. Those of what is no port have a
 * name there (dp_limits_put()): the id of the floating IP or the router. */
#pragma once

#include "datapath/datapath.h"
#include "sync/record.h"

struct dp_rate limits_rate(const struct record_rates *rates);

/* Before what has them is put: gives the name that it is to have, zeroes: it has none. *held: they
 * have been put before, and not released. */
bool limits_put(struct dp *dp, const struct uuid *id, const struct record_qos *qos, bool *held,
	u8 ret[static 16], GError **error);
/* After it has been put with that name (NULL: it is gone): what it has no more is released. */
void limits_settle(struct dp *dp, const struct uuid *id, const u8 *name, bool *held);
