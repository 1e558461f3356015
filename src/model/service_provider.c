/* SPDX-License-Identifier: Apache-2.0 */
#include "model/service_provider.h"

#include <string.h>

#include "model/model.h"

#define WEFT "weft"

static const struct attr attrs[N_SERVICE_PROVIDER_SLOTS] = {
	[SLOT_NAME] = { .name = "name", .type = TYPE_STRING, .doc = "Of the provider." },
	[SERVICE_PROVIDER_TYPE] = { .name = "service_type",
		.type = TYPE_STRING,
		.doc = "The service, as flavors name it." },
	[SERVICE_PROVIDER_DEFAULT] = { .name = "default",
		.type = TYPE_BOOL,
		.doc = "Whether it is taken when none is named." },
};

/* Routers are weft's own; other services have no providers to choose from. */
static GPtrArray *all(const struct model *model, const struct query *query)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	struct object *provider = object_new(&service_provider_kind, NULL);

	(void)model;
	(void)query;
	object_set_str(provider, SLOT_NAME, WEFT);
	object_set_str(provider, SERVICE_PROVIDER_TYPE, "L3_ROUTER_NAT");
	object_set_bool(provider, SERVICE_PROVIDER_DEFAULT, true);
	g_ptr_array_add(all, provider);
	return all;
}

bool service_provider_exists(const char *name)
{
	return !strcmp(name, WEFT);
}

static bool visible(
	const struct model *model, const struct object *provider, const struct caller *caller)
{
	(void)model;
	(void)provider;
	(void)caller;
	return true;
}

const struct kind service_provider_kind = {
	.id = KIND_SERVICE_PROVIDER,
	.singular = "service_provider",
	.collection = "service_providers",
	.command = "network service provider",
	.path = "/v2.0/service-providers",
	.doc = "Who provides a kind of service.",
	.flags = KIND_COMPUTED | KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_SERVICE_PROVIDER_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .all = all, .visible = visible },
};
