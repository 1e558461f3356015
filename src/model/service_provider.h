/* SPDX-License-Identifier: Apache-2.0 */
/* Who provides a kind of service, for clients that offer a choice. */
#pragma once

#include "model/object.h"

enum service_provider_slot {
	SERVICE_PROVIDER_TYPE = N_STANDARD_SLOTS,
	SERVICE_PROVIDER_DEFAULT,
	N_SERVICE_PROVIDER_SLOTS
};

/* Is there a provider of that name? */
bool service_provider_exists(const char *name);

extern const struct kind service_provider_kind;
