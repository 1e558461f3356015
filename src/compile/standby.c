/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/standby.h"

#include <string.h>

#include "model/port/port_binding.h"
#include "model/port/service_port.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *sorted(GPtrArray *hosts)
{
	g_ptr_array_sort(hosts, compare);
	return hosts;
}

static const char *host_of(const struct object *binding)
{
	return object_str(binding, PORT_BINDING_HOST_ID);
}

static GPtrArray *bound_now(const struct model *model, const struct object *port)
{
	GPtrArray *hosts = g_ptr_array_new();
	const struct object *binding;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	while ((binding = model_iter_next(&iter)))
		g_ptr_array_add(hosts, (gpointer)host_of(binding));
	return hosts;
}

GPtrArray *standby_hosts(const struct model *model, const struct object *port)
{
	return port_may_be_shared(port) ? sorted(bound_now(model, port)) : NULL;
}

static void take_back(GPtrArray *hosts, const struct object *binding)
{
	for (guint i = 0; i < hosts->len; i++)
		if (!strcmp(hosts->pdata[i], host_of(binding))) {
			g_ptr_array_remove_index(hosts, i);
			return;
		}
}

GPtrArray *standby_hosts_before(const struct compilation *c, const struct object *port)
{
	char id[UUID_STRLEN];
	GPtrArray *hosts;

	if (!port_may_be_shared(port))
		return NULL;
	hosts = bound_now(c->model, port);
	uuid_format(object_id(port), id);
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];
		const struct object *any = change->old ? change->old : change->new;

		if (change->kind != KIND_PORT_BINDING ||
			strcmp(object_str(any, PORT_BINDING_PORT_ID), id))
			continue;
		if (change->new)
			take_back(hosts, change->new);
		if (change->old)
			g_ptr_array_add(hosts, (gpointer)host_of(change->old));
	}
	return sorted(hosts);
}
