/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of Identity's catalogue: where which service is, and what its limits are. A region is
 * known by a text that people choose: its name here, its "id" in the API; others name it by that.
 */
#pragma once

#include "model/txn.h"

enum region_slot { REGION_PARENT_ID = N_STANDARD_SLOTS, N_REGION_SLOTS };
enum region_index { REGION_BY_NAME, REGION_BY_PARENT, N_REGION_INDEXES };

enum service_slot { SERVICE_TYPE = N_STANDARD_SLOTS, SERVICE_ENABLED, N_SERVICE_SLOTS };
enum service_index { SERVICE_BY_NAME, SERVICE_BY_TYPE, N_SERVICE_INDEXES };

enum endpoint_slot {
	ENDPOINT_SERVICE_ID = N_STANDARD_SLOTS,
	ENDPOINT_INTERFACE,
	ENDPOINT_URL,
	ENDPOINT_REGION_ID,
	ENDPOINT_ENABLED,
	N_ENDPOINT_SLOTS
};
enum endpoint_index { ENDPOINT_BY_SERVICE, ENDPOINT_BY_REGION, N_ENDPOINT_INDEXES };

/* What a project may have of a resource of a service unless a limit of its own says otherwise. */
enum registered_limit_slot {
	REGISTERED_LIMIT_SERVICE_ID = N_STANDARD_SLOTS,
	REGISTERED_LIMIT_REGION_ID,
	REGISTERED_LIMIT_RESOURCE_NAME,
	REGISTERED_LIMIT_DEFAULT_LIMIT,
	N_REGISTERED_LIMIT_SLOTS
};
enum registered_limit_index {
	REGISTERED_LIMIT_BY_SERVICE,
	REGISTERED_LIMIT_BY_REGION,
	REGISTERED_LIMIT_BY_RESOURCE, /* unique: service, region, resource */
	N_REGISTERED_LIMIT_INDEXES
};

enum limit_slot {
	LIMIT_PROJECT_ID = N_STANDARD_SLOTS, /* or a domain, exactly one */
	LIMIT_DOMAIN_ID,
	LIMIT_SERVICE_ID,
	LIMIT_REGION_ID,
	LIMIT_RESOURCE_NAME,
	LIMIT_RESOURCE_LIMIT,
	N_LIMIT_SLOTS
};
enum limit_index {
	LIMIT_BY_PROJECT,
	LIMIT_BY_DOMAIN,
	LIMIT_BY_SERVICE,
	LIMIT_BY_REGION,
	LIMIT_BY_RESOURCE, /* unique: project or domain, service, region, resource */
	N_LIMIT_INDEXES
};

#define LIMIT_MAX 2147483647 /* -1: none */

/* Is there such a region? NULL is no region. NOT_FOUND. */
bool region_check(const struct txn *txn, const char *region, GError **error);

/* The registered limit that @service, @region (or NULL) and @resource have; NULL: none. */
const struct object *registered_limit_find(
	const struct txn *txn, const char *service, const char *region, const char *resource);

extern const struct kind region_kind, service_kind, endpoint_kind, registered_limit_kind,
	limit_kind;
