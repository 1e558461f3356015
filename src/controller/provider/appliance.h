/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a provider's answer asks for under "appliances" to the model's appliances
 * (model/provider/appliance.h), their ports and their hosts. Those of another image than weft's own
 * are stored with the attachment, and somebody else's to run.
 */
#pragma once

#include "model/provider/appliance.h"

/* Stages what differs from @wanted (a checked list, or NULL: none), so that the same again stages
 * nothing. @attachment is in the transaction's view. *@ret_waits: not all of it yet, one of a pair
 * waits for the other one; it is to be done again when that has changed. */
bool appliances_follow(struct txn *txn, const struct object *attachment, const json_t *wanted,
	bool *ret_waits, GError **error);

/* appliance_turn.c: may @old become @draft, with another machine if need be? @draft: what of it may
 * be now, unless it is nothing. */
enum appliance_turn { TURN_NOW, TURN_SIZE_LATER, TURN_ALL_LATER };
enum appliance_turn appliance_take_turn(
	const struct txn *txn, const struct object *old, struct object *draft);

/* Makes the ports of @draft's NICs what @nics asks for, and names them in @draft. */
bool appliance_settle_nics(struct txn *txn, const struct object *attachment, struct object *draft,
	const json_t *nics, GError **error);

/* A list of appliances as it is stored with the attachment: without what they are told, which may
 * be secret. A new reference; NULL for NULL. */
json_t *appliances_public(const json_t *wanted);

/* What the appliances of the attachment say together, ACTIVE when they say nothing else;
 * @ret_reason and @ret_drift: g_free. */
enum appliance_status appliances_status(const struct model *model, const struct object *attachment,
	char **ret_reason, char **ret_drift);
