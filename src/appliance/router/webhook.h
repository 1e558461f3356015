/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's side of a webhook (docs/providers.md), and for administrators, signed in the same
 * way, the event "reconnect" with {"attachment": ID}.
 */
#pragma once

#include "appliance/router/service.h"
#include "http/server.h"

struct http_server *webhook_serve(struct service *service, GError **error);

/* Is it signed with the secret, and of now (seconds since 1970)? */
bool webhook_check(const char *secret, const char *timestamp, const char *signature,
	const char *body, size_t len, s64 now, GError **error);
