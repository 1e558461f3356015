/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/service_map.h"

#include <string.h>

#include "model/firewall/firewall_provider.h"
#include "model/provider/flavor.h"
#include "model/network/network.h"
#include "model/router/router.h"
#include "model/provider/service_provider.h"

static const char *const names[N_SERVICES] = {
#define X(symbol, name) [SERVICE_##symbol] = name,
	SERVICES(X)
#undef X
};

#define FIELD(text)                                                            \
	{                                                                      \
		.name = (text), .type = TYPE_STRING, .max = PROVIDER_NAME_MAX, \
		.flags = ATTR_NULLABLE                                         \
	}

const struct attr network_service_fields[] = {
	FIELD("dhcp"),
	FIELD("dns"),
	FIELD("metadata"),
	FIELD("service-function"),
	{ 0 },
};
const struct attr router_service_fields[] = {
	FIELD("router"),
	FIELD("snat"),
	FIELD("floating-ip"),
	FIELD("port-forwarding"),
	FIELD("load-balancer"),
	FIELD("firewall"),
	FIELD("vpn"),
	FIELD("gre"),
	{ 0 },
};

const char *service_name(enum network_service service)
{
	return names[service];
}

bool service_parse(const char *name, enum network_service *ret)
{
	for (unsigned i = 0; i < N_SERVICES; i++)
		if (!strcmp(names[i], name)) {
			*ret = (enum network_service)i;
			return true;
		}
	return false;
}

char *service_list(unsigned services)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i))
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", names[i]);
	return g_string_free(text, FALSE);
}

/* Where an object of the kind has it. */
struct place {
	unsigned given, map, services;
};

static struct place place_of(const struct object *object)
{
	if (object_kind(object) == &network_kind)
		return (struct place){ NETWORK_SERVICE_PROVIDERS, NETWORK_SERVICE_MAP,
			NETWORK_SERVICES };
	return (struct place){ ROUTER_SERVICE_PROVIDERS, ROUTER_SERVICE_MAP, ROUTER_SERVICES };
}

static bool is_all_edges(const char *map)
{
	return !map || !strcmp(map, "{}");
}

const char *service_other_provider(const struct object *object, enum network_service service,
	char buf[static PROVIDER_NAME_MAX + 1])
{
	unsigned slot = place_of(object).map;
	const char *name;
	json_t *map;

	if (is_all_edges(object_str(object, slot)))
		return NULL;
	map = object_json(object, slot);
	name = json_string_value(json_object_get(map, names[service]));
	if (name)
		g_strlcpy(buf, name, PROVIDER_NAME_MAX + 1);
	json_decref(map);
	return name ? buf : NULL;
}

bool service_is_edges(const struct object *object, enum network_service service)
{
	char buf[PROVIDER_NAME_MAX + 1];

	return !service_other_provider(object, service, buf);
}

void service_map_each(const struct object *object, service_map_fn each, void *user)
{
	json_t *map, *value, *done;
	const char *key;

	if (is_all_edges(object_str(object, place_of(object).map)))
		return;
	map = object_json(object, place_of(object).map);
	done = json_object();
	json_object_foreach(map, key, value) {
		unsigned services = 0;

		if (json_object_get(done, json_string_value(value)))
			continue;
		json_object_set_new(done, json_string_value(value), json_true());
		for (unsigned i = 0; i < N_SERVICES; i++)
			if (!g_strcmp0(json_string_value(json_object_get(map, names[i])),
				    json_string_value(value)))
				services |= SERVICE_BIT(i);
		each(json_string_value(value), services, user);
	}
	json_decref(done);
	json_decref(map);
}

/* Maps the service to @provider, NULL: to the default. */
static bool assign(const struct model *model, json_t *map, enum network_service service,
	const char *provider, GError **error)
{
	const char *name = provider ?: service_provider_default(model, service);
	const struct service_provider *found;

	json_object_del(map, names[service]);
	if (!name)
		return true;
	found = service_provider_need(model, name, service, error);
	if (!found)
		return false;
	if (!found->in_tree)
		json_object_set_new(map, names[service], json_string(found->name));
	return true;
}

