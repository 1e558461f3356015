/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/offering.h"

#include <string.h>

#include "model/provider/flavor.h"
#include "model/network/network.h"
#include "model/router/router.h"
#include "model/vpn/vpnservice.h"

#define TAG "guestL3Network::"

static const struct object *profile_of_flavor(const struct model *model, const char *id)
{
	const struct object *flavor = id ? model_get_text(model, KIND_FLAVOR, id) : NULL;
	json_t *profiles = flavor ? object_json(flavor, FLAVOR_SERVICE_PROFILES) : NULL;
	const char *first = json_string_value(json_array_get(profiles, 0));
	const struct object *profile =
		first ? model_get_text(model, KIND_SERVICE_PROFILE, first) : NULL;

	json_decref(profiles);
	return profile;
}

/* What the tag names; "" names nothing. NULL: it has no such tag. */
static char *tagged(const struct object *network)
{
	json_t *tags = object_json(network, SLOT_TAGS), *tag;
	char *id = NULL;
	size_t i;

	json_array_foreach(tags, i, tag)
		if (!id && g_str_has_prefix(json_string_value(tag), TAG))
			id = g_strdup(json_string_value(tag) + strlen(TAG));
	json_decref(tags);
	return id;
}

static bool says(const struct object *profile, const char *key)
{
	json_t *json = json_loads(object_str(profile, SERVICE_PROFILE_METAINFO), 0, NULL);
	bool is = json_is_true(json_object_get(json, key));

	json_decref(json);
	return is;
}

/* Does it name the network by a tag of its own, guestL3Network::ID? */
static bool names(const struct object *profile, const char *network)
{
	json_t *json = json_loads(object_str(profile, SERVICE_PROFILE_METAINFO), 0, NULL), *tag;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(json, "tags"), i, tag)
		found |= json_is_string(tag) && g_str_has_prefix(json_string_value(tag), TAG) &&
			 !strcmp(json_string_value(tag) + strlen(TAG), network);
	json_decref(json);
	return found;
}

/* The first one that names the network. */
static const struct object *naming(
	const struct model *model, const char *provider, const struct object *network)
{
	const struct object *profile;
	char id[UUID_STRLEN];
	struct model_iter iter;

	uuid_format(object_id(network), id);
	model_iter_init(
		&iter, model, KIND_SERVICE_PROFILE, SERVICE_PROFILE_BY_DRIVER, provider, NULL);
	while ((profile = model_iter_next(&iter)))
		if (object_bool(profile, SERVICE_PROFILE_ENABLED) && names(profile, id))
			return profile;
	return NULL;
}

static const struct object *default_of(const struct model *model, const char *provider)
{
	const struct object *profile;
	struct model_iter iter;

	model_iter_init(
		&iter, model, KIND_SERVICE_PROFILE, SERVICE_PROFILE_BY_DRIVER, provider, NULL);
	while ((profile = model_iter_next(&iter)))
		if (object_bool(profile, SERVICE_PROFILE_ENABLED) && says(profile, "default"))
			return profile;
	return NULL;
}

/* One of another provider, or that may not be used, is none. */
static bool is_of(const struct object *profile, const char *provider)
{
	const char *driver = profile ? object_str(profile, SERVICE_PROFILE_DRIVER) : NULL;

	return profile && object_bool(profile, SERVICE_PROFILE_ENABLED) &&
	       (!*driver || !strcmp(driver, provider));
}

/* That of a VPN service of the router. */
static const struct object *profile_of_vpn(
	const struct model *model, const struct object *router, const char *provider)
{
	const struct object *service, *profile;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((service = model_iter_next(&iter))) {
		profile = profile_of_flavor(model, object_str(service, VPNSERVICE_FLAVOR_ID));
		if (is_of(profile, provider))
			return profile;
	}
	return NULL;
}

const struct object *offering_of(
	const struct model *model, const char *provider, const struct object *subject)
{
	bool router = object_kind(subject) == &router_kind;
	const struct object *profile = NULL;
	g_autofree char *tag = router ? NULL : tagged(subject);

	if (router) {
		profile = profile_of_flavor(model, object_str(subject, ROUTER_FLAVOR_ID));
		if (!is_of(profile, provider))
			profile = profile_of_vpn(model, subject, provider) ?: profile;
	} else if (tag)
		profile = model_get_text(model, KIND_SERVICE_PROFILE, tag)
				  ?: profile_of_flavor(model, tag);
	else
		profile = naming(model, provider, subject);
	if (!profile && !tag)
		profile = default_of(model, provider);
	return is_of(profile, provider) ? profile : NULL;
}

bool offering_is_redundant(const struct object *profile)
{
	return says(profile, "ha");
}
