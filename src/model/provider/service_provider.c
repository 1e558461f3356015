/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/service_provider.h"

#include <string.h>

#include "model/model.h"

#define EDGE "edge"
#define OLD_NAME_OF_EDGE "weft"

static const struct attr service_attr = { .name = "service", .type = TYPE_STRING };

static const struct attr attrs[N_SERVICE_PROVIDER_SLOTS] = {
	[SLOT_NAME] = { .name = "name", .type = TYPE_STRING, .doc = "Of the provider." },
	[SERVICE_PROVIDER_TYPE] = { .name = "service_type",
		.type = TYPE_STRING,
		.doc = "The kind of service, as flavors name it." },
	[SERVICE_PROVIDER_DEFAULT] = { .name = "default",
		.type = TYPE_BOOL,
		.doc = "Whether it is taken when none is named." },
	[SERVICE_PROVIDER_SERVICES] = { .name = "services",
		.type = TYPE_LIST,
		.item = &service_attr,
		.doc = "What of that kind it gives, as `service_providers` of networks and routers names it." },
};

/* A type of flavors stands for several services; what has none of theirs has one of its own. */
static const struct {
	const char *name;
	unsigned services;
} types[] = {
	{ "DHCP", SERVICE_BIT(SERVICE_DHCP) },
	{ "DNS", SERVICE_BIT(SERVICE_DNS) },
	{ "METADATA", SERVICE_BIT(SERVICE_METADATA) },
	{ "L3_ROUTER_NAT", SERVICE_BIT(SERVICE_ROUTER) | SERVICE_BIT(SERVICE_SNAT) |
				   SERVICE_BIT(SERVICE_FLOATING_IP) |
				   SERVICE_BIT(SERVICE_PORT_FORWARDING) },
	{ "LOADBALANCERV2", SERVICE_BIT(SERVICE_LOAD_BALANCER) },
	{ "FIREWALL_V2", SERVICE_BIT(SERVICE_FIREWALL) },
	{ "SECURITY_GROUP", SERVICE_BIT(SERVICE_SECURITY_GROUP) },
	{ "VPN", SERVICE_BIT(SERVICE_VPN) },
	{ "GRE", SERVICE_BIT(SERVICE_GRE) },
	{ "QOS", SERVICE_BIT(SERVICE_QOS) },
	{ "SFC", SERVICE_BIT(SERVICE_SERVICE_FUNCTION) },
};

struct registry {
	GPtrArray *providers; /* struct service_provider, in the order of registration */
	char *defaults[N_SERVICES];
};

static struct registry *registry_of(const struct model *model)
{
	return model_state(model, KIND_SERVICE_PROVIDER);
}

static void free_provider(gpointer data)
{
	struct service_provider *provider = data;

	g_free(provider->name);
	g_free(provider->problem);
	g_free(provider);
}

static void *registry_new(void)
{
	struct registry *registry = g_new0(struct registry, 1);

	registry->providers = g_ptr_array_new_with_free_func(free_provider);
	return registry;
}

static void registry_free(void *state)
{
	struct registry *registry = state;

	for (unsigned i = 0; i < N_SERVICES; i++)
		g_free(registry->defaults[i]);
	g_ptr_array_unref(registry->providers);
	g_free(registry);
}

static struct service_provider *find(const struct model *model, const char *name)
{
	const struct registry *registry = registry_of(model);

	for (guint i = 0; i < registry->providers->len; i++) {
		struct service_provider *provider = registry->providers->pdata[i];

		if (!strcmp(provider->name, name))
			return provider;
	}
	return NULL;
}

void service_provider_register(
	struct model *model, const char *name, bool in_tree, unsigned services, const char *problem)
{
	struct service_provider *provider = find(model, name);

	if (!provider) {
		provider = g_new0(struct service_provider, 1);
		provider->name = g_strdup(name);
		g_ptr_array_add(registry_of(model)->providers, provider);
	}
	provider->in_tree = in_tree;
	provider->services = services;
	g_free(provider->problem);
	provider->problem = g_strdup(problem);
}

const struct service_provider *service_provider_find(const struct model *model, const char *name)
{
	return find(model, strcmp(name, OLD_NAME_OF_EDGE) ? name : EDGE);
}

