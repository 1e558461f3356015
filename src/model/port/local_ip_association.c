/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports a local IP means. */
#include <string.h>

#include "model/port/local_ip.h"
#include "model/port/port.h"
#include "model/standard.h"

static const struct attr attrs[N_LOCAL_IP_ASSOCIATION_SLOTS] = {
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUEST | ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Whose it is: the project of the local IP, and no other." },
	BOOKKEEPING_ATTRS,
	[LOCAL_IP_ASSOCIATION_LOCAL_IP_ID] = { .name = "local_ip_id",
		.type = TYPE_UUID,
		.refers = KIND_LOCAL_IP,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LOCAL_IP_ASSOCIATION_BY_LOCAL_IP,
		.doc = "The local IP." },
	[LOCAL_IP_ASSOCIATION_LOCAL_IP_ADDRESS] = { .name = "local_ip_address",
		.type = TYPE_IP,
		.flags = ATTR_COMPUTED,
		.doc = "Its address." },
	[LOCAL_IP_ASSOCIATION_PORT_ID] = { .name = "fixed_port_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LOCAL_IP_ASSOCIATION_BY_PORT,
		.doc = "The port that is meant on its host." },
	[LOCAL_IP_ASSOCIATION_FIXED_IP] = { .name = "fixed_ip",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Its address; need not be given when it has only one." },
	[LOCAL_IP_ASSOCIATION_HOST] = { .name = "host",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "The host that it is bound to." },
};

static const struct index indexes[N_LOCAL_IP_ASSOCIATION_INDEXES] = {
	[LOCAL_IP_ASSOCIATION_BY_LOCAL_IP] = { .name = "local IP",
		.slots = { LOCAL_IP_ASSOCIATION_LOCAL_IP_ID } },
	[LOCAL_IP_ASSOCIATION_BY_PORT] = { .name = "port",
		.slots = { LOCAL_IP_ASSOCIATION_PORT_ID } },
	[LOCAL_IP_ASSOCIATION_BY_BOTH] = { .name = "fixed_port_id",
		.slots = { LOCAL_IP_ASSOCIATION_LOCAL_IP_ID, LOCAL_IP_ASSOCIATION_PORT_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *whole = txn_get_text(
		txn, KIND_LOCAL_IP, object_str(draft, LOCAL_IP_ASSOCIATION_LOCAL_IP_ID));
	const struct object *port =
		txn_need(txn, KIND_PORT, object_str(draft, LOCAL_IP_ASSOCIATION_PORT_ID), error);
	char ip[IP_STRLEN];

	if (!port || !part_check_project(draft, whole, error) ||
		!local_ip_find_address(
			port, object_str(draft, LOCAL_IP_ASSOCIATION_FIXED_IP), ip, error))
		return false;
	object_set_str(draft, LOCAL_IP_ASSOCIATION_FIXED_IP, ip);
	return true;
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	bool is_host = slot == LOCAL_IP_ASSOCIATION_HOST;
	const struct object *of = model_get_text(model, is_host ? KIND_PORT : KIND_LOCAL_IP,
		object_str(object,
			is_host ? LOCAL_IP_ASSOCIATION_PORT_ID : LOCAL_IP_ASSOCIATION_LOCAL_IP_ID));

	if (of)
		jw_string(w, object_str(of, is_host ? PORT_HOST_ID : LOCAL_IP_ADDRESS));
	else
		jw_null(w);
}

static bool is_kept(struct txn *txn, const struct object *port, const char *id, GError **error)
{
	const struct object *local_ip;
	struct txn_iter iter;
	char subnet[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_LOCAL_IP, LOCAL_IP_BY_PORT, id, NULL);
	while ((local_ip = txn_iter_next(&iter)))
		if (!port_subnet_of(port, object_str(local_ip, LOCAL_IP_ADDRESS), subnet))
			return weft_fail(error, SERVICE_PORT_IN_USE,
				"The address %s of port %s can't be taken away: it is a local IP; delete that first.",
				object_str(local_ip, LOCAL_IP_ADDRESS), id);
	return true;
}

bool local_ip_follow_port(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN], subnet[UUID_STRLEN];

	if (!is_kept(txn, draft, uuid_format(object_id(draft), id), error))
		return false;
	txn_iter_init(
		&iter, txn, KIND_LOCAL_IP_ASSOCIATION, LOCAL_IP_ASSOCIATION_BY_PORT, id, NULL);
	while ((object = txn_iter_next(&iter)))
		if (!port_subnet_of(
			    draft, object_str(object, LOCAL_IP_ASSOCIATION_FIXED_IP), subnet))
			g_ptr_array_add(lost, object_ref(object));
	for (guint i = 0; i < lost->len; i++)
		if (!txn_remove(txn, lost->pdata[i], error))
			return false;
	return true;
}

const struct kind local_ip_association_kind = {
	.id = KIND_LOCAL_IP_ASSOCIATION,
	.singular = "port_association",
	.collection = "port_associations",
	.name = "local_ip_port_association",
	.command = "local ip association",
	.path = "/v2.0/local_ips/{parent}/port_associations",
	.doc = "A port that a local IP means on the port's host.",
	.parent_slot = LOCAL_IP_ASSOCIATION_LOCAL_IP_ID,
	.segment_index = LOCAL_IP_ASSOCIATION_BY_BOTH,
	.attrs = attrs,
	.n_slots = N_LOCAL_IP_ASSOCIATION_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LOCAL_IP_ASSOCIATION_INDEXES,
	.not_found = WEFT_ERROR_LOCAL_IP_ASSOCIATION_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .compute = compute },
};
