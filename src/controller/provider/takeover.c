/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appliances of a host that is dead go to another one. A host is dead that has not been heard of
 * for `appliance-takeover`, and HOST_DEAD_AFTER_S at least; after a start of weftd everybody has
 * that long to be heard. Of a pair it is known soon, since the other one serves without it. One
 * that there was no host for gets one when there is.
 */
#include <string.h>

#include "base/log.h"
#include "controller/provider/appliance.h"
#include "controller/provider/providers_impl.h"
#include "model/host/host.h"

/* Hosts that have only lost their connection are back by then. */
#define NOTED_US (2 * G_USEC_PER_SEC)

/* It has been silent for a while already when it is no longer alive. */
static s64 silent_since(struct providers *providers, const struct object *host, s64 now)
{
	bool heard = host && host_was_heard(providers->model, host);

	return now - (heard ? HOST_DEAD_AFTER_S * G_USEC_PER_SEC : 0);
}

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
		s64 then = silent_since(providers, host, now);

		since = g_memdup2(&then, sizeof(then));
		g_hash_table_insert(providers->silent, g_strdup(name), since);
	}
	return now - *since;
}

/* Takes @draft over; what is there already is not written. */
static void store(struct providers *providers, const struct object *appliance, struct object *draft)
{
	struct txn *txn = txn_new(providers->model, &providers_itself);
	g_autoptr(GError) error = NULL;
	char id[UUID_STRLEN];

	if (object_equal(appliance, draft, APPLIANCE_HOST) &&
		object_equal(appliance, draft, APPLIANCE_STATUS_REASON)) {
		object_unref(draft);
		return txn_free(txn);
	}
	if (appliance_put(txn, draft, &error))
		return commit_submit(providers->commit, txn, NULL, NULL);
	log_limited(
		warning, "appliance %s: %s", uuid_format(object_id(appliance), id), error->message);
	txn_free(txn);
}

static void set_status(struct object *draft, enum appliance_status status, const char *reason)
{
	bool alone = !*object_str(draft, APPLIANCE_HA_GROUP);

	object_set_choice(draft, APPLIANCE_STATUS, (int)status);
	object_set_str(draft, APPLIANCE_STATUS_REASON, reason);
	object_set_str(draft, APPLIANCE_HA_STATE, alone ? "" : APPLIANCE_HA_UNKNOWN);
}

static void move_to(struct object *draft, const struct object *appliance, const struct object *host)
{
	const char *from = object_str(appliance, APPLIANCE_HOST);
	char id[UUID_STRLEN];

	uuid_format(object_id(appliance), id);
	if (*from)
		log_warning("appliance %s goes from %s, which is not heard of, to %s", id, from,
			object_str(host, SLOT_NAME));
	object_set_str(draft, APPLIANCE_HOST, object_str(host, SLOT_NAME));
	set_status(draft, APPLIANCE_BUILD, "it has a new host");
	object_set_str(draft, APPLIANCE_TUNNELS, "[]");
}

static void move(struct providers *providers, const struct object *appliance)
{
	struct txn *txn = txn_new(providers->model, &providers_itself);
	const char *from = object_str(appliance, APPLIANCE_HOST);
	struct object *draft = object_edit(appliance);
	g_autoptr(GError) error = NULL;
	const struct object *host = appliance_place(txn, draft, from, &error);

	txn_free(txn);
	if (host) {
		move_to(draft, appliance, host);
	} else {
		g_autofree char *reason = *from ? g_strdup_printf("host %s is not heard of, and %s",
							  from, error->message)
						: g_strdup(error->message);

		set_status(draft, APPLIANCE_ERROR, reason);
	}
	store(providers, appliance, draft);
}

static void note_silence(struct providers *providers, const struct object *appliance)
{
	g_autofree char *reason =
		g_strdup_printf("host %s is not heard of", object_str(appliance, APPLIANCE_HOST));
	struct object *draft = object_edit(appliance);

	set_status(draft, APPLIANCE_ERROR, reason);
	store(providers, appliance, draft);
}

static void look_at(struct providers *providers, const struct object *appliance, s64 now)
{
	const char *host = object_str(appliance, APPLIANCE_HOST);
	s64 silence = *host ? silence_of(providers, host, now) : 0;

	if (!*host || silence >= providers->config->takeover_s * G_USEC_PER_SEC)
		move(providers, appliance);
	else if (silence >= NOTED_US && *object_str(appliance, APPLIANCE_HA_GROUP))
		note_silence(providers, appliance);
}

gboolean takeover_due(gpointer data)
{
	struct providers *providers = data;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	s64 now = g_get_monotonic_time();
	const struct object *appliance;
	struct model_iter iter;

	model_iter_all(&iter, providers->model, KIND_APPLIANCE, NULL);
	while ((appliance = model_iter_next(&iter)))
		g_ptr_array_add(all, object_ref(appliance));
	for (guint i = 0; i < all->len; i++)
		look_at(providers, all->pdata[i], now);
	return G_SOURCE_CONTINUE;
}
