/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a load balancer: those of its port that it was asked for. */
#pragma once

#include "model/txn.h"

/* What the port of a load balancer needs in its fixed_ips for the additional VIPs; json_decref().
 */
json_t *lb_vips_asked(const struct object *draft);

/* Fills in the VIP (the address of @port that is asked for, or its first) and what is not said of
 * the additional ones. */
bool lb_vips_choose(struct object *draft, const struct object *port, GError **error);

/* Goes through all of them, the VIP first:
 *	struct lb_vips vips = { .balancer = … };
 *	while (lb_vips_next(&vips)) … vips.ip … */
struct lb_vips {
	const struct object *balancer;
	unsigned n;
	struct ip ip;
};
bool lb_vips_next(struct lb_vips *vips);

/* Has it one of that IP version? */
bool lb_vips_have(const struct object *balancer, unsigned family);
