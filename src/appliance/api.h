/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API of weft-appliance (docs/appliances.md). */
#pragma once

#include "appliance/appliance.h"
#include "appliance/controllers.h"
#include "appliance/settings.h"
#include "http/server.h"

struct api {
	struct appliance *appliance;
	const char *credential;
	struct controllers *controllers; /* NULL: they show no certificate */
	struct http_server *server;
};

/* @api is borrowed until the server is freed, which is before api_clear(). */
struct http_server *api_serve(struct api *api, const struct settings *settings, GError **error);
void api_clear(struct api *api);

/* The port that it will listen on; 0: any, or a socket that was inherited. */
u16 api_port(const char *listen);
