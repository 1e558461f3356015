/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking an attachment to its provider.
 *
 *	         run                      OK, and nothing changed since
 *	(idle) ───────► running ─────────────────────────────────► (idle)
 *	   ▲               │ FAILED                   │ changed since
 *	   └── retry ◄─────┘ 1, 2, 4 … 60 s           └──► run
 *
 * What the provider answered is in the store before the next call of the same attachment. An
 * attachment that ends is deleted when the provider has been told.
 */
#include <string.h>

#include "base/log.h"
#include "controller/provider/appliance.h"
#include "controller/provider/document.h"
#include "controller/provider/providers_impl.h"

#define BACKOFF_MAX_S 60

static void done(const struct provider_result *result, void *user);

void work_free(gpointer data)
{
	struct work *work = data;

	g_clear_handle_id(&work->retry, g_source_remove);
	g_free(work->digest);
	g_free(work);
}

void work_forget(struct work *work)
{
	if (!work->running && !work->asked_status)
		g_hash_table_remove(work->providers->works, &work->attachment);
}

static struct work *work_of(struct providers *providers, const struct uuid *attachment)
{
	struct work *work = g_hash_table_lookup(providers->works, attachment);

	if (!work) {
		work = g_new0(struct work, 1);
		work->attachment = *attachment;
		work->providers = providers;
		g_hash_table_insert(providers->works, &work->attachment, work);
	}
	return work;
}

static bool same(const struct object *a, const struct object *b)
{
	for (unsigned slot = ATTACHMENT_STATUS; slot < N_ATTACHMENT_SLOTS; slot++)
		if (!object_equal(a, b, slot))
			return false;
	return true;
}

static void submit(struct providers *providers, struct txn *txn)
{
	if (txn_is_empty(txn))
		txn_free(txn);
	else
		commit_submit(providers->commit, txn, NULL, NULL);
}

/* Takes @draft over; what is there already is not written. */
static void store(struct providers *providers, const struct object *old, struct object *draft)
{
	struct txn *txn = txn_new(providers->model, &providers_itself);

	if (same(old, draft))
		object_unref(draft);
	else
		txn_put(txn, draft, NULL); /* it refers to nothing, and its key is as it was */
	submit(providers, txn);
}

static void set_error(
	struct providers *providers, const struct object *attachment, bool ends, const char *reason)
{
	struct object *draft = object_edit(attachment);

	object_set_choice(
		draft, ATTACHMENT_STATUS, ends ? ATTACHMENT_PENDING_DELETE : ATTACHMENT_ERROR);
	object_set_str(draft, ATTACHMENT_STATUS_REASON, reason);
	store(providers, attachment, draft);
}

/* The same document was answered otherwise: the provider, or somebody, has changed its mind. */
static bool has_drifted(
	const struct work *work, const struct object *old, const struct object *draft)
{
	return object_choice(old, ATTACHMENT_STATUS) == ATTACHMENT_ACTIVE &&
	       !strcmp(object_str(old, ATTACHMENT_DIGEST), work->digest) &&
	       !(object_equal(old, draft, ATTACHMENT_EDGE) &&
		       object_equal(old, draft, ATTACHMENT_APPLIANCES));
}

static void set_json(struct object *draft, unsigned slot, const json_t *value, const char *none)
{
	g_autofree char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	object_set_str(draft, slot, text ?: none);
}

/* What the answer says, as the attachment has it. */
static struct object *answered(
	const struct work *work, const struct object *attachment, const json_t *answer)
{
	json_t *appliances = appliances_public(json_object_get(answer, "appliances"));
	struct object *draft = object_edit(attachment);

	set_json(draft, ATTACHMENT_EDGE, json_object_get(answer, "edge"), "{}");
	set_json(draft, ATTACHMENT_APPLIANCES, appliances, "[]");
	if (has_drifted(work, attachment, draft))
		object_set_str(draft, ATTACHMENT_DRIFT,
			"The provider gave another desired state for the same request; the new one is in force.");
	object_set_str(draft, ATTACHMENT_DIGEST, work->digest);
	json_decref(appliances);
	return draft;
}

/* The answer, and the appliances that it asks for, or nothing of it. */
static bool stage_answer(struct work *work, struct txn *txn, const struct object *attachment,
	const json_t *answer, GError **error)
{
	struct object *draft = answered(work, attachment, answer);

	if (same(attachment, draft))
		object_unref(draft);
	else if (!txn_put(txn, draft, error))
		return false;
	return appliances_follow(
		txn, attachment, json_object_get(answer, "appliances"), &work->waits, error);
}

/* Its status, of what its appliances say. */
static void follow_appliances(struct work *work)
{
	static const enum attachment_status by_appliance[] = {
		[APPLIANCE_BUILD] = ATTACHMENT_BUILD,
		[APPLIANCE_ACTIVE] = ATTACHMENT_ACTIVE,
		[APPLIANCE_ERROR] = ATTACHMENT_ERROR,
	};
	const struct object *attachment =
		model_get(work->providers->model, KIND_SERVICE_ATTACHMENT, &work->attachment);
	g_autofree char *reason = NULL, *drift = NULL;
	enum appliance_status status;
	struct object *draft;

	if (!attachment || !work->answered ||
		object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_PENDING_DELETE)
		return;
	status = appliances_status(work->providers->model, attachment, &reason, &drift);
	draft = object_edit(attachment);
	object_set_choice(draft, ATTACHMENT_STATUS, (int)by_appliance[status]);
	object_set_str(draft, ATTACHMENT_STATUS_REASON, reason);
	if (*drift)
		object_set_str(draft, ATTACHMENT_DRIFT, drift);
	store(work->providers, attachment, draft);
}

