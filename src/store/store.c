/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit, the same for every kind of store.
 *
 *	owner's thread                    the store's thread
 *	store_submit() ──► queue ───────► takes all of it, writes it in one transaction
 *	report ◄── main context ◄──────── "durable up to R", or "failed behind R"
 *
 * While a batch is being written the next one gathers in the queue, so the number of change-sets
 *per sync follows the load by itself: one when idle, many when busy.
 *
 * A failed write stops the writing (`failed`) until store_reset(); from then on, until a write
 * succeeds, the thread tries one of its own that changes nothing, so that it is known when the
 * store is well again although nobody writes. The report source of the main
 * context says what is true when it runs, not when it was woken: several batches may make one
 *report, and after store_reset() nothing is left of a failure.
 */
#include <string.h>

#include "store/store_impl.h"

#define IDLE_US (G_USEC_PER_SEC / 2)
#define PROBE_US (G_USEC_PER_SEC / 2)

struct store {
	const struct store_backend *kind;
	void *backend;
	struct uuid uuid;
	GSource *source; /* on the owner's main context */
	store_report_fn report;
	void *user;
	u64 submitted; /* revision of the last one */
	GThread *thread;

	GMutex lock; /* of what follows */
	GCond wake;
	bool closing, failed;
	GError *failure; /* not reported yet */
	u64 durable, reported;
	GQueue queue;
	struct store_stats stats;
};

struct report_source {
	GSource source;
	struct store *store;
};

static const struct store_backend *const kinds[] = { &store_sqlite, &store_memory };

static void free_queue(GQueue *queue)
{
	GList *link;

	while ((link = g_queue_pop_head_link(queue))) {
		struct store_set *set = link->data;

		for (unsigned i = 0; i < set->n; i++)
			g_free(set->changes[i].data);
		g_free(set->changes);
		g_free(set);
	}
}

static gboolean deliver(GSource *source, GSourceFunc callback, gpointer user)
{
	struct store *store = ((struct report_source *)source)->store;
	g_autoptr(GError) failure = NULL;
	bool news;
	u64 durable;

	(void)callback;
	(void)user;
	g_source_set_ready_time(source, -1);
	g_mutex_lock(&store->lock);
	failure = g_steal_pointer(&store->failure);
	durable = store->durable;
	news = failure || durable != store->reported;
	store->reported = durable;
	g_mutex_unlock(&store->lock);
	if (news && store->report)
		store->report(durable, failure, store->user);
	return G_SOURCE_CONTINUE;
}

/* Writes all that is queued; called and returns with the lock held. */
static void write_batch(struct store *store)
{
	GQueue batch = store->queue;
	u64 last = ((struct store_set *)batch.tail->data)->revision;
	g_autoptr(GError) error = NULL;
	gint64 duration;

	g_queue_init(&store->queue);
	g_mutex_unlock(&store->lock);

	duration = g_get_monotonic_time();
	store->kind->commit(store->backend, &batch, &error);
	duration = g_get_monotonic_time() - duration;

	g_mutex_lock(&store->lock);
	store->stats.sync_us_last = (u64)duration;
	store->stats.sync_us_total += (u64)duration;
	if (error) {
		store->stats.failures++;
		store->stats.failing = true;
		store->failed = true;
		store->failure = g_steal_pointer(&error);
	} else {
		store->durable = last;
		store->stats.commits += batch.length;
		store->stats.syncs++;
		store->stats.failing = false;
	}
	g_source_set_ready_time(store->source, 0);
	free_queue(&batch);
}

/* Writes what is there already. Called and returns with the lock held. */
static void probe(struct store *store)
{
	struct store_set nothing = { .revision = store->durable };
	GQueue batch = G_QUEUE_INIT;
	bool well;

	nothing.link.data = &nothing;
	g_queue_push_tail_link(&batch, &nothing.link);
	g_mutex_unlock(&store->lock);
	well = store->kind->commit(store->backend, &batch, NULL);
	g_mutex_lock(&store->lock);
	store->stats.failing = !well;
}

/* Called and returns with the lock held. */
static void clean_up(struct store *store)
{
	g_mutex_unlock(&store->lock);
	if (store->kind->idle)
		store->kind->idle(store->backend);
	g_mutex_lock(&store->lock);
}

/* Waits for work; without any for a while, sees whether a store that failed is well again, or lets
 * the kind of store clean up after the last write. Called and returns with the lock held. */
