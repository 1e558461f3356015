/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bgp/bgp_scope.h"

#include "model/port/port.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"

/* The address scope that a subnet's pool is in; NULL: none. */
static const char *scope_of(const struct model *model, const char *subnet_id)
{
	const struct object *subnet = model_get_text(model, KIND_SUBNET, subnet_id);
	const struct object *pool = subnet ? model_get_text(model, KIND_SUBNETPOOL,
						     object_str(subnet, SUBNET_SUBNETPOOL_ID))
					   : NULL;

	return pool ? object_str(pool, SUBNETPOOL_ADDRESS_SCOPE_ID) : NULL;
}

const char *bgp_outer_scope(const struct model *model, const char *network, s64 version)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&iter))) {
		const char *scope = object_int(subnet, SUBNET_IP_VERSION) == version
					    ? scope_of(model, uuid_format(object_id(subnet), id))
					    : NULL;

		if (scope)
			return scope;
	}
	return NULL;
}

void bgp_add_subnets(const struct model *model, const struct object *port, const char *scope,
	s64 version, GPtrArray *prefixes)
{
	json_t *fixed_ips = object_json(port, PORT_FIXED_IPS), *fixed_ip;
	size_t i;

	json_array_foreach(fixed_ips, i, fixed_ip) {
		const char *id = json_string_value(json_object_get(fixed_ip, "subnet_id"));
		const struct object *subnet = model_get_text(model, KIND_SUBNET, id);

		if (subnet && object_int(subnet, SUBNET_IP_VERSION) == version &&
			!g_strcmp0(scope_of(model, id), scope))
			g_ptr_array_add(prefixes, g_strdup(object_str(subnet, SUBNET_CIDR)));
	}
	json_decref(fixed_ips);
}
