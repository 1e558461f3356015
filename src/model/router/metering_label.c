/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/metering_label.h"

#include "model/standard.h"

static const struct attr attrs[N_METERING_LABEL_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	NAME_ATTR(ATTR_CREATE),
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = LONG_DESCRIPTION_MAX,
		.flags = ATTR_CREATE,
		.fallback = "\"\"",
		.doc = "For people." },
	PROJECT_ATTR,
	BOOKKEEPING_ATTRS,
	[METERING_LABEL_SHARED] = { .name = "shared",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "false",
		.doc = "It counts for the routers of all projects, not its own project's alone." },
};

static const struct index indexes[N_METERING_LABEL_INDEXES] = {
	[METERING_LABEL_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[METERING_LABEL_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

const struct kind metering_label_kind = {
	.id = KIND_METERING_LABEL,
	.singular = "metering_label",
	.collection = "metering_labels",
	.command = "network meter",
	.path = "/v2.0/metering/metering-labels",
	.doc = "What of the traffic through routers is counted together.",
	.flags = KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_METERING_LABEL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_METERING_LABEL_INDEXES,
	.not_found = WEFT_ERROR_METERING_LABEL_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
};
