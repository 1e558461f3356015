/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/conntrack_helper.h"

#include <string.h>

#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const protocols[] = { "tcp", "udp", NULL };

/* What a packet of each protocol can be understood as. */
static const struct {
	const char *helper, *protocols[3];
} known[] = {
	{ "ftp", { "tcp" } },
	{ "sip", { "udp", "tcp" } },
	{ "tftp", { "udp" } },
};

static const struct attr attrs[N_CONNTRACK_HELPER_SLOTS] = {
	PART_ATTRS,
	[CONNTRACK_HELPER_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET | ATTR_REVISES,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = CONNTRACK_HELPER_BY_ROUTER,
		.doc = "The router." },
	[CONNTRACK_HELPER_PROTOCOL] = { .name = "protocol",
		.type = TYPE_ENUM,
		.choices = protocols,
		.flags = GIVEN | ATTR_REQUIRED | ATTR_ANY_CASE,
		.fallback = "\"tcp\"",
		.doc = "Of the connections that it watches." },
	[CONNTRACK_HELPER_PORT] = { .name = "port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = GIVEN | ATTR_REQUIRED,
		.doc = "Of the connections that it watches." },
	[CONNTRACK_HELPER_HELPER] = { .name = "helper",
		.type = TYPE_STRING,
		.max = 64,
		.flags = GIVEN | ATTR_REQUIRED | ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "What they are understood as: ftp, sip or tftp." },
};

static const struct index indexes[N_CONNTRACK_HELPER_INDEXES] = {
	[CONNTRACK_HELPER_BY_ROUTER] = { .name = "router",
		.slots = { CONNTRACK_HELPER_ROUTER_ID } },
	[CONNTRACK_HELPER_BY_ALL] = { .name = "protocol, port and helper",
		.slots = { CONNTRACK_HELPER_ROUTER_ID, CONNTRACK_HELPER_PROTOCOL,
			CONNTRACK_HELPER_PORT, CONNTRACK_HELPER_HELPER },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_BAD_REQUEST },
};

static bool check(const struct object *draft, GError **error)
{
	const char *helper = object_str(draft, CONNTRACK_HELPER_HELPER);
	const char *protocol = object_str(draft, CONNTRACK_HELPER_PROTOCOL);

	for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
		g_autofree char *right = NULL;

		if (strcmp(known[i].helper, helper))
			continue;
		if (g_strv_contains(known[i].protocols, protocol))
			return true;
		right = g_strjoinv(", ", (char **)known[i].protocols);
		return weft_fail(error, BAD_PROTOCOL_FOR_HELPER,
			"Conntrack Helper %s does not support: %s. Supported protocols are: %s.",
			helper, protocol, right);
	}
	return weft_fail(error, HELPER_NOT_ALLOWED,
		"Conntrack Helper %.64s is not allowed: hosts have helpers for ftp, sip and tftp.",
		helper);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return part_check_project(draft,
		       txn_get_text(
			       txn, KIND_ROUTER, object_str(draft, CONNTRACK_HELPER_ROUTER_ID)),
		       error) &&
	       check(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	(void)old;
	return check(draft, error);
}

void conntrack_helper_write_all(
	const struct model *model, const struct object *router, struct json_writer *w)
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_CONNTRACK_HELPER, CONNTRACK_HELPER_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((object = model_iter_next(&iter))) {
		jw_begin_object(w);
		jw_member_string(w, "protocol", object_str(object, CONNTRACK_HELPER_PROTOCOL));
		jw_member_int(w, "port", object_int(object, CONNTRACK_HELPER_PORT));
		jw_member_string(w, "helper", object_str(object, CONNTRACK_HELPER_HELPER));
		jw_end_object(w);
	}
	jw_end_array(w);
}

const struct kind conntrack_helper_kind = {
	.id = KIND_CONNTRACK_HELPER,
	.singular = "conntrack_helper",
	.collection = "conntrack_helpers",
	.name = "router_conntrack_helper",
	.command = "network l3 conntrack helper",
	.path = "/v2.0/routers/{parent}/conntrack_helpers",
	.doc = "Watches a router's connections for addresses in their payload.",
	.parent_slot = CONNTRACK_HELPER_ROUTER_ID,
	.attrs = attrs,
	.n_slots = N_CONNTRACK_HELPER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_CONNTRACK_HELPER_INDEXES,
	.not_found = WEFT_ERROR_CONNTRACK_HELPER_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
