/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of weft-virtual-router: who asks it, whom it asks, and what its routers are like. */
#pragma once

#include "base/addr.h"
#include "base/autoptr.h"
#include "base/error.h"

#define ROUTER_SETTINGS_PATH "/etc/weft/virtual-router.conf"

struct router_settings {
	char *listen, *tls_cert, *tls_key;
	char *secret; /* that weftd signs with */
	char *controller, *token, *ca_file;
	char *host; /* this hypervisor's name at weftd */
	char *state_dir, *run_dir;
	char *management_network;    /* ids */
	char *public_network;	     /* NULL: none */
	u32 cpu_percent, memory_mib; /* 0: no limit */
	GArray *forwarders;	     /* struct ip */
	bool allow_plain_http;
};

struct router_settings *router_settings_load(const char *path, GError **error);
void router_settings_free(struct router_settings *settings);
DEFINE_AUTOPTR(router_settings, router_settings_free)
