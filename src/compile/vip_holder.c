/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/vip_holder.h"

#include <string.h>

#include "model/appliance.h"
#include "model/lb_provider.h"
#include "model/port.h"
#include "model/service_attachment.h"

static const struct object *attachment_of(const struct model *model, const char *device)
{
	const struct object *appliance =
		*device ? model_get_text(model, KIND_APPLIANCE, device) : NULL;

	if (appliance)
		device = object_str(appliance, APPLIANCE_ATTACHMENT_ID);
	return *device ? model_get_text(model, KIND_SERVICE_ATTACHMENT, device) : NULL;
}

bool vip_holder_is(const struct model *model, const struct object *port)
{
	const struct object *attachment = attachment_of(model, object_str(port, PORT_DEVICE_ID));

	return attachment &&
	       !strcmp(object_str(attachment, ATTACHMENT_PROVIDER), LB_VIRTUAL_ROUTER) &&
	       !strcmp(object_str(attachment, ATTACHMENT_OBJECT_ID),
		       object_str(port, PORT_NETWORK_ID));
}

static const struct object *bound_port_of(const struct model *model, const char *device)
{
	const struct object *port;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_DEVICE, device, NULL);
	while ((port = model_iter_next(&iter)))
		if (vip_holder_is(model, port) && port_is_bound(port))
			return port;
	return NULL;
}

/* The appliance's own, or what it shares with the other one of its pair. */
const struct object *vip_holder(const struct model *model, const char *network)
{
	const struct object *appliance =
		model_first(model, KIND_APPLIANCE, APPLIANCE_BY_OBJECT, network, NULL);
	char id[UUID_STRLEN];

	if (!appliance)
		return NULL;
	return bound_port_of(model, uuid_format(object_id(appliance), id))
		       ?: bound_port_of(model, object_str(appliance, APPLIANCE_ATTACHMENT_ID));
}
