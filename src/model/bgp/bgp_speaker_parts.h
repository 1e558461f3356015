/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the BGP speaker. Inside of src/model. */
#pragma once

#include "model/bgp/bgp_speaker.h"

/* Stages the speaker with @id in its list at @slot, or without it. */
bool bgp_speaker_give(struct txn *txn, const struct object *speaker, unsigned slot, const char *id,
	GError **error);
bool bgp_speaker_take(struct txn *txn, const struct object *speaker, unsigned slot, const char *id,
	GError **error);

/* What the host's agent says of its sessions for the speaker; json_decref(), NULL: nothing. */
json_t *bgp_said(const struct model *model, const struct object *host, const char *speaker);
/* The host's address in its first session; NULL: it has none. Borrowed. */
const char *bgp_said_address(json_t *said);
