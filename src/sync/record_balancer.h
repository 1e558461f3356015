/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a load balancer. Inside of src/sync. */
#pragma once

#include "sync/record.h"

bool decode_load_balancer(const json_t *data, struct record *ret, GError **error);
void clear_load_balancer(struct record *record);
