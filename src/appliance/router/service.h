/* SPDX-License-Identifier: Apache-2.0 */
/* What weftd asks of the provider (docs/providers.md, "Webhooks"), done. */
#pragma once

#include <jansson.h>

#include "appliance/router/client.h"
#include "appliance/router/settings.h"

struct service {
	const struct router_settings *settings;
	struct rest *weftd;
};

/* @digest names the document. */
bool service_apply(
	const struct service *service, const json_t *document, const char *digest, GError **error);
bool service_remove(const struct service *service, const json_t *document, GError **error);
/* {"attachments": [{"attachment", "digest"}]}: those that are well. */
json_t *service_reconcile(const struct service *service);
