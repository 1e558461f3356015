/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/service_attachment.h"

#include "model/standard.h"

static const char *const statuses[] = { "BUILD", "ACTIVE", "ERROR", "PENDING_DELETE", NULL };
static const char *const object_types[] = { "network", "router", NULL };
static const struct attr service_attr = { .name = "service", .type = TYPE_STRING };
static const struct attr appliance_attr = { .name = "appliance", .type = TYPE_OBJECT };

static const struct attr tunnel_attr = { .name = "tunnel", .type = TYPE_OBJECT };

static const struct attr attrs[N_ATTACHMENT_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Whose the network or router is." },
	[ATTACHMENT_PROVIDER] = { .name = "provider",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.doc = "Who gives the services." },
	[ATTACHMENT_SERVICES] = { .name = "services",
		.type = TYPE_LIST,
		.item = &service_attr,
		.flags = ATTR_INTERN,
		.fallback = "[]",
		.doc = "The services that are mapped to it." },
	[ATTACHMENT_OBJECT_TYPE] = { .name = "object_type",
		.type = TYPE_ENUM,
		.choices = object_types,
		.doc = "What it gives them to." },
	[ATTACHMENT_OBJECT_ID] = { .name = "object_id",
		.type = TYPE_UUID,
		.doc = "The id of that network or router." },
	[ATTACHMENT_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"BUILD\"",
		.doc = "BUILD: the provider has not answered yet; ACTIVE: it has done what is asked for; ERROR: it has not; PENDING_DELETE: it has not been told yet of the end." },
	[ATTACHMENT_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.doc = "Why it is not ACTIVE, and when it is tried again." },
	[ATTACHMENT_EDGE] = { .name = "edge",
		.type = TYPE_OBJECT,
		.fallback = "{}",
		.flags = ATTR_ADMIN_READ,
		.doc = "What the provider has the hosts' edge serve." },
	[ATTACHMENT_APPLIANCES] = { .name = "appliances",
		.type = TYPE_LIST,
		.item = &appliance_attr,
		.fallback = "[]",
		.flags = ATTR_ADMIN_READ,
		.doc = "The appliances that the provider asks for." },
	[ATTACHMENT_DRIFT] = { .name = "drift",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.flags = ATTR_ADMIN_READ,
		.doc = "What the last reconciliation found to be otherwise than asked for, and repaired; empty: nothing." },
	[ATTACHMENT_DIGEST] = { .name = "digest",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.flags = ATTR_ADMIN_READ,
		.doc = "SHA-256 of the document that the provider has answered last." },
	[ATTACHMENT_TUNNELS] = { .name = "tunnels",
		.type = TYPE_LIST,
		.item = &tunnel_attr,
		.flags = ATTR_NULLABLE | ATTR_ADMIN_READ,
		.doc = "How tunnels of the router are, as the provider has said last; null: it does not say." },
};

static const struct index indexes[N_ATTACHMENT_INDEXES] = {
	[ATTACHMENT_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[ATTACHMENT_BY_OBJECT] = { .name = "object", .slots = { ATTACHMENT_OBJECT_ID } },
	[ATTACHMENT_BY_OBJECT_PROVIDER] = { .name = "object and provider",
		.slots = { ATTACHMENT_OBJECT_ID, ATTACHMENT_PROVIDER },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[ATTACHMENT_BY_PROVIDER] = { .name = "provider", .slots = { ATTACHMENT_PROVIDER } },
};

const struct kind service_attachment_kind = {
	.id = KIND_SERVICE_ATTACHMENT,
	.singular = "service_attachment",
	.collection = "service_attachments",
	.path = "/v2.0/service_attachments",
	.doc = "What a provider outside of weftd does for a network or router.",
	.flags = KIND_FIXED,
	.attrs = attrs,
	.n_slots = N_ATTACHMENT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ATTACHMENT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
