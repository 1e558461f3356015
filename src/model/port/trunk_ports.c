/* SPDX-License-Identifier: Apache-2.0 */
/* What being on a trunk means for ports: a subport is where the trunk's parent is, and the trunk's
 * status follows from those of its ports. */
#include <string.h>

#include "model/port/port.h"
#include "model/port/port_hooks.h"
#include "model/standard.h"
#include "model/port/trunk.h"

/* An update as any other, but that nobody's rights are asked about. */
static bool place(
	struct txn *txn, const char *port_id, const char *host, const char *owner, GError **error)
{
	const struct object *old = txn_get_text(txn, KIND_PORT, port_id);
	g_autoptr(object) held = NULL, draft = NULL;

	if (!old)
		return true;
	held = object_ref((struct object *)old);
	draft = object_edit(old);
	object_set_str(draft, PORT_HOST_ID, host);
	object_set_str(draft, PORT_DEVICE_OWNER, owner);
	return port_on_update(txn, held, draft, error) &&
	       txn_put(txn, g_steal_pointer(&draft), error) != NULL;
}

bool subport_place(struct txn *txn, const struct object *trunk, const char *port_id, GError **error)
{
	const struct object *parent =
		txn_get_text(txn, KIND_PORT, object_str(trunk, TRUNK_PORT_ID));
	const char *host = parent ? object_str(parent, PORT_HOST_ID) : "";
	g_autofree char *copy = g_strdup(host);

	return place(txn, port_id, copy, OWNER_TRUNK_SUBPORT, error);
}

bool subport_on_delete(struct txn *txn, const struct object *subport, GError **error)
{
	const char *id = object_str(subport, SUBPORT_PORT_ID);
	const struct object *port = txn_get_text(txn, KIND_PORT, id);

	return !port || strcmp(object_str(port, PORT_DEVICE_OWNER), OWNER_TRUNK_SUBPORT) ||
	       place(txn, id, "", "", error);
}

static const struct object *first(
	const struct txn *txn, enum kind_id kind, unsigned index, const char *id)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, kind, index, id, NULL);
	return txn_iter_next(&iter);
}

const struct object *trunk_of_port(struct txn *txn, const char *port_id)
{
	const struct object *trunk = first(txn, KIND_TRUNK, TRUNK_BY_PORT, port_id), *subport;

	if (trunk)
		return trunk;
	subport = first(txn, KIND_SUBPORT, SUBPORT_BY_PORT, port_id);
	return subport ? txn_get_text(txn, KIND_TRUNK, object_str(subport, SUBPORT_TRUNK_ID))
		       : NULL;
}

static bool set_status(
	struct txn *txn, const struct object *trunk, enum trunk_status status, GError **error)
{
	struct object *draft;

	if (object_choice(trunk, TRUNK_STATUS) == (int)status)
		return true;
	draft = object_edit(trunk);
	object_set_choice(draft, TRUNK_STATUS, (int)status);
	return txn_put(txn, draft, error) != NULL;
}

static bool is_active(const struct object *port)
{
	return port && object_choice(port, PORT_STATUS) == PORT_ACTIVE;
}

static enum trunk_status status_of(struct txn *txn, const struct object *trunk)
{
	const struct object *subport;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!is_active(txn_get_text(txn, KIND_PORT, object_str(trunk, TRUNK_PORT_ID))))
		return TRUNK_DOWN;
	txn_iter_init(&iter, txn, KIND_SUBPORT, SUBPORT_BY_TRUNK, uuid_format(object_id(trunk), id),
		NULL);
	while ((subport = txn_iter_next(&iter)))
		if (!is_active(txn_get_text(txn, KIND_PORT, object_str(subport, SUBPORT_PORT_ID))))
			return TRUNK_DEGRADED;
	return TRUNK_ACTIVE;
}

bool trunk_follow_status(struct txn *txn, const struct uuid *id, GError **error)
{
	const struct object *trunk = txn_get(txn, KIND_TRUNK, id);

	return !trunk || set_status(txn, trunk, status_of(txn, trunk), error);
}

/* Of all subports: a change of one must not disturb the walk. */
static GPtrArray *subports_of(struct txn *txn, const struct object *trunk)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	const struct object *subport;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBPORT, SUBPORT_BY_TRUNK, uuid_format(object_id(trunk), id),
		NULL);
	while ((subport = txn_iter_next(&iter)))
		g_ptr_array_add(all, g_strdup(object_str(subport, SUBPORT_PORT_ID)));
	return all;
}

bool trunk_follow_binding(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *trunk;
	g_autoptr(GPtrArray) subports = NULL;
	char id[UUID_STRLEN];
	struct uuid trunk_id;

	trunk = trunk_of_port(txn, uuid_format(object_id(draft), id));
	if (!trunk)
		return true;
	trunk_id = *object_id(trunk);
	if (strcmp(object_str(trunk, TRUNK_PORT_ID), id)) /* a subport's, which is down now */
		return object_choice(trunk, TRUNK_STATUS) != TRUNK_ACTIVE ||
		       set_status(txn, trunk, TRUNK_DEGRADED, error);
	subports = subports_of(txn, trunk);
	for (guint i = 0; i < subports->len; i++)
		if (!place(txn, subports->pdata[i], object_str(draft, PORT_HOST_ID),
			    OWNER_TRUNK_SUBPORT, error))
			return false;
	return set_status(txn, txn_get(txn, KIND_TRUNK, &trunk_id), TRUNK_DOWN, error);
}