void work_follow(struct providers *providers, const struct uuid *attachment)
{
	struct work *work = g_hash_table_lookup(providers->works, attachment);

	if (work)
		follow_appliances(work);
	if (work && work->waits && !work->running)
		work_run(providers, attachment, true);
}

static void forget(struct providers *providers, const struct object *attachment)
{
	struct txn *txn = txn_new(providers->model, &providers_itself);

	txn_remove(txn, attachment, NULL);
	commit_submit(providers->commit, txn, NULL, NULL);
}

static gboolean retry(gpointer data)
{
	struct work *work = data;

	work->retry = 0;
	work_run(work->providers, &work->attachment, true);
	return G_SOURCE_REMOVE;
}

static void retry_later(struct work *work, const struct object *attachment, const char *reason)
{
	g_autofree char *text = g_strdup_printf("%s; tried again until it works", reason);

	work->backoff_s = work->backoff_s ? MIN(work->backoff_s * 2, BACKOFF_MAX_S) : 1;
	work->retry = g_timeout_add_seconds(work->backoff_s, retry, work);
	log_limited(warning, "provider %s: %s %s: %s; tried again in %u s",
		object_str(attachment, ATTACHMENT_PROVIDER),
		object_str(attachment, ATTACHMENT_OBJECT_TYPE),
		object_str(attachment, ATTACHMENT_OBJECT_ID), reason, work->backoff_s);
	set_error(work->providers, attachment, work->ends, text);
}

/* The call was of its end, and it has not been wanted again meanwhile. */
static bool is_over(const struct work *work, const struct object *attachment)
{
	return work->ends &&
	       object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_PENDING_DELETE;
}

/* What it asks for may be impossible now: then it is asked again, as if it had failed. */
static void take_answer(
	struct work *work, const struct object *attachment, const json_t *answer, bool again)
{
	struct txn *txn = txn_new(work->providers->model, &providers_itself);
	g_autoptr(GError) error = NULL;

	if (!stage_answer(work, txn, attachment, answer, &error)) {
		txn_free(txn);
		return retry_later(work, attachment, error->message);
	}
	submit(work->providers, txn);
	work->backoff_s = 0;
	work->answered = true;
	follow_appliances(work);
	if (again)
		work_run(work->providers, &work->attachment, false);
}

static void done(const struct provider_result *result, void *user)
{
	struct work *work = user;
	struct providers *providers = work->providers;
	const struct object *attachment =
		model_get(providers->model, KIND_SERVICE_ATTACHMENT, &work->attachment);
	bool again = work->again;

	work->running = work->again = work->answered = false;
	work->done_us = g_get_monotonic_time();
	if (!attachment) {
		work_forget(work);
		return;
	}
	if (result->result == WEFT_PROVIDER_FAILED)
		return retry_later(work, attachment, result->reason);
	if (work->ends || result->result != WEFT_PROVIDER_OK)
		work->backoff_s = 0;
	if (is_over(work, attachment))
		return forget(providers, attachment);
	if (!work->ends && result->result == WEFT_PROVIDER_OK)
		return take_answer(work, attachment, result->answer, again);
	if (!work->ends && result->result == WEFT_PROVIDER_REFUSED)
		set_error(providers, attachment, false, result->reason);
	if (again || work->ends)
		work_run(providers, &work->attachment, work->ends);
}

static void begin(struct work *work, struct provider_driver *driver, const char *document)
{
	const struct provider_request request = {
		.call = work->ends ? PROVIDER_REMOVE : PROVIDER_APPLY,
		.document = document,
		.digest = work->digest,
	};

	g_clear_handle_id(&work->retry, g_source_remove);
	work->running = true;
	driver->ops->call(driver, &request, done, work);
}

/* Has the provider answered that document, or refused it? */
static bool is_settled(const struct object *attachment, const char *digest)
{
	return object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_ACTIVE &&
	       !strcmp(object_str(attachment, ATTACHMENT_DIGEST), digest);
}

static void ask(struct work *work, const struct object *attachment, bool force)
{
	struct providers *providers = work->providers;
	const char *name = object_str(attachment, ATTACHMENT_PROVIDER);
	struct provider_driver *driver = providers_find(providers, name);
	g_autofree char *document = provider_document(providers->model, attachment);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, document, -1);
	bool changed = g_strcmp0(work->digest, digest) != 0;

	work->ends = object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_PENDING_DELETE;
	if (!driver) {
		g_autofree char *reason = g_strdup_printf(
			"there is no provider %s: its plug-in or its group of the configuration is gone",
			name);

		return set_error(providers, attachment, work->ends, reason);
	}
	if (driver->problem)
		return set_error(providers, attachment, work->ends, driver->problem);
	/* one that failed waits for its next attempt, unless it is about something else now */
	if (!force && !work->ends && (is_settled(attachment, digest) || !changed))
		return;
	if (!force && work->ends && !changed)
		return;
	g_free(work->digest);
	work->digest = g_steal_pointer(&digest);
	begin(work, driver, document);
}

void work_run(struct providers *providers, const struct uuid *id, bool force)
{
	const struct object *attachment = model_get(providers->model, KIND_SERVICE_ATTACHMENT, id);
	struct work *work;

	if (!attachment) {
		work = g_hash_table_lookup(providers->works, id);
		if (work)
			work_forget(work);
		return;
	}
	work = work_of(providers, id);
	if (work->running)
		work->again = true;
	else
		ask(work, attachment, force);
}
