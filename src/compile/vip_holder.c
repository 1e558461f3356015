/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/vip_holder.h"

#include <string.h>

#include "model/appliance.h"
#include "model/lb_provider.h"
#include "model/port.h"

bool vip_holder_is(const struct model *model, const struct object *port)
{
	const char *device = object_str(port, PORT_DEVICE_ID);
	const struct object *appliance =
		*device ? model_get_text(model, KIND_APPLIANCE, device) : NULL;

	return appliance && !strcmp(object_str(appliance, APPLIANCE_PROVIDER), LB_VIRTUAL_ROUTER) &&
	       !strcmp(object_str(appliance, APPLIANCE_OBJECT_ID),
		       object_str(port, PORT_NETWORK_ID));
}

const struct object *vip_holder(const struct model *model, const char *network)
{
	const struct object *appliance =
		model_first(model, KIND_APPLIANCE, APPLIANCE_BY_OBJECT, network, NULL);
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!appliance)
		return NULL;
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_DEVICE,
		uuid_format(object_id(appliance), id), NULL);
	while ((port = model_iter_next(&iter)))
		if (vip_holder_is(model, port) && port_is_bound(port))
			return port;
	return NULL;
}
