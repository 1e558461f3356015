/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/flavor.h"

#include <string.h>

#include "model/provider/service_provider.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define PROFILES_MAX 64

/* Types of services, as Networking's plug-ins name them. */
static const char *const service_types[] = { "BGP", "BGPVPN", "FIREWALL_V2", "L3_ROUTER_NAT",
	"LOADBALANCERV2", "METERING", "QOS", "SFC", "TAAS", "VPN", NULL };

static const struct attr profile_id_attr = { .name = "service_profile", .type = TYPE_UUID };

static const struct attr attrs[N_FLAVOR_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[SLOT_NAME] = { .name = "name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN,
		.fallback = "\"\"",
		.doc = "For people." },
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = 1024,
		.flags = GIVEN | ATTR_NULLABLE,
		.fallback = "\"\"",
		.doc = "For people." },
	[FLAVOR_SERVICE_TYPE] = { .name = "service_type",
		.type = TYPE_ENUM,
		.choices = service_types,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The kind of service that it is a flavor of." },
	[FLAVOR_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "true",
		.doc = "Whether it may be chosen." },
	[FLAVOR_SERVICE_PROFILES] = { .name = "service_profiles",
		.type = TYPE_LIST,
		.item = &profile_id_attr,
		.max = PROFILES_MAX,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS,
		.fallback = "[]",
		.doc = "Ids of its service profiles." },
};

