/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How weftd speaks with a provider that is not in the tree: a plug-in in a process of its own
 * (plugin.c), or a vendor's URL (webhook.c). Each provider is one driver.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <weft/provider.h>

#include "base/types.h"

enum provider_call { PROVIDER_APPLY, PROVIDER_REMOVE, PROVIDER_STATUS };

struct provider_request {
	enum provider_call call;
	const char *document; /* JSON, as weft/provider.h describes it */
	const char *digest;   /* of the document */
};

/* All borrowed for the call. */
struct provider_result {
	enum weft_provider_result result;
	const char *reason;   /* unless OK */
	const json_t *answer; /* of OK: checked (message.h); NULL: none */
};
typedef void (*provider_done_fn)(const struct provider_result *result, void *user);

/* What the other side says that it has: {attachment: digest}; NULL: it can't be asked. Else, on
 * failure, @reason. */
typedef void (*provider_surveyed_fn)(const json_t *has, const char *reason, void *user);

struct provider_driver;

struct provider_driver_ops {
	/* Calls @done once, later, unless the driver is freed before. @request is copied. */
	void (*call)(struct provider_driver *driver, const struct provider_request *request,
		provider_done_fn done, void *user);
	/* NULL: there is nobody who could have something else than what was answered. */
	void (*survey)(struct provider_driver *driver, provider_surveyed_fn done, void *user);
	void (*free)(struct provider_driver *driver);
};

struct provider_driver {
	const struct provider_driver_ops *ops;
	char *name;
	const char *type; /* "plug-in", "webhook"; static */
	char *source;	  /* its file or URL */
	unsigned services;
	bool tells_status; /* of tunnels: PROVIDER_STATUS may be called */
	char *problem;	   /* why it can't be used now, or NULL */
	u64 calls, failures, restarts;
};
