/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest of the way of a packet that a trace has left at the port of a virtual router: into the
 * appliance, through it, and on from the port that it leaves by. Each is asked at its host.
 */
#pragma once

#include <jansson.h>

#include "cli/command.h"

struct passage {
	json_t *legs;  /* [{"at": TEXT, "steps": [TEXT …]}], in their order */
	json_t *last;  /* of op trace: where it leaves the last one; NULL: it does not */
	char *verdict; /* of what ends there: as `weft why` says it; else NULL */
};

/* @trace: the answer of op trace at the sender's host. @spec is changed to what the packet is
 * behind the last router. *ret is all NULL if it does not go to a virtual router, or nobody can say
 * so. passage_clear() what it gives, also on failure. */
bool passage_follow(
	struct cli *cli, const json_t *trace, json_t *spec, struct passage *ret, GError **error);
void passage_clear(struct passage *passage);

/* The last step that begins so, or NULL. */
const char *step_that(const json_t *steps, const char *begins);
