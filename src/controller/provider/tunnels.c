/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How tunnels are that plug-ins and webhooks have: they are asked every few seconds, about routers
 * that have any. What one does not say any more is not known.
 */
#include <string.h>

#include "controller/provider/document.h"
#include "controller/provider/providers_impl.h"
#include "model/vpn/gre_tunnel.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"

static bool has_any(const struct model *model, const char *router)
{
	return model_first(model, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER, router, NULL) ||
	       model_first(model, KIND_WIREGUARD_INTERFACE, WIREGUARD_INTERFACE_BY_ROUTER, router,
		       NULL) ||
	       model_first(model, KIND_GRE_TUNNEL, GRE_TUNNEL_BY_ROUTER, router, NULL);
}

/* @tunnels NULL: nothing is known. */
static void store(
	struct providers *providers, const struct object *attachment, const json_t *tunnels)
{
	g_autofree char *text = tunnels ? json_dumps(tunnels, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct object *draft = object_edit(attachment);
	struct txn *txn;

	if (text)
		object_set_str(draft, ATTACHMENT_TUNNELS, text);
	else
		object_set_null(draft, ATTACHMENT_TUNNELS);
	if (object_equal(attachment, draft, ATTACHMENT_TUNNELS)) {
		object_unref(draft);
		return;
	}
	txn = txn_new(providers->model, &providers_itself);
	txn_put(txn, draft, NULL); /* as in work.c */
	commit_submit(providers->commit, txn, NULL, NULL);
}

static void told(const struct provider_result *result, void *user)
{
	struct work *work = user;
	const struct object *attachment =
		model_get(work->providers->model, KIND_SERVICE_ATTACHMENT, &work->attachment);
	const json_t *tunnels = result->result == WEFT_PROVIDER_OK
					? json_object_get(result->answer, "tunnels")
					: NULL;

	work->asked_status = false;
	if (attachment)
		store(work->providers, attachment, tunnels);
	else
		work_forget(work);
}

static bool is_asked(const struct providers *providers, const struct object *attachment,
	const struct provider_driver *driver)
{
	return driver && driver->tells_status && !driver->problem &&
	       object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_ACTIVE &&
	       !strcmp(object_str(attachment, ATTACHMENT_OBJECT_TYPE), "router") &&
	       has_any(providers->model, object_str(attachment, ATTACHMENT_OBJECT_ID));
}

static void ask(struct providers *providers, const struct object *attachment, struct work *work,
	struct provider_driver *driver)
{
	g_autofree char *document = provider_document(providers->model, attachment);
	const struct provider_request request = { .call = PROVIDER_STATUS,
		.document = document,
		.digest = object_str(attachment, ATTACHMENT_DIGEST) };

	work->asked_status = true;
	driver->ops->call(driver, &request, told, work);
}

gboolean tunnels_due(gpointer data)
{
	struct providers *providers = data;
	g_autoptr(GList) works = g_hash_table_get_values(providers->works);

	for (const GList *link = works; link; link = link->next) {
		struct work *work = link->data;
		const struct object *attachment =
			model_get(providers->model, KIND_SERVICE_ATTACHMENT, &work->attachment);
		struct provider_driver *driver =
			attachment ? providers_find(
					     providers, object_str(attachment, ATTACHMENT_PROVIDER))
				   : NULL;

		if (!attachment || work->asked_status)
			continue;
		if (is_asked(providers, attachment, driver))
			ask(providers, attachment, work, driver);
		else if (!object_is_null(attachment, ATTACHMENT_TUNNELS))
			store(providers, attachment, NULL);
	}
	return G_SOURCE_CONTINUE;
}
