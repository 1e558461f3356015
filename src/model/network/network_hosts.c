/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/network_hosts.h"

#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/port/service_port.h"

static void by_ports(const struct model *model, const char *network, GPtrArray *hosts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *port, *host;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter))) {
		const char *name = object_str(port, PORT_HOST_ID);

		if (!*name || !g_hash_table_add(seen, (gpointer)name))
			continue;
		host = model_first(model, KIND_HOST, HOST_BY_NAME, name, NULL);
		if (host)
			g_ptr_array_add(hosts, (gpointer)host);
	}
}

static void by_hosts(const struct model *model, const char *network, GPtrArray *hosts)
{
	const struct object *host;
	struct model_iter iter;

	model_iter_all(&iter, model, KIND_HOST, NULL);
	while ((host = model_iter_next(&iter)))
		if (model_first(model, KIND_PORT, PORT_BY_HOST_NETWORK, object_str(host, SLOT_NAME),
			    network, NULL))
			g_ptr_array_add(hosts, (gpointer)host);
}

GPtrArray *network_hosts(const struct model *model, const struct object *network)
{
	GPtrArray *hosts = g_ptr_array_new();
	char id[UUID_STRLEN];

	uuid_format(object_id(network), id);
	if (model_count(model, KIND_PORT, PORT_BY_NETWORK, id, NULL) <
		model_count_all(model, KIND_HOST))
		by_ports(model, id, hosts);
	else
		by_hosts(model, id, hosts);
	return hosts;
}

static void add_gateway_hosts(
	const struct model *model, const struct object *router, GHashTable *seen, GPtrArray *all)
{
	g_autoptr(GArray) hosts = gateway_hosts(router);

	for (guint i = 0; i < hosts->len; i++) {
		const struct object *host =
			model_get(model, KIND_HOST, &g_array_index(hosts, struct uuid, i));

		g_hash_table_add(seen, (gpointer)host);
		g_ptr_array_add(all, (gpointer)host);
	}
}

GPtrArray *router_hosts(const struct model *model, const struct object *router)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	GPtrArray *all = g_ptr_array_new();
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	add_gateway_hosts(model, router, seen, all);
	uuid_format(object_id(router), id);
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_DEVICE, id, NULL);
	while ((port = model_iter_next(&iter))) {
		g_autoptr(GPtrArray) hosts = NULL;

		if (!port_is_router_interface(port))
			continue;
		hosts = network_hosts(model,
			model_get_text(model, KIND_NETWORK, object_str(port, PORT_NETWORK_ID)));
		for (guint i = 0; i < hosts->len; i++)
			if (g_hash_table_add(seen, hosts->pdata[i]))
				g_ptr_array_add(all, hosts->pdata[i]);
	}
	return all;
}