static void profile_keys(const struct object *flavor, struct key_sink *sink)
{
	json_t *profiles = object_json(flavor, FLAVOR_SERVICE_PROFILES);
	json_t *id;
	size_t i;

	json_array_foreach(profiles, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(profiles);
}

static const struct index indexes[N_FLAVOR_INDEXES] = {
	[FLAVOR_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[FLAVOR_BY_PROFILE] = { .name = "service profile",
		.keys = profile_keys,
		.depends_on = FLAVOR_SERVICE_PROFILES,
		.field = "" },
};

static bool check_profiles(struct txn *txn, const struct object *draft, GError **error)
{
	json_t *profiles = object_json(draft, FLAVOR_SERVICE_PROFILES);
	bool ok = true;
	json_t *id;
	size_t i;

	json_array_foreach(profiles, i, id)
		ok = ok && (txn_get_text(txn, KIND_SERVICE_PROFILE, json_string_value(id)) ||
				   kind_fail_not_found(
					   KIND_SERVICE_PROFILE, json_string_value(id), error));
	json_decref(profiles);
	return ok;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_profiles(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check_profiles(txn, draft, error);
}

static bool visible(
	const struct model *model, const struct object *flavor, const struct caller *caller)
{
	(void)model;
	(void)flavor;
	(void)caller;
	return true;
}

/* Where @profile is in the list, or -1. */
static int find_profile(const json_t *profiles, const char *profile)
{
	json_t *id;
	size_t i;

	json_array_foreach(profiles, i, id)
		if (!strcmp(json_string_value(id), profile))
			return (int)i;
	return -1;
}

static bool fail_no_profile(const struct object *flavor, const char *profile, GError **error)
{
	char id[UUID_STRLEN];

	return weft_fail(error, FLAVOR_PROFILE_NOT_FOUND,
		"Flavor %s does not have service profile %.64s.",
		uuid_format(object_id(flavor), id), profile);
}

bool flavor_has_profile(const struct object *flavor, const char *profile, GError **error)
{
	json_t *profiles = object_json(flavor, FLAVOR_SERVICE_PROFILES);
	int at = find_profile(profiles, profile);

	json_decref(profiles);
	return at >= 0 || fail_no_profile(flavor, profile, error);
}

/* The flavor with @profiles (taken over) as its list. */
static bool set_profiles(
	struct txn *txn, const struct object *flavor, json_t *profiles, GError **error)
{
	return txn_update_own(txn, flavor, json_pack("{s:o}", "service_profiles", profiles), error);
}

bool flavor_add_profile(
	struct txn *txn, const struct object *flavor, const char *profile, GError **error)
{
	json_t *profiles = object_json(flavor, FLAVOR_SERVICE_PROFILES);
	char id[UUID_STRLEN];

	if (find_profile(profiles, profile) < 0) {
		json_array_append_new(profiles, json_string(profile));
		return set_profiles(txn, flavor, profiles, error);
	}
	json_decref(profiles);
	return weft_fail(error, FLAVOR_PROFILE_EXISTS, "Flavor %s has service profile %s already.",
		uuid_format(object_id(flavor), id), profile);
}

bool flavor_remove_profile(
	struct txn *txn, const struct object *flavor, const char *profile, GError **error)
{
	json_t *profiles = object_json(flavor, FLAVOR_SERVICE_PROFILES);
	int at = find_profile(profiles, profile);

	if (at >= 0) {
		json_array_remove(profiles, (size_t)at);
		return set_profiles(txn, flavor, profiles, error);
	}
	json_decref(profiles);
	return fail_no_profile(flavor, profile, error);
}

/* How it is provided is for its first profile to say; NULL: it has none. */
static const struct object *first_profile(const struct txn *txn, const struct object *flavor)
{
	json_t *profiles = object_json(flavor, FLAVOR_SERVICE_PROFILES);
	const char *first = json_string_value(json_array_get(profiles, 0));
	const struct object *profile = txn_get_text(txn, KIND_SERVICE_PROFILE, first);

	json_decref(profiles);
	return profile;
}

const char *flavor_driver(const struct txn *txn, const char *id)
{
	const struct object *flavor = txn_get_text(txn, KIND_FLAVOR, id);
	const struct object *profile = flavor ? first_profile(txn, flavor) : NULL;
	const char *driver = profile ? object_str(profile, SERVICE_PROFILE_DRIVER) : "";

	return *driver ? driver : NULL;
}

static bool check_provided(struct txn *txn, const struct object *flavor, GError **error)
{
	const struct object *profile = first_profile(txn, flavor);
	char id[UUID_STRLEN], first[UUID_STRLEN];
	bool ok = profile && object_bool(profile, SERVICE_PROFILE_ENABLED);

	uuid_format(object_id(flavor), id);
	if (!profile)
		weft_fail(error, FLAVOR_PROFILE_NOT_FOUND,
			"Flavor %s has no service profile, so nothing says how it is provided; add one.",
			id);
	else if (!ok)
		weft_fail(error, SERVICE_PROFILE_DISABLED,
			"Service Profile is not enabled: it is %s, the first of flavor %s.",
			uuid_format(object_id(profile), first), id);
	return ok;
}

/* What is made of a flavor of the type here. */
static unsigned services_of(const char *service_type)
{
	if (!strcmp(service_type, "L3_ROUTER_NAT"))
		return SERVICE_BIT(SERVICE_ROUTER) | SERVICE_BIT(SERVICE_SNAT) |
		       SERVICE_BIT(SERVICE_FLOATING_IP) | SERVICE_BIT(SERVICE_PORT_FORWARDING);
	return SERVICE_BIT(SERVICE_VPN);
}

/* Its provider gives at least one of the services that the type stands for. */
static bool check_services(
	struct txn *txn, const char *id, const char *service_type, GError **error)
{
	unsigned services = services_of(service_type);
	const char *driver = flavor_driver(txn, id);
	const struct service_provider *provider =
		driver ? service_provider_find(txn_model(txn), driver) : NULL;
	g_autofree char *has = provider ? service_list(provider->services) : NULL;

	if (driver && (!provider || provider->problem))
		return weft_fail(error, PROVIDER_UNAVAILABLE,
			"Provider %s of flavor %s can't be chosen now: %s", driver, id,
			provider ? provider->problem : "it is not loaded");
	return !provider || provider->services & services ||
	       weft_fail(error, SERVICE_NOT_PROVIDED,
		       "Provider %s of flavor %s has no service of routers that is one of %s; it has %s.",
		       driver, id, service_type, has);
}

bool flavor_check(struct txn *txn, const char *id, const char *service_type, GError **error)
{
	const struct object *flavor;

	if (!id)
		return true;
	flavor = txn_need(txn, KIND_FLAVOR, id, error);
	if (!flavor)
		return false;
	if (strcmp(object_str(flavor, FLAVOR_SERVICE_TYPE), service_type) != 0)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for flavor_id: flavor %s is one of %s; choose one of %s.",
			id, object_str(flavor, FLAVOR_SERVICE_TYPE), service_type);
	if (!object_bool(flavor, FLAVOR_ENABLED))
		return weft_fail(
			error, FLAVOR_DISABLED, "Flavor is not enabled: %s; choose another.", id);
	return check_provided(txn, flavor, error) && check_services(txn, id, service_type, error);
}

const struct kind flavor_kind = {
	.id = KIND_FLAVOR,
	.singular = "flavor",
	.collection = "flavors",
	.command = "network flavor",
	.path = "/v2.0/flavors",
	.doc = "What is offered of a kind of service.",
	.flags = KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_FLAVOR_SLOTS,
	.indexes = indexes,
	.n_indexes = N_FLAVOR_INDEXES,
	.not_found = WEFT_ERROR_FLAVOR_NOT_FOUND,
	.in_use = WEFT_ERROR_FLAVOR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .visible = visible },
};
