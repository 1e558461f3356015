/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/weftd.h"

#include "base/log.h"
#include "controller/api/api.h"
#include "controller/api/route.h"
#include "controller/keystone/keystone.h"
#include "controller/provider/providers.h"
#include "http/server.h"
#include "model/host/agent.h"
#include "model/firewall/default_security_group_rule.h"
#include "model/router/gateway_hosts.h"
#include "model/network/network_segment_range.h"
#include "model/network/segment.h"
#include "model/access/quota.h"
#include "model/router/snat_ranges.h"

struct weftd {
	struct auth *auth;
	struct model *model;
	struct store *store;
	struct commit *commit;
	struct identity *identity; /* NULL: not configured */
	struct keystone *keystone; /* NULL: not configured */
	struct sync_server *sync;
	struct metrics *metrics;
	struct notify *notify; /* NULL: not configured */
	struct providers *providers;
	GPtrArray *servers; /* struct http_server */
	struct api api;
};

static void handle(struct http_request *request, void *user)
{
	api_handle(user, request);
}

static bool admit(struct http_request *request, void *user)
{
	return api_admit(user, request);
}

static size_t body_max(const struct http_request *request, void *user)
{
	return api_body_max(user, request);
}

static void answered(
	const struct http_request *request, unsigned status, u64 elapsed_us, void *user)
{
	api_answered(user, request, status, elapsed_us);
}

static bool authorize_host(
	struct http_request *request, const struct object *host, void *user, GError **error)
{
	const struct weftd *weftd = user;

	return auth_host(weftd->auth, request, host, error);
}

static bool authorize_caller(
	struct http_request *request, struct caller *ret, void *user, GError **error)
{
	const struct weftd *weftd = user;

	return auth_caller(weftd->auth, request, ret, error);
}

static void fail(struct http_request *request, const GError *error, void *user)
{
	const struct weftd *weftd = user;

	api_fail(&weftd->api, request, error);
}

static bool open_keystone(struct weftd *weftd, const struct config_keystone *config, GError **error)
{
	struct keystone_io io;

	if (!keystone_client_new(config, &io, error))
		return false;
	weftd->keystone = keystone_new(config, &io);
	auth_set_keystone(weftd->auth, weftd->keystone);
	return true;
}

static bool start_notify(struct weftd *weftd, const struct config *config, GError **error)
{
	const struct notify_config notify = { config->notify_url, config->notify_token };

	if (!config->notify_url)
		return true;
	weftd->notify = notify_new(&notify, weftd->model, weftd->commit, error);
	return weftd->notify;
}

enum cloud { CLOUD_NEW, CLOUD_KNOWN };

/* What a new cloud begins with, and what stores of before there were agents or segments lack.
 * Templates that somebody has deleted don't come back. */
static bool seed(struct weftd *weftd, enum cloud cloud, GError **error)
{
	static const struct caller itself = { CALLER_SYSTEM, "" };
	g_autoptr(txn) txn = txn_new(weftd->model, &itself);

	if ((cloud == CLOUD_NEW && !default_rules_seed(txn, error)) ||
		!agents_complete(txn, error) || !segments_complete(txn, error) ||
		!ranges_seed(txn, error) || !gateway_hosts_complete(txn, error))
		return false;
	if (!txn_is_empty(txn))
		commit_submit(weftd->commit, g_steal_pointer(&txn), NULL, NULL);
	return true;
}

