/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP API: OpenStack Networking v2.0 for every kind of the model's table, and weft's own
 * paths. docs/api.md is its description.
 */
#pragma once

#include "commit/commit.h"
#include "controller/auth/auth.h"
#include "controller/identity/identity.h"
#include "controller/metrics/metrics.h"
#include "controller/notify/notify.h"
#include "controller/provider/providers.h"
#include "controller/sync/sync_server.h"

struct api {
	const struct config *config;
	const struct auth *auth;
	struct model *model;
	struct commit *commit;
	struct identity *identity;	 /* NULL: not configured */
	const struct keystone *keystone; /* NULL: not configured */
	struct store *store;
	struct sync_server *sync;
	struct metrics *metrics;
	struct notify *notify; /* NULL: nobody is notified */
	struct providers *providers;
	bool stopping; /* open connections may still ask, and are refused */
};

/* Answers a request, now or later. */
void api_handle(struct api *api, struct http_request *request);

/* For http_server_config.body_max_of: little for whom we don't know, much for a host's report. */
size_t api_body_max(const struct api *api, const struct http_request *request);

/* For http_server_config.admit: asks Keystone, where the answer to the request depends on it. */
bool api_admit(const struct api *api, struct http_request *request);

/* Answers with an error's body: {"NeutronError": …}, or Keystone's {"error": …} for a 401. */
void api_fail(const struct api *api, struct http_request *request, const GError *error);

/* For http_server_config.answered; counts by route. */
void api_answered(
	struct api *api, const struct http_request *request, unsigned status, u64 elapsed_us);
