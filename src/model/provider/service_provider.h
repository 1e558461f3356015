/* SPDX-License-Identifier: Apache-2.0 */
/* Who provides which services: what is registered when weftd starts, and its list for clients that
 * offer a choice. */
#pragma once

#include "model/provider/service_map.h"

enum service_provider_slot {
	SERVICE_PROVIDER_TYPE = N_STANDARD_SLOTS,
	SERVICE_PROVIDER_DEFAULT,
	SERVICE_PROVIDER_SERVICES,
	N_SERVICE_PROVIDER_SLOTS
};

struct service_provider {
	char *name;
	unsigned services; /* SERVICE_BIT() */
	bool in_tree;
	char *problem; /* why it can't be chosen, or NULL */
};

/* Registers a provider, or changes one that is registered. */
void service_provider_register(struct model *model, const char *name, bool in_tree,
	unsigned services, const char *problem);
/* By name; "weft", which the edge was called, is the edge. NULL: there is none. */
const struct service_provider *service_provider_find(const struct model *model, const char *name);
/* The same of one that has the service; fails with what there is. */
const struct service_provider *service_provider_need(
	const struct model *model, const char *name, enum network_service service, GError **error);
/* The names of all, "acme, edge"; g_free. */
char *service_provider_names(const struct model *model);
/* The same of those that have the service and can be chosen. */
char *service_provider_names_with(const struct model *model, enum network_service service);
/* Are there others than those in the tree? */
bool service_provider_any_other(const struct model *model);

/* Who gives the service of what is made without a choice; NULL: who has it in the tree, if anybody.
 */
void service_provider_set_default(
	struct model *model, enum network_service service, const char *name);
const char *service_provider_default(const struct model *model, enum network_service service);
/* Who in the tree has the service, or NULL. */
const char *service_provider_of_tree(const struct model *model, enum network_service service);

extern const struct kind service_provider_kind;