static bool open_state(struct weftd *weftd, const struct config *config, GError **error)
{
	enum cloud cloud;

	weftd->store = store_open(config->store, error);
	if (!weftd->store)
		return false;
	weftd->sync = sync_server_new(&(struct sync_server_config){
		.model = weftd->model,
		.store_uuid = store_uuid(weftd->store),
		.authorize_host = authorize_host,
		.authorize_caller = authorize_caller,
		.fail = fail,
		.user = weftd,
	});
	weftd->commit = commit_new(weftd->model, weftd->store, &sync_listener, weftd->sync, error);
	if (!weftd->commit)
		return false;
	cloud = model_revision(weftd->model) ? CLOUD_KNOWN : CLOUD_NEW;
	sync_server_start(weftd->sync, weftd->commit);
	if (!start_notify(weftd, config, error))
		return false;
	weftd->providers = providers_new(&config->providers, weftd->model, weftd->commit, error);
	if (!weftd->providers)
		return false;
	if (!seed(weftd, cloud, error))
		return false;
	if (config->keystone)
		return open_keystone(weftd, config->keystone, error);
	if (!config->identity)
		return true;
	weftd->identity = identity_new(config, weftd->model, weftd->commit, error);
	auth_set_identity(weftd->auth, weftd->identity);
	return weftd->identity != NULL;
}

static bool listen_all(struct weftd *weftd, const struct config *config, GError **error)
{
	for (char **listen = config->listen; *listen; listen++) {
		const struct http_server_config http = {
			.listen = *listen,
			.tls_cert = config->tls_cert,
			.tls_key = config->tls_key,
			.connections_max = config->connections_max,
			.admit = admit,
			.body_max_of = body_max,
			.handler = handle,
			.answered = answered,
			.user = &weftd->api,
		};
		struct http_server *server = http_server_new(&http, error);

		if (!server)
			return false;
		g_ptr_array_add(weftd->servers, server);
		log_info("listening on %s, port %u, %s", *listen, http_server_port(server),
			config->tls_cert ? "TLS" : "plain HTTP");
	}
	return true;
}

static void set_quotas(struct model *model, const struct config *config)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++)
		quota_set_default(model, (enum kind_id)id, config->quotas[id]);
}

struct weftd *weftd_new(const struct config *config, GError **error)
{
	g_autoptr(weftd) weftd = g_new0(struct weftd, 1);

	weftd->auth = auth_new(config);
	weftd->model = model_new();
	set_quotas(weftd->model, config);
	snat_set_centralized(weftd->model, config->snat_centralized);
	weftd->metrics = metrics_new(route_count(), route_name);
	weftd->servers = g_ptr_array_new_with_free_func((GDestroyNotify)http_server_free);
	if (!open_state(weftd, config, error))
		return NULL;
	weftd->api = (struct api){
		.config = config,
		.auth = weftd->auth,
		.model = weftd->model,
		.commit = weftd->commit,
		.identity = weftd->identity,
		.keystone = weftd->keystone,
		.store = weftd->store,
		.sync = weftd->sync,
		.metrics = weftd->metrics,
		.notify = weftd->notify,
		.providers = weftd->providers,
	};
	if (!listen_all(weftd, config, error))
		return NULL;
	return g_steal_pointer(&weftd);
}

bool weftd_pending(const struct weftd *weftd)
{
	return commit_pending(weftd->commit) ||
	       (weftd->identity && identity_pending(weftd->identity));
}

/* What was accepted is on its way to the disk; its callers shall hear of it. Nothing new is. */
static void drain(const struct weftd *weftd)
{
	while (weftd_pending(weftd))
		g_main_context_iteration(NULL, TRUE);
}

void weftd_free(struct weftd *weftd)
{
	weftd->api.stopping = true;
	for (unsigned i = 0; i < weftd->servers->len; i++)
		http_server_quiesce(weftd->servers->pdata[i]);
	if (weftd->keystone)
		keystone_stop(weftd->keystone);
	if (weftd->commit)
		drain(weftd);
	if (weftd->sync)
		sync_server_stop(weftd->sync);
	g_ptr_array_unref(weftd->servers);
	g_clear_pointer(&weftd->keystone, keystone_free);
	g_clear_pointer(&weftd->identity, identity_free);
	g_clear_pointer(&weftd->commit, commit_free);
	g_clear_pointer(&weftd->notify, notify_free);
	g_clear_pointer(&weftd->providers, providers_free);
	g_clear_pointer(&weftd->sync, sync_server_free);
	g_clear_pointer(&weftd->store, store_close);
	metrics_free(weftd->metrics);
	model_free(weftd->model);
	auth_free(weftd->auth);
	g_free(weftd);
}
