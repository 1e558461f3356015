/* SPDX-License-Identifier: Apache-2.0 */
/* weft-appliance's own settings: what the runtime gives it, as opposed to what it is told over
 * HTTP. */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"

#define SETTINGS_DEFAULT_PATH "/etc/weft/appliance.conf"

struct settings {
	char *listen;		  /* see http/listen.h */
	char *credential;	  /* what the controller shows */
	char *tls_cert, *tls_key; /* PEM files; NULL: no TLS */
	char *tls_client_cert;	  /* a PEM file: what the controller must show; NULL: nothing */
	char *memory_events;	  /* see oom.h; NULL: none */
	char *folder;		  /* of the rendered files */
	char *channel; /* a port of virtio-serial that the API is at too; NULL: none (channel.h) */
};

struct settings *settings_load(const char *path, GError **error);
void settings_free(struct settings *settings);
DEFINE_AUTOPTR(settings, settings_free)
