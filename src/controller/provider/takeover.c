/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appliances of a host that is dead go to another one. A host is dead that has not been heard of
 * for `appliance-takeover`; after a start of weftd everybody has that long to be heard.
 */
#include <string.h>

#include "base/log.h"
#include "controller/provider/appliance.h"
#include "controller/provider/providers_impl.h"
#include "model/host.h"

/* For how long, in microseconds; 0: it is alive. */
static s64 silence_of(struct providers *providers, const char *name, s64 now)
{
	const struct object *host = host_find(providers->model, name);
	s64 *since = g_hash_table_lookup(providers->silent, name);

	if (host && host_is_alive(providers->model, host)) {
		g_hash_table_remove(providers->silent, name);
		return 0;
	}
	if (!since) {
		since = g_memdup2(&now, sizeof(now));
		g_hash_table_insert(providers->silent, g_strdup(name), since);
	}
	return now - *since;
}

static void move(struct providers *providers, const struct object *appliance)
{
	struct txn *txn = txn_new(providers->model, &providers_itself);
	const char *from = object_str(appliance, APPLIANCE_HOST);
	struct object *draft = object_edit(appliance);
	g_autoptr(GError) error = NULL;
	const struct object *host = appliance_place(txn, draft, from, &error);
	char id[UUID_STRLEN];

	uuid_format(object_id(appliance), id);
	if (host) {
		log_warning("appliance %s goes from %s, which is not heard of, to %s", id, from,
			object_str(host, SLOT_NAME));
		object_set_str(draft, APPLIANCE_HOST, object_str(host, SLOT_NAME));
		object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_BUILD);
		object_set_str(draft, APPLIANCE_STATUS_REASON, "it has a new host");
		object_set_str(draft, APPLIANCE_TUNNELS, "[]");
	} else {
		g_autofree char *reason =
			g_strdup_printf("host %s is not heard of, and %s", from, error->message);

		g_clear_error(&error);
		object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_ERROR);
		object_set_str(draft, APPLIANCE_STATUS_REASON, reason);
	}
	if (object_equal(appliance, draft, APPLIANCE_HOST) &&
		object_equal(appliance, draft, APPLIANCE_STATUS_REASON)) {
		object_unref(draft);
		return txn_free(txn);
	}
	if (appliance_put(txn, draft, &error))
		commit_submit(providers->commit, txn, NULL, NULL);
	else
		txn_free(txn);
	if (error)
		log_limited(warning, "appliance %s: %s", id, error->message);
}

gboolean takeover_due(gpointer data)
{
	struct providers *providers = data;
	g_autoptr(GPtrArray) orphans = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	s64 now = g_get_monotonic_time(), limit = providers->config->takeover_s * G_USEC_PER_SEC;
	const struct object *appliance;
	struct model_iter iter;

	model_iter_all(&iter, providers->model, KIND_APPLIANCE, NULL);
	while ((appliance = model_iter_next(&iter)))
		if (silence_of(providers, object_str(appliance, APPLIANCE_HOST), now) >= limit)
			g_ptr_array_add(orphans, object_ref(appliance));
	for (guint i = 0; i < orphans->len; i++)
		move(providers, orphans->pdata[i]);
	return G_SOURCE_CONTINUE;
}
