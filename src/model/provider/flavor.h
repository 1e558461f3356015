/* SPDX-License-Identifier: Apache-2.0 */
/* Flavors: what an administrator offers of a kind of service; each names the profiles that make it.
 */
#pragma once

#include "model/txn.h"

enum service_profile_slot {
	SERVICE_PROFILE_DRIVER = N_STANDARD_SLOTS,
	SERVICE_PROFILE_ENABLED,
	SERVICE_PROFILE_METAINFO,
	N_SERVICE_PROFILE_SLOTS
};

enum service_profile_index { SERVICE_PROFILE_BY_DRIVER, N_SERVICE_PROFILE_INDEXES };

enum flavor_slot {
	FLAVOR_SERVICE_TYPE = N_STANDARD_SLOTS,
	FLAVOR_ENABLED,
	FLAVOR_SERVICE_PROFILES, /* ids */
	N_FLAVOR_SLOTS
};

enum flavor_index {
	FLAVOR_BY_NAME,
	FLAVOR_BY_PROFILE, /* text: id of a service profile */
	N_FLAVOR_INDEXES
};

extern const struct kind service_profile_kind, flavor_kind;

/* May a service of that type be made of the flavor? @flavor NULL: none is asked for. */
bool flavor_check(struct txn *txn, const char *flavor, const char *service_type, GError **error);

/* The provider that the flavor's first service profile names, or NULL. */
const char *flavor_driver(const struct txn *txn, const char *flavor);

/* Adds the profile to the flavor, or takes it away; stages, for whoever the caller is. */
bool flavor_add_profile(
	struct txn *txn, const struct object *flavor, const char *profile, GError **error);
bool flavor_remove_profile(
	struct txn *txn, const struct object *flavor, const char *profile, GError **error);
/* FLAVOR_PROFILE_NOT_FOUND unless it has that profile. */
bool flavor_has_profile(const struct object *flavor, const char *profile, GError **error);
