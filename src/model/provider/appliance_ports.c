/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the ports of appliances are bound to. A port of one alone is bound to its host. What the two
 * of a pair share, a port of the pair (its device is their attachment) or a router's interface, has
 * a binding for the host of each: the active one is where it was as long as that is one of the two;
 * from then on it is whose machine is master (controller/sync/report_masters.c).
 */
#include <string.h>

#include "model/provider/appliance.h"
#include "model/port/port_binding.h"
#include "model/port/service_port.h"
#include "model/txn_impl.h"

bool appliance_is_peer(const struct object *a, const struct object *b)
{
	const char *group = object_str(a, APPLIANCE_HA_GROUP);

	return *group && !uuid_equal(object_id(a), object_id(b)) &&
	       !strcmp(group, object_str(b, APPLIANCE_HA_GROUP)) &&
	       !g_strcmp0(object_str(a, APPLIANCE_ATTACHMENT_ID),
		       object_str(b, APPLIANCE_ATTACHMENT_ID));
}

static void iterate(struct txn_iter *iter, const struct txn *txn, const struct object *appliance)
{
	txn_iter_init(iter, txn, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT,
		object_str(appliance, APPLIANCE_ATTACHMENT_ID), NULL);
}

bool appliance_has_peer(const struct txn *txn, const struct object *appliance, const char *host)
{
	const struct object *other;
	struct txn_iter iter;

	if (!*object_str(appliance, APPLIANCE_HA_GROUP))
		return false;
	iterate(&iter, txn, appliance);
	while ((other = txn_iter_next(&iter))) {
		const char *its = object_str(other, APPLIANCE_HOST);

		if (appliance_is_peer(appliance, other) && *its && (!host || !strcmp(its, host)))
			return true;
	}
	return false;
}

static bool is_device(const struct object *port, const char *device)
{
	return !g_strcmp0(object_str(port, PORT_DEVICE_ID), device);
}

static bool is_own_port(const struct object *appliance, const struct object *port)
{
	char id[UUID_STRLEN];

	return is_device(port, uuid_format(object_id(appliance), id));
}

static bool is_of_pair(const struct object *appliance, const struct object *port)
{
	return is_device(port, object_str(appliance, APPLIANCE_ATTACHMENT_ID));
}

static bool has_nic(const struct object *appliance, const struct object *port)
{
	json_t *nics = object_json(appliance, APPLIANCE_NICS), *nic;
	char id[UUID_STRLEN];
	bool has = false;
	size_t i;

	uuid_format(object_id(port), id);
	json_array_foreach(nics, i, nic)
		has = has || !g_strcmp0(json_string_value(json_object_get(nic, "port_id")), id);
	json_decref(nics);
	return has;
}

/* Names of the hosts of those that have the port: of the attachment's other appliances, and @own,
 * unless it is "". Copies, since what they are of may be replaced. */
static GPtrArray *hosts_of(const struct txn *txn, const struct object *appliance,
	const struct object *port, const char *own)
{
	GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
	const struct object *other;
	struct txn_iter iter;

	if (*own)
		g_ptr_array_add(hosts, g_strdup(own));
	iterate(&iter, txn, appliance);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(appliance)) &&
			*object_str(other, APPLIANCE_HOST) && has_nic(other, port))
			g_ptr_array_add(hosts, g_strdup(object_str(other, APPLIANCE_HOST)));
	return hosts;
}

static bool is_among(const GPtrArray *hosts, const char *name)
{
	for (guint i = 0; i < hosts->len; i++)
		if (!strcmp(hosts->pdata[i], name))
			return true;
	return false;
}

static const struct object *bind_port(
	struct txn *txn, const struct object *port, const char *host, GError **error)
{
	if (!strcmp(object_str(port, PORT_HOST_ID), host))
		return port;
	return txn_update_own(txn, port, json_pack("{s:s}", "binding:host_id", host), error);
}

static const struct object *binding_to(
	const struct txn *txn, const struct object *port, const char *host)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_BINDING, PORT_BINDING_BY_PORT_HOST,
		uuid_format(object_id(port), id), host, NULL);
	return txn_iter_next(&iter);
}

/* The active one goes to where there is one already; the update forgets that. */
static const struct object *settle_active(
	struct txn *txn, const struct object *port, const GPtrArray *hosts, GError **error)
{
	const char *best = hosts->len ? hosts->pdata[0] : "";

	if (is_among(hosts, object_str(port, PORT_HOST_ID)))
		return port;
	for (guint i = 0; i < hosts->len; i++)
		if (binding_to(txn, port, hosts->pdata[i]))
			best = hosts->pdata[i];
	return bind_port(txn, port, best, error);
}

static bool remove_bindings(
	struct txn *txn, const struct object *port, const GPtrArray *hosts, GError **error)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	const struct object *binding;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	while ((binding = txn_iter_next(&iter)))
		if (!is_among(hosts, object_str(binding, PORT_BINDING_HOST)))
			g_ptr_array_add(gone, (gpointer)binding);
	for (guint i = 0; i < gone->len; i++)
		if (!txn_remove(txn, gone->pdata[i], error))
			return false;
	return true;
}

static bool add_bindings(
	struct txn *txn, const struct object *port, const GPtrArray *hosts, GError **error)
{
	const char *active = object_str(port, PORT_HOST_ID);

	for (guint i = 0; i < hosts->len; i++)
		if (strcmp(hosts->pdata[i], active) && !binding_to(txn, port, hosts->pdata[i]) &&
			!port_binding_add(txn, port, hosts->pdata[i], error))
			return false;
	return true;
}

static bool bind_shared(
	struct txn *txn, const struct object *port, const GPtrArray *hosts, GError **error)
{
	port = settle_active(txn, port, hosts, error);
	return port && remove_bindings(txn, port, hosts, error) &&
	       add_bindings(txn, port, hosts, error);
}

/* Its own, or alone: its host's, and nobody else's. */
static bool bind_nic(
	struct txn *txn, const struct object *draft, const struct object *port, GError **error)
{
	bool shared = *object_str(draft, APPLIANCE_HA_GROUP) && !is_own_port(draft, port);
	const char *host = object_str(draft, APPLIANCE_HOST);
	g_autoptr(GPtrArray) hosts = shared ? hosts_of(txn, draft, port, host) : NULL;

	return shared ? bind_shared(txn, port, hosts, error)
		      : bind_port(txn, port, host, error) != NULL;
}

bool appliance_release_port(
	struct txn *txn, const struct object *appliance, const char *port_id, GError **error)
{
	const struct object *port = port_id ? txn_get_text(txn, KIND_PORT, port_id) : NULL;
	g_autoptr(GPtrArray) hosts = NULL;

	if (!port)
		return true;
	if (is_own_port(appliance, port))
		return txn_remove_own(txn, port, error);
	hosts = hosts_of(txn, appliance, port, "");
	if (!hosts->len && is_of_pair(appliance, port))
		return txn_remove_own(txn, port, error);
	return bind_shared(txn, port, hosts, error);
}

const struct object *appliance_put(struct txn *txn, struct object *draft, GError **error)
{
	json_t *nics = object_json(draft, APPLIANCE_NICS), *nic;
	bool ok = true;
	size_t i;

	json_array_foreach(nics, i, nic) {
		const char *id = json_string_value(json_object_get(nic, "port_id"));
		const struct object *port = id ? txn_get_text(txn, KIND_PORT, id) : NULL;

		ok = ok && (!port || bind_nic(txn, draft, port, error));
	}
	json_decref(nics);
	if (ok)
		return txn_put(txn, draft, error);
	object_unref(draft);
	return NULL;
}
