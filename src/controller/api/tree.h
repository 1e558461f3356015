/* SPDX-License-Identifier: Apache-2.0 */
/* Creating an object of the Load Balancer API together with its parts, all or none. */
#pragma once

#include "model/txn.h"

/*
 * As txn_create_in(), but @body may also have parts of the object, as Octavia takes them: of a load
 * balancer `pools` and `listeners`, of a listener `default_pool` and `l7policies`, of a pool
 * `members` and `healthmonitor`, of an L7 policy `redirect_pool` and `rules`. Errors say whose
 * part it was. Of other kinds it is txn_create_in().
 */
const struct object *tree_create(
	struct txn *txn, enum kind_id kind, const char *parent, json_t *body, GError **error);
