/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers segments have: the state of segment_kind. Inside of src/model. */
#pragma once

#include "model/segment.h"
#include "model/txn_impl.h"

void *segment_space_new(void);
void segment_space_free(void *space);
void segment_space_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase);

/* Keys of the unique indexes. */
void segment_vni_keys(const struct object *segment, struct key_sink *sink);
void segment_vlan_keys(const struct object *segment, struct key_sink *sink);
void segment_flat_keys(const struct object *segment, struct key_sink *sink);