char *service_provider_names(const struct model *model)
{
	const struct registry *registry = registry_of(model);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < registry->providers->len; i++) {
		const struct service_provider *provider = registry->providers->pdata[i];

		g_string_append_printf(text, "%s%s", i ? ", " : "", provider->name);
	}
	return g_string_free(text, FALSE);
}

char *service_provider_names_with(const struct model *model, enum network_service service)
{
	const struct registry *registry = registry_of(model);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < registry->providers->len; i++) {
		const struct service_provider *provider = registry->providers->pdata[i];

		if (provider->services & SERVICE_BIT(service) && !provider->problem)
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", provider->name);
	}
	return g_string_free(text, FALSE);
}

bool service_provider_any_other(const struct model *model)
{
	const struct registry *registry = registry_of(model);

	for (guint i = 0; i < registry->providers->len; i++)
		if (!((struct service_provider *)registry->providers->pdata[i])->in_tree)
			return true;
	return false;
}

const struct service_provider *service_provider_need(
	const struct model *model, const char *name, enum network_service service, GError **error)
{
	const struct service_provider *provider = service_provider_find(model, name);
	g_autofree char *list = NULL;

	if (!provider) {
		list = service_provider_names(model);
		weft_fail(error, INVALID_INPUT,
			"Invalid input for service_providers: there is no provider %s for %s; there are %s.",
			name, service_name(service), list);
		return NULL;
	}
	if (provider->problem) {
		weft_fail(error, PROVIDER_UNAVAILABLE, "Provider %s can't be chosen now: %s", name,
			provider->problem);
		return NULL;
	}
	if (provider->services & SERVICE_BIT(service))
		return provider;
	list = service_list(provider->services);
	weft_fail(error, SERVICE_NOT_PROVIDED,
		"Provider %s does not have the service %s; it has %s.", name, service_name(service),
		list);
	return NULL;
}

void service_provider_set_default(
	struct model *model, enum network_service service, const char *name)
{
	struct registry *registry = registry_of(model);

	g_free(registry->defaults[service]);
	registry->defaults[service] = g_strdup(name);
}

const char *service_provider_default(const struct model *model, enum network_service service)
{
	return registry_of(model)->defaults[service];
}

const char *service_provider_of_tree(const struct model *model, enum network_service service)
{
	const struct registry *registry = registry_of(model);

	for (guint i = 0; i < registry->providers->len; i++) {
		const struct service_provider *provider = registry->providers->pdata[i];

		if (provider->in_tree && provider->services & SERVICE_BIT(service))
			return provider->name;
	}
	return NULL;
}

/* Is it what the first of the type's services, that anybody takes it for, is given by? */
static bool is_default(
	const struct model *model, const struct service_provider *provider, unsigned services)
{
	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i))
			return !g_strcmp0(
				provider->name, service_provider_default(model, i)
							?: service_provider_of_tree(model, i));
	return false;
}

static struct object *row(const struct model *model, const struct service_provider *provider,
	const char *type, unsigned services)
{
	struct object *row = object_new(&service_provider_kind, NULL);
	g_autofree char *text = NULL;
	json_t *list = json_array();

	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i))
			json_array_append_new(list, json_string(service_name(i)));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	object_set_str(row, SLOT_NAME, provider->name);
	object_set_str(row, SERVICE_PROVIDER_TYPE, type);
	object_set_bool(row, SERVICE_PROVIDER_DEFAULT, is_default(model, provider, services));
	object_set_str(row, SERVICE_PROVIDER_SERVICES, text);
	return row;
}

/* Those that can be chosen. */
static GPtrArray *all(const struct model *model, const struct query *query)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct registry *registry = registry_of(model);

	(void)query;
	for (guint i = 0; i < registry->providers->len; i++) {
		const struct service_provider *provider = registry->providers->pdata[i];

		for (unsigned t = 0; !provider->problem && t < G_N_ELEMENTS(types); t++)
			if (provider->services & types[t].services)
				g_ptr_array_add(
					all, row(model, provider, types[t].name,
						     provider->services & types[t].services));
	}
	return all;
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
	.hooks = { .all = all,
		.visible = visible,
		.state_new = registry_new,
		.state_free = registry_free },
};
