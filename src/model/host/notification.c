/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host/notification.h"

#include "model/standard.h"

static const struct attr attrs[N_NOTIFICATION_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[NOTIFICATION_EVENT] = { .name = "event", .type = TYPE_STRING },
};

const struct kind notification_kind = {
	.id = KIND_NOTIFICATION,
	.singular = "notification",
	.collection = "notifications",
	.path = "",
	.doc = "An event that has not been delivered yet.",
	.flags = KIND_ADMIN_ONLY | KIND_INTERNAL,
	.attrs = attrs,
	.n_slots = N_NOTIFICATION_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
