/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/floatingip_pool.h"

#include "model/network/network.h"
#include "model/query_impl.h"
#include "model/standard.h"
#include "model/network/subnet.h"

static const struct attr attrs[N_FLOATINGIP_POOL_SLOTS] = {
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.doc = "Who asks: whose floating IPs of it would be." },
	[FLOATINGIP_POOL_SUBNET_ID] = { .name = "subnet_id",
		.type = TYPE_UUID,
		.doc = "The subnet." },
	[FLOATINGIP_POOL_SUBNET_NAME] = { .name = "subnet_name",
		.type = TYPE_STRING,
		.doc = "Its name." },
	[FLOATINGIP_POOL_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.doc = "The external network that it is on." },
	[FLOATINGIP_POOL_CIDR] = { .name = "cidr", .type = TYPE_CIDR, .doc = "Its range." },
};

/* Of the external networks that the caller sees: he may have floating IPs of them. */
static void add_subnets(GPtrArray *all, const struct model *model, const struct object *network,
	const struct caller *caller)
{
	const struct object *subnet;
	struct model_iter iter;
	char network_id[UUID_STRLEN], id[UUID_STRLEN];

	uuid_format(object_id(network), network_id);
	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
	while ((subnet = model_iter_next(&iter))) {
		struct object *pool;

		if (object_int(subnet, SUBNET_IP_VERSION) != 4)
			continue;
		pool = object_new(&floatingip_pool_kind, NULL);
		object_set_str(pool, SLOT_PROJECT_ID, caller->project_id);
		object_set_str(pool, FLOATINGIP_POOL_SUBNET_ID, uuid_format(object_id(subnet), id));
		object_set_str(pool, FLOATINGIP_POOL_SUBNET_NAME, object_str(subnet, SLOT_NAME));
		object_set_str(pool, FLOATINGIP_POOL_NETWORK_ID, network_id);
		object_set_str(pool, FLOATINGIP_POOL_CIDR, object_str(subnet, SUBNET_CIDR));
		g_ptr_array_add(all, pool);
	}
}

static GPtrArray *all_pools(const struct model *model, const struct query *query)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *network;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	while ((network = model_iter_next(&iter)))
		if (model_visible(model, network, query->caller))
			add_subnets(all, model, network, query->caller);
	return all;
}

const struct kind floatingip_pool_kind = {
	.id = KIND_FLOATINGIP_POOL,
	.singular = "floatingip_pool",
	.collection = "floatingip_pools",
	.command = "floating ip pool",
	.path = "/v2.0/floatingip_pools",
	.doc = "A range that floating IPs come from.",
	.flags = KIND_COMPUTED | KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_FLOATINGIP_POOL_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .all = all_pools, .visible = visible_to_all },
};
