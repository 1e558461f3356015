/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/log.h"
#include "compile/in_tree.h"
#include "controller/provider/in_tree.h"
#include "controller/provider/load.h"
#include "controller/provider/plugin.h"
#include "controller/provider/providers_impl.h"
#include "controller/provider/webhook.h"

const struct caller providers_itself = { CALLER_SYSTEM, "" };

#define GREETING_US (5 * G_USEC_PER_SEC)

struct provider_driver *providers_find(const struct providers *providers, const char *name)
{
	for (guint i = 0; i < providers->drivers->len; i++) {
		struct provider_driver *driver = providers->drivers->pdata[i];

		if (!strcmp(driver->name, name))
			return driver;
	}
	return NULL;
}

static void register_in_tree(struct model *model)
{
	for (unsigned i = 0; providers_in_tree[i]; i++) {
		unsigned services = 0;
		enum network_service service;

		for (const char *const *name = providers_in_tree[i]->services; *name; name++)
			if (service_parse(*name, &service))
				services |= SERVICE_BIT(service);
		service_provider_register(model, providers_in_tree[i]->name, true, services, NULL);
	}
}

static void register_driver(struct providers *providers, const struct provider_driver *driver)
{
	service_provider_register(
		providers->model, driver->name, false, driver->services, driver->problem);
}

/* Two of one name: who was first stays. */
static bool is_taken(const struct providers *providers, const struct provider_driver *driver)
{
	const struct service_provider *other =
		service_provider_find(providers->model, driver->name);
	const struct provider_driver *known = providers_find(providers, driver->name);

	return (other && other->in_tree) || (known && known != driver);
}

static void refuse_name(struct provider_driver *driver)
{
	if (driver->problem)
		return;
	driver->problem = g_strdup_printf(
		"there is another provider %s; `name` of a descriptor must be its own",
		driver->name);
	log_warning("provider %s: %s: %s", driver->name, driver->source, driver->problem);
}

static void plugin_known(struct provider_driver *driver, void *user)
{
	struct providers *providers = user;

	if (is_taken(providers, driver))
		return refuse_name(driver);
	if (!driver->problem)
		log_info("provider %s: %s is ready", driver->name, driver->source);
	if (providers->starting)
		return;
	register_driver(providers, driver);
	if (!driver->problem)
		reconcile_run_all(providers, driver->name);
}

static bool start_plugins(struct providers *providers, GError **error)
{
	g_autoptr(GError) reason = NULL;
	g_auto(GStrv) files = NULL;

	if (!providers->config->folder)
		return true;
	files = provider_folder_list(providers->config->folder, &reason);
	if (!files)
		return weft_fail(error, INVALID_INPUT, "[providers] folder = %s: %s",
			providers->config->folder, reason->message);
	for (char **file = files; *file; file++) {
		g_autofree char *path = g_build_filename(providers->config->folder, *file, NULL);

		g_ptr_array_add(
			providers->drivers, plugin_new(path, providers->config->call_timeout_s,
						    plugin_known, providers));
	}
	return true;
}

static bool are_settled(const struct providers *providers)
{
	for (guint i = 0; i < providers->drivers->len; i++)
		if (!plugin_is_settled(providers->drivers->pdata[i]))
			return false;
	return true;
}

static gboolean wake(gpointer late)
{
	*(bool *)late = true;
	return G_SOURCE_REMOVE;
}

/* What they are called and can do is known before the first request is answered, unless one hangs.
 */
static void await_plugins(struct providers *providers)
{
	bool late = false;
	guint timer = g_timeout_add(GREETING_US / 1000, wake, &late);

	while (!late && !are_settled(providers))
		g_main_context_iteration(NULL, TRUE);
	if (!late)
		g_source_remove(timer);
}

static bool add_webhooks(struct providers *providers, GError **error)
{
	for (guint i = 0; i < providers->config->webhooks->len; i++) {
		const struct config_webhook *webhook = providers->config->webhooks->pdata[i];
		struct provider_driver *driver = webhook_new(webhook);

		g_ptr_array_add(providers->drivers, driver);
		if (is_taken(providers, driver))
			return weft_fail(error, INVALID_INPUT,
				"[provider %s]: there is another provider of that name; choose one of its own",
				webhook->name);
	}
	return true;
}

static void free_driver(gpointer data)
{
	struct provider_driver *driver = data;

	driver->ops->free(driver);
}

