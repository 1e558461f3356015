/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/catalog.h"
#include "model/standard.h"

static const struct attr attrs[N_SERVICE_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE),
	[SERVICE_TYPE] = { .name = "type",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "What it does: identity, network, compute …" },
	[SERVICE_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether it is in catalogues." },
};

static const struct index indexes[N_SERVICE_INDEXES] = {
	[SERVICE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SERVICE_BY_TYPE] = { .name = "type", .slots = { SERVICE_TYPE } },
};

const struct kind service_kind = {
	.id = KIND_SERVICE,
	.singular = "service",
	.collection = "services",
	.path = "/v3/services",
	.doc = "A service of the cloud.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_SERVICE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SERVICE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
