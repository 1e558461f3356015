/* SPDX-License-Identifier: Apache-2.0 */
/* What the port forwarding's descriptor calls. Inside of src/model. */
#pragma once

#include "model/router/port_forwarding.h"

/* attr.convert of a range: a number, "80" or "80:90" becomes "80:80" or "80:90". */
bool port_range_convert(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error);

/* A port and its range say the same: what the caller gave of them decides. */
bool port_forwarding_set_ranges(struct object *draft, GError **error);
/* No port is forwarded twice, neither outside nor inside. */
bool port_forwarding_check_collisions(struct txn *txn, const struct object *draft, GError **error);