static void wait_for_work(struct store *store, bool *dirty)
{
	bool failing = store->stats.failing && !store->failed;
	gint64 until = g_get_monotonic_time() + (failing ? PROBE_US : IDLE_US);

	if (!failing && !*dirty) {
		g_cond_wait(&store->wake, &store->lock);
	} else if (g_cond_wait_until(&store->wake, &store->lock, until)) {
		return;
	} else if (failing) {
		probe(store);
	} else {
		*dirty = false;
		clean_up(store);
	}
}

static gpointer run(gpointer data)
{
	struct store *store = data;
	bool dirty = false;

	g_mutex_lock(&store->lock);
	for (;;) {
		if (store->queue.length && !store->failed) {
			write_batch(store);
			dirty = true;
		} else if (store->closing) {
			break;
		} else {
			wait_for_work(store, &dirty);
		}
	}
	g_mutex_unlock(&store->lock);
	return NULL;
}

static const struct store_backend *find_kind(const char *url, const char **ret_rest)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		size_t len = strlen(kinds[i]->scheme);

		if (!strncmp(url, kinds[i]->scheme, len) && url[len] == ':') {
			*ret_rest = url + len + 1;
			return kinds[i];
		}
	}
	return NULL;
}

static GSource *report_source_new(struct store *store)
{
	static GSourceFuncs functions = { .dispatch = deliver };
	GSource *source = g_source_new(&functions, sizeof(struct report_source));
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();

	((struct report_source *)source)->store = store;
	g_source_set_name(source, "weft-store");
	g_source_attach(source, context);
	return source;
}

struct store *store_open(const char *url, GError **error)
{
	const char *rest;
	const struct store_backend *kind = find_kind(url, &rest);
	struct store *store;

	if (!kind) {
		weft_fail(error, INVALID_INPUT,
			"store '%s' is of no kind that weft knows: give sqlite:PATH or memory:",
			url);
		return NULL;
	}
	store = g_new0(struct store, 1);
	store->kind = kind;
	store->backend = kind->open(rest, &store->uuid, &store->durable, error);
	if (!store->backend) {
		g_free(store);
		return NULL;
	}
	store->submitted = store->reported = store->durable;
	store->source = report_source_new(store);
	g_mutex_init(&store->lock);
	g_cond_init(&store->wake);
	g_queue_init(&store->queue);
	store->thread = g_thread_new("weft-store", run, store);
	return store;
}

void store_close(struct store *store)
{
	g_mutex_lock(&store->lock);
	store->closing = true;
	g_cond_signal(&store->wake);
	g_mutex_unlock(&store->lock);
	g_thread_join(store->thread);
	g_source_destroy(store->source);
	g_source_unref(store->source);
	store->kind->close(store->backend);
	free_queue(&store->queue);
	g_clear_error(&store->failure);
	g_mutex_clear(&store->lock);
	g_cond_clear(&store->wake);
	g_free(store);
}

const struct uuid *store_uuid(const struct store *store)
{
	return &store->uuid;
}

bool store_load(struct store *store, store_load_fn load, void *user, GError **error)
{
	return store->kind->load(store->backend, load, user, error);
}

u64 store_revision(const struct store *store)
{
	return store->submitted;
}

void store_on_report(struct store *store, store_report_fn report, void *user)
{
	store->report = report;
	store->user = user;
}

void store_submit(struct store *store, u64 revision, struct store_change *changes, unsigned n)
{
	struct store_set *set = g_new0(struct store_set, 1);

	g_assert(revision == store->submitted + 1);
	store->submitted = revision;
	*set = (struct store_set){ .revision = revision, .n = n, .changes = changes };
	set->link.data = set;
	g_mutex_lock(&store->lock);
	g_queue_push_tail_link(&store->queue, &set->link);
	g_cond_signal(&store->wake);
	g_mutex_unlock(&store->lock);
}

void store_reset(struct store *store)
{
	g_mutex_lock(&store->lock);
	g_assert(store->failed);
	free_queue(&store->queue);
	store->failed = false;
	g_clear_error(&store->failure);
	store->submitted = store->durable;
	g_cond_signal(&store->wake);
	g_mutex_unlock(&store->lock);
}

struct store_stats store_stats(struct store *store)
{
	struct store_stats stats;

	g_mutex_lock(&store->lock);
	stats = store->stats;
	stats.queued = store->queue.length;
	g_mutex_unlock(&store->lock);
	return stats;
}
