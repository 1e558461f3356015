/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submitted transaction is pending from its application until the store has it. Pending ones are
 * a queue in the order of revisions. The store reports a revision: all pending up to it are done.
 * It reports a failure: all pending are undone, last first, and told so, first first.
 *
 * A transaction that changed nothing waits too, for those before it: its answer may rest on what
 * they wrote.
 */
#include "commit/commit.h"

struct pending {
	struct changeset *changes;
	void *derived;
	commit_done_fn done;
	void *user;
	gint64 since_us; /* monotonic */
};

struct watcher {
	commit_durable_fn durable;
	void *user;
};

struct commit {
	struct model *model;
	struct store *store;
	const struct commit_listener *listener;
	void *user;
	struct watcher watchers[COMMIT_WATCHERS_MAX];
	unsigned n_watchers;
	commit_stage_fn amend; /* NULL: nobody does */
	void *amend_user;
	u64 durable;
	GQueue pending;
};

static bool load_object(const char *kind, const struct uuid *id, u64 revision, const char *data,
	GError **error, void *user)
{
	const struct kind *descriptor = kind_by_name(kind);
	struct object *object;

	if (!descriptor)
		return weft_fail(error, STORE_VERSION,
			"the store has objects of kind '%.32s', which this weftd does not know: it was written by a newer one, run that one",
			kind);
	object = object_load(descriptor, id, revision, data, error);
	return object && model_load(user, object, error);
}

static void free_pending(struct pending *pending)
{
	changeset_free(pending->changes);
	g_free(pending);
}

static void tell_durable(const struct commit *commit, struct pending *pending)
{
	if (commit->listener && commit->listener->durable)
		commit->listener->durable(pending->changes, pending->derived, commit->user);
	for (unsigned i = 0; i < commit->n_watchers; i++)
		commit->watchers[i].durable(pending->changes, commit->watchers[i].user);
}

/* Those that changed nothing have the revision of what they saw. */
static void finish_durable(struct commit *commit)
{
	struct pending *pending;

	while ((pending = g_queue_peek_head(&commit->pending)) &&
		pending->changes->revision <= commit->durable) {
		g_queue_pop_head(&commit->pending);
		if (pending->changes->n)
			tell_durable(commit, pending);
		if (pending->done)
			pending->done(pending->changes, NULL, pending->user);
		free_pending(pending);
	}
}

static void undo_all(struct commit *commit)
{
	for (GList *link = commit->pending.tail; link; link = link->prev) {
		struct pending *pending = link->data;
		u64 before = pending->changes->revision - 1;

		if (!pending->changes->n)
			continue;
		model_undo(commit->model, pending->changes, before);
		if (commit->listener && commit->listener->undone)
			commit->listener->undone(pending->changes, pending->derived, commit->user);
	}
}

static void fail_all(GQueue *failed, const GError *error)
{
	struct pending *pending;

	while ((pending = g_queue_pop_head(failed))) {
		if (pending->done)
			pending->done(NULL, error, pending->user);
		free_pending(pending);
	}
}

/* A caller may submit again from its callback: by then the model and the store are as before. */
static void on_report(u64 revision, const GError *error, void *user)
{
	struct commit *commit = user;
	g_autoptr(GError) unavailable = NULL;
	GQueue failed;

	commit->durable = revision;
	finish_durable(commit);
	if (!error)
		return;
	undo_all(commit);
	failed = commit->pending;
	g_queue_init(&commit->pending);
	store_reset(commit->store);
	unavailable = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		"The change could not be made durable and has been undone: %s.", error->message);
	fail_all(&failed, unavailable);
}

struct commit *commit_new(struct model *model, struct store *store,
	const struct commit_listener *listener, void *user, GError **error)
{
	struct commit *commit;

	if (!store_load(store, load_object, model, error))
		return NULL;
	model_load_done(model, store_revision(store));
	commit = g_new0(struct commit, 1);
	commit->model = model;
	commit->store = store;
	commit->listener = listener;
	commit->user = user;
	commit->durable = store_revision(store);
	g_queue_init(&commit->pending);
	store_on_report(store, on_report, commit);
	return commit;
}

void commit_free(struct commit *commit)
{
	g_autoptr(GError) error = g_error_new_literal(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		"The controller is shutting down; whether the change was made is seen after it is back.");

	store_on_report(commit->store, NULL, NULL);
	fail_all(&commit->pending, error);
	g_free(commit);
}

static void submit_to_store(struct store *store, const struct changeset *changes)
{
	struct store_change *rows = g_new(struct store_change, changes->n);

	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];

		rows[i].kind = kind_name(kind_by_id(change->kind));
		rows[i].id = change->id;
		rows[i].data = NULL;
		if (change->new) {
			GString *text = g_string_sized_new(512);
			struct json_writer w = json_writer_on(text);

			object_store_json(change->new, &w);
			rows[i].data = g_string_free(text, FALSE);
		}
	}
	store_submit(store, changes->revision, rows, changes->n);
}

void commit_submit(struct commit *commit, struct txn *txn, commit_done_fn done, void *user)
{
	struct pending *pending = g_new0(struct pending, 1);

	if (commit->amend)
		commit->amend(txn, commit->amend_user);
	pending->changes = txn_apply(txn, model_revision(commit->model) + 1);
	pending->done = done;
	pending->user = user;
	pending->since_us = g_get_monotonic_time();
	g_queue_push_tail(&commit->pending, pending);
	if (!pending->changes->n) {
		finish_durable(commit);
		return;
	}
	if (commit->listener && commit->listener->applied)
		pending->derived = commit->listener->applied(pending->changes, commit->user);
	submit_to_store(commit->store, pending->changes);
}

void commit_amend(struct commit *commit, commit_stage_fn stage, void *user)
{
	commit->amend = stage;
	commit->amend_user = user;
}

void commit_watch(struct commit *commit, commit_durable_fn durable, void *user)
{
	g_assert(commit->n_watchers < COMMIT_WATCHERS_MAX);
	commit->watchers[commit->n_watchers++] = (struct watcher){ durable, user };
}

u64 commit_durable_revision(const struct commit *commit)
{
	return commit->durable;
}

unsigned commit_pending(const struct commit *commit)
{
	return commit->pending.length;
}

u64 commit_oldest_us(const struct commit *commit)
{
	const struct pending *oldest = g_queue_peek_head((GQueue *)&commit->pending);

	return oldest ? (u64)(g_get_monotonic_time() - oldest->since_us) : 0;
}