static bool begin(const struct model *model, unsigned services, const char *flavor, json_t *map,
	GError **error)
{
	const struct service_provider *chosen =
		flavor ? service_provider_find(model, flavor) : NULL;

	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i) &&
			!assign(model, map, i,
				chosen && chosen->services & SERVICE_BIT(i) ? chosen->name : NULL,
				error))
			return false;
	return true;
}

/* The provider that the router's flavor names, or NULL. */
static const char *provider_of_flavor(const struct txn *txn, const struct object *draft)
{
	const char *id =
		object_kind(draft) == &router_kind ? object_str(draft, ROUTER_FLAVOR_ID) : NULL;

	return id ? flavor_driver(txn, id) : NULL;
}

/* Whoever routes asks the firewall groups, unless another one that is not the edge is named. */
static bool check_firewall(const json_t *asked, const json_t *map, GError **error)
{
	const char *name = json_string_value(json_object_get(asked, names[SERVICE_FIREWALL]));
	const char *routes = json_string_value(json_object_get(map, names[SERVICE_ROUTER]));

	return !name || !routes || json_object_get(map, names[SERVICE_FIREWALL]) ||
	       weft_fail(error, SERVICE_NOT_PROVIDED,
		       "Provider %s asks the firewall groups of routers that hosts route for, and this one is routed by %s: leave firewall out, and %s asks them.",
		       name, routes, routes);
}

bool service_map_settle(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	struct place place = place_of(draft);
	const struct model *model = txn_model(txn);
	bool ok = true, given = object_given(draft) & SLOT_BIT(place.given);
	g_autofree char *text = NULL;
	json_t *map, *asked, *value;
	const char *key;
	enum network_service service;

	if (old && !given)
		return true;
	map = old ? object_json(old, place.map) : json_object();
	asked = given ? object_json(draft, place.given) : NULL;
	if (!old)
		ok = begin(model, place.services, provider_of_flavor(txn, draft), map, error);
	json_object_foreach(asked, key, value)
		ok = ok && (!service_parse(key, &service) ||
				   assign(model, map, service, json_string_value(value), error));
	ok = ok && check_firewall(asked, map, error);
	text = json_dumps(map, JSON_COMPACT | JSON_SORT_KEYS);
	object_set_str(draft, place.map, text);
	object_set_null(draft, place.given);
	json_decref(asked);
	json_decref(map);
	return ok;
}

bool service_map_assign(struct txn *txn, const struct object *object, enum network_service service,
	const char *provider, GError **error)
{
	unsigned slot = place_of(object).map;
	json_t *map = object_is_null(object, slot) ? json_object() : object_json(object, slot);
	bool ok = assign(txn_model(txn), map, service, provider, error);
	g_autofree char *text = json_dumps(map, JSON_COMPACT | JSON_SORT_KEYS);
	struct object *draft;

	json_decref(map);
	if (!ok)
		return false;
	draft = object_edit(object);
	object_set_str(draft, slot, text);
	return txn_put(txn, draft, error);
}

/* Who gives it; NULL: nobody. */
static const char *provider_of(const struct model *model, const struct object *object,
	enum network_service service, char buf[static PROVIDER_NAME_MAX + 1])
{
	const struct service_provider *routes;
	const char *name = service_other_provider(object, service, buf);

	if (!name && service == SERVICE_FIREWALL && firewall_provider(object, buf)) {
		routes = service_provider_find(model, buf);
		return routes && routes->services & SERVICE_BIT(service) ? buf : NULL;
	}
	return name ?: service_provider_of_tree(model, service);
}

void service_map_write(
	const struct model *model, const struct object *object, struct json_writer *w)
{
	struct place place = place_of(object);
	char buf[PROVIDER_NAME_MAX + 1];

	jw_begin_object(w);
	for (unsigned i = 0; i < N_SERVICES; i++)
		if (place.services & SERVICE_BIT(i))
			jw_member_string(w, names[i], provider_of(model, object, i, buf));
	jw_end_object(w);
}
