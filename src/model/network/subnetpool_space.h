/* SPDX-License-Identifier: Apache-2.0 */
/* What is free in each pool; what the descriptors call. Inside of src/model. */
#pragma once

#include "model/network/prefix_set.h"
#include "model/network/subnetpool.h"

void *subnetpool_space_new(void);
void subnetpool_space_free(void *spaces);

void subnetpool_space_observe(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase);
void subnetpool_space_observe_subnet(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase);

/* A list of prefixes as a set, and back. */
struct prefix_set *prefix_set_of_list(const json_t *list);
json_t *prefix_set_list(const struct prefix_set *set);
struct prefix_set *subnetpool_prefixes(const struct object *pool);

/* The verbs (subnetpool_action.c). */
extern const struct kind_action subnetpool_actions[];
