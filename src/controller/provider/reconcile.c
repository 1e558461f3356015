/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every now and then each provider is asked what it has. A webhook says which attachments it knows
 * and of which document: what is missing or another one is reported as drift and applied again,
 * what should not be there is removed. A plug-in has nothing, so it is asked for the same again,
 * and another answer is drift (work.c).
 */
#include <string.h>

#include "base/log.h"
#include "controller/provider/providers_impl.h"

struct survey {
	struct providers *providers;
	char *name;
	s64 begun_us;
};

void reconcile_run_all(struct providers *providers, const char *name)
{
	const struct object *attachment;
	struct model_iter iter;

	model_iter_init(&iter, providers->model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_PROVIDER,
		name, NULL);
	while ((attachment = model_iter_next(&iter)))
		work_run(providers, object_id(attachment), true);
}

/* What is otherwise there than it was answered; NULL: nothing. */
static const char *drift_of(const struct object *attachment, const json_t *has)
{
	char id[UUID_STRLEN];
	const char *digest =
		json_string_value(json_object_get(has, uuid_format(object_id(attachment), id)));

	if (!digest)
		return "The provider did not have it; it was applied again.";
	return strcmp(digest, object_str(attachment, ATTACHMENT_DIGEST))
		       ? "The provider had it otherwise than it was applied; it was applied again."
		       : NULL;
}

static void report(struct txn *txn, const struct object *attachment, const char *drift)
{
	struct object *draft;

	if (drift)
		log_warning("provider %s: drift of %s %s: %s",
			object_str(attachment, ATTACHMENT_PROVIDER),
			object_str(attachment, ATTACHMENT_OBJECT_TYPE),
			object_str(attachment, ATTACHMENT_OBJECT_ID), drift);
	if (!strcmp(object_str(attachment, ATTACHMENT_DRIFT), drift ?: ""))
		return;
	draft = object_edit(attachment);
	object_set_str(draft, ATTACHMENT_DRIFT, drift ?: "");
	txn_put(txn, draft, NULL); /* as in work.c */
}

/* What was being applied while it was asked may be in its answer or not. */
static bool was_told_meanwhile(const struct survey *survey, const struct object *attachment)
{
	const struct work *work =
		g_hash_table_lookup(survey->providers->works, object_id(attachment));

	return work && (work->running || work->done_us >= survey->begun_us);
}

/* What was refused may be possible now, so that is applied again too. */
static void compare_one(const struct survey *survey, struct txn *txn,
	const struct object *attachment, const json_t *has, GArray *again)
{
	int status = object_choice(attachment, ATTACHMENT_STATUS);
	const char *drift = status == ATTACHMENT_ACTIVE ? drift_of(attachment, has) : NULL;

	if (was_told_meanwhile(survey, attachment))
		return;
	if (status == ATTACHMENT_ACTIVE)
		report(txn, attachment, drift);
	if (drift || status == ATTACHMENT_ERROR)
		g_array_append_val(again, *object_id(attachment));
}

static void compare(const struct survey *survey, const json_t *has)
{
	struct providers *providers = survey->providers;
	struct txn *txn = txn_new(providers->model, &providers_itself);
	g_autoptr(GArray) again = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	const struct object *attachment;
	struct model_iter iter;

	model_iter_init(&iter, providers->model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_PROVIDER,
		survey->name, NULL);
	while ((attachment = model_iter_next(&iter)))
		compare_one(survey, txn, attachment, has, again);
	if (txn_is_empty(txn))
		txn_free(txn);
	else
		commit_submit(providers->commit, txn, NULL, NULL);
	for (guint i = 0; i < again->len; i++)
		work_run(providers, &g_array_index(again, struct uuid, i), true);
}

static void removed(const struct provider_result *result, void *user)
{
	if (result->result != WEFT_PROVIDER_OK)
		log_limited(warning, "provider %s: what it has and should not have stays: %s",
			(char *)user, result->reason);
	g_free(user);
}

/* Attachments of the provider that weftd does not have. */
static void remove_strays(
	struct providers *providers, struct provider_driver *driver, const json_t *has)
{
	const char *id;
	json_t *digest;

	json_object_foreach((json_t *)has, id, digest) {
		g_autofree char *document = NULL;
		struct uuid uuid;

		if (!uuid_parse(id, &uuid) ||
			model_get(providers->model, KIND_SERVICE_ATTACHMENT, &uuid))
			continue;
		log_warning("provider %s: drift: it has attachment %s, which there is not; removed",
			driver->name, id);
		document = g_strdup_printf(
			"{\"attachment\":\"%s\",\"provider\":\"%s\",\"services\":[]}", id,
			driver->name);
		driver->ops->call(driver,
			&(struct provider_request){ .call = PROVIDER_REMOVE, .document = document },
			removed, g_strdup(driver->name));
	}
}

static void surveyed(const json_t *has, const char *reason, void *user)
{
	struct survey *survey = user;
	struct provider_driver *driver = providers_find(survey->providers, survey->name);

	if (!has) {
		log_limited(
			info, "provider %s: all is applied again, since %s", survey->name, reason);
		reconcile_run_all(survey->providers, survey->name);
	} else {
		compare(survey, has);
		if (driver)
			remove_strays(survey->providers, driver, has);
	}
	g_free(survey->name);
	g_free(survey);
}

gboolean reconcile_due(gpointer data)
{
	struct providers *providers = data;

	for (guint i = 0; i < providers->drivers->len; i++) {
		struct provider_driver *driver = providers->drivers->pdata[i];

		if (driver->problem)
			continue;
		if (driver->ops->survey) {
			struct survey *survey = g_new(struct survey, 1);

			*survey = (struct survey){ providers, g_strdup(driver->name),
				g_get_monotonic_time() };
			driver->ops->survey(driver, surveyed, survey);
		} else {
			reconcile_run_all(providers, driver->name);
		}
	}
	return G_SOURCE_CONTINUE;
}
