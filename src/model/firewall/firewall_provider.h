/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks the firewall groups of a router's ports: whoever routes for it, unless another provider
 * is named for that. */
#pragma once

#include "model/provider/service_map.h"

/* NULL: the edge; may use @buf. */
const char *firewall_provider(const struct object *router, char buf[static PROVIDER_NAME_MAX + 1]);

/* Can the one who has to? Else its ports may be in no group. */
bool firewall_check_provider(const struct txn *txn, const struct object *router, GError **error);
/* The same of a draft, some port of which may be in a group already. */
bool firewall_may_change_map(const struct txn *txn, const struct object *router, GError **error);

/* Has the one who is not the edge done all that it was told of the router? Of the edge: true. */
bool firewall_is_done(const struct model *model, const struct object *router);