static void set_defaults(struct providers *providers)
{
	for (unsigned i = 0; i < N_SERVICES; i++) {
		const char *name = providers->config->defaults[i];

		service_provider_set_default(providers->model, i, name);
		if (name && !service_provider_find(providers->model, name))
			log_warning(
				"[providers] default-%s = %s: there is no such provider, so nothing that needs it can be made",
				service_name(i), name);
	}
}

/* Those in the tree that are asked as plug-ins are. */
static void add_called(struct providers *providers)
{
	for (unsigned i = 0; providers_called[i]; i++)
		g_ptr_array_add(providers->drivers, in_tree_new(providers_called[i]));
}

struct providers *providers_new(const struct config_providers *config, struct model *model,
	struct commit *commit, GError **error)
{
	g_autoptr(providers) providers = g_new0(struct providers, 1);

	providers->config = config;
	providers->model = model;
	providers->commit = commit;
	providers->drivers = g_ptr_array_new_with_free_func(free_driver);
	providers->subjects = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	providers->works = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, work_free);
	providers->silent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	providers->started_us = g_get_monotonic_time();
	register_in_tree(model);
	providers->starting = true;
	if (!start_plugins(providers, error))
		return NULL;
	await_plugins(providers);
	providers->starting = false;
	add_called(providers);
	if (!add_webhooks(providers, error))
		return NULL;
	for (guint i = 0; i < providers->drivers->len; i++)
		if (!is_taken(providers, providers->drivers->pdata[i]))
			register_driver(providers, providers->drivers->pdata[i]);
		else
			refuse_name(providers->drivers->pdata[i]);
	set_defaults(providers);
	commit_watch(commit, attach_changed, providers);
	attach_look_at_all(providers);
	providers->reconcile = g_timeout_add_seconds(config->reconcile_s, reconcile_due, providers);
	providers->takeover = g_timeout_add_seconds(1, takeover_due, providers);
	providers->tunnels = g_timeout_add_seconds(TUNNELS_DUE_S, tunnels_due, providers);
	return g_steal_pointer(&providers);
}

void providers_free(struct providers *providers)
{
	g_clear_handle_id(&providers->settle, g_source_remove);
	g_clear_handle_id(&providers->reconcile, g_source_remove);
	g_clear_handle_id(&providers->takeover, g_source_remove);
	g_clear_handle_id(&providers->tunnels, g_source_remove);
	g_hash_table_unref(providers->silent);
	g_ptr_array_unref(providers->drivers);
	g_hash_table_unref(providers->works);
	g_hash_table_unref(providers->subjects);
	g_free(providers);
}

static void write_services(unsigned services, struct json_writer *w)
{
	jw_key(w, "services");
	jw_begin_array(w);
	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i))
			jw_string(w, service_name(i));
	jw_end_array(w);
}

static void write_driver(const struct providers *providers, const struct provider_driver *driver,
	struct json_writer *w)
{
	jw_begin_object(w);
	jw_member_string(w, "name", driver->name);
	jw_member_string(w, "type", driver->type);
	jw_member_string(w, "source", driver->source);
	jw_member_string(w, "state", driver->problem ? "ERROR" : "ACTIVE");
	jw_member_string(w, "reason", driver->problem ?: "");
	write_services(driver->services, w);
	jw_member_int(w, "attachments",
		model_count(providers->model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_PROVIDER,
			driver->name, NULL));
	jw_member_int(w, "calls", (s64)driver->calls);
	jw_member_int(w, "failures", (s64)driver->failures);
	jw_member_int(w, "restarts", (s64)driver->restarts);
	jw_end_object(w);
}

void providers_write(const struct providers *providers, struct json_writer *w)
{
	enum network_service service;

	jw_begin_array(w);
	for (unsigned i = 0; providers_in_tree[i]; i++) {
		unsigned services = 0;

		for (const char *const *name = providers_in_tree[i]->services; *name; name++)
			if (service_parse(*name, &service))
				services |= SERVICE_BIT(service);
		jw_begin_object(w);
		jw_member_string(w, "name", providers_in_tree[i]->name);
		jw_member_string(w, "type", "in-tree");
		jw_member_string(w, "state", "ACTIVE");
		write_services(services, w);
		jw_end_object(w);
	}
	for (guint i = 0; i < providers->drivers->len; i++)
		write_driver(providers, providers->drivers->pdata[i], w);
	jw_end_array(w);
}
