/* SPDX-License-Identifier: Apache-2.0 */
/* Which other hosts are alive: a BFD session with each that this one has a network with. */
#pragma once

#include <jansson.h>

#include "agent/bfd/bfd.h"
#include "agent/reconcile.h"

/* After a reconcile: the peers are those that it has told the datapath of. */
void liveness_update(struct bfd *bfd, struct reconcile *reconcile);

/* For `weft agent status`: [{"ip", "state", "diagnostic", "since_s"}]. */
json_t *liveness_to_json(struct bfd *bfd);
/* {"sent", "received", "discarded"} */
json_t *liveness_counts_to_json(struct bfd *bfd);
void liveness_metrics(struct bfd *bfd, GString *out);
