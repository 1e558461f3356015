/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/vip_holder.h"

#include <string.h>

#include "model/provider/appliance.h"
#include "model/balancer/lb_provider.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"

/* A router's interface is a NIC of its virtual router. */
static bool is_routers(const struct model *model, const struct object *port)
{
	const struct object *router =
		port_is_router_interface(port)
			? model_get_text(model, KIND_ROUTER, object_str(port, PORT_DEVICE_ID))
			: NULL;
	char buf[PROVIDER_NAME_MAX + 1];

	return router &&
	       !g_strcmp0(service_other_provider(router, SERVICE_ROUTER, buf), LB_VIRTUAL_ROUTER);
}

static const struct object *attachment_of(const struct model *model, const char *device)
{
	const struct object *appliance =
		*device ? model_get_text(model, KIND_APPLIANCE, device) : NULL;

	if (appliance)
		device = object_str(appliance, APPLIANCE_ATTACHMENT_ID);
	return *device ? model_get_text(model, KIND_SERVICE_ATTACHMENT, device) : NULL;
}

static bool is_own(const struct model *model, const struct object *port)
{
	const struct object *attachment = attachment_of(model, object_str(port, PORT_DEVICE_ID));

	return attachment &&
	       !strcmp(object_str(attachment, ATTACHMENT_PROVIDER), LB_VIRTUAL_ROUTER) &&
	       !strcmp(object_str(attachment, ATTACHMENT_OBJECT_ID),
		       object_str(port, PORT_NETWORK_ID));
}

bool vip_holder_has(const struct model *model, const struct object *port, const struct ip *vip)
{
	struct port_ips ips = port_ips_of(port);

	if (!is_routers(model, port))
		return is_own(model, port);
	while (port_ips_next(&ips)) {
		const struct object *subnet = model_get_text(model, KIND_SUBNET, ips.subnet_id);
		struct prefix cidr =
			subnet ? object_prefix(subnet, SUBNET_CIDR) : (struct prefix){ 0 };

		if (subnet && prefix_contains(&cidr, vip))
			return true;
	}
	return false;
}

bool vip_holder_is(const struct model *model, const struct object *port)
{
	return is_own(model, port) || is_routers(model, port);
}

GPtrArray *vip_holders(const struct model *model, const char *network)
{
	GPtrArray *found = g_ptr_array_new();
	const struct object *port;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter)))
		if (port_is_bound(port) && vip_holder_is(model, port))
			g_ptr_array_add(found, (gpointer)port);
	return found;
}
