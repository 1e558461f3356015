/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API of weft-appliance (docs/appliances.md). */
#pragma once

#include "appliance/appliance.h"
#include "appliance/settings.h"
#include "http/server.h"

struct api {
	struct appliance *appliance;
	const char *credential;
};

/* @api is borrowed until the server is freed. */
struct http_server *api_serve(struct api *api, const struct settings *settings, GError **error);

/* The port that it will listen on; 0: any, or a socket that was inherited. */
u16 api_port(const char *listen);
