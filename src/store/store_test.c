/* SPDX-License-Identifier: Apache-2.0 */
/* One conformance test for every kind of store, and what only a file can suffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

struct seen {
	u64 revision;
	char *error;
	unsigned reports;
};

static void on_report(u64 revision, const GError *error, void *user)
{
	struct seen *seen = user;

	seen->revision = revision;
	seen->reports++;
	if (error)
		seen->error = g_strdup(error->message);
}

static void wait_for(struct seen *seen, u64 revision)
{
	while (seen->revision < revision && !seen->error)
		g_main_context_iteration(NULL, TRUE);
}

static struct uuid id_of(unsigned n)
{
	struct uuid id = { { 1 } };

	memcpy(&id.b[8], &n, sizeof(n));
	return id;
}

static void submit(
	struct store *store, u64 revision, const char *kind, unsigned n, const char *data)
{
	struct store_change *change = g_new(struct store_change, 1);

	*change = (struct store_change){ kind, id_of(n), g_strdup(data) };
	store_submit(store, revision, change, 1);
}

static bool collect(const char *kind, const struct uuid *id, u64 revision, const char *data,
	GError **error, void *user)
{
	unsigned n;

	(void)error;
	memcpy(&n, &id->b[8], sizeof(n));
	g_string_append_printf(user, "%s %u %" G_GUINT64_FORMAT " %s\n", kind, n, revision, data);
	return true;
}

static char *contents(struct store *store)
{
	GString *text = g_string_new(NULL);
	GError *error = NULL;

	if (!store_load(store, collect, text, &error))
		fail_msg("%s", error->message);
	return g_string_free(text, FALSE);
}

static void conformance(const char *url)
{
	struct seen seen = { 0 };
	GError *error = NULL;
	g_autoptr(store) store = store_open(url, &error);
	g_autofree char *text = NULL;

	if (!store)
		fail_msg("%s", error->message);
	assert_int_equal(store_revision(store), 0);
	assert_false(uuid_is_zero(store_uuid(store)));
	store_on_report(store, on_report, &seen);
	submit(store, 1, "network", 2, "{\"a\":1}");
	submit(store, 2, "port", 1, "{}");
	submit(store, 3, "network", 3, "{\"b\":\"\xc3\xa9\"}");
	submit(store, 4, "network", 2, "{\"a\":2}"); /* an update keeps its place */
	submit(store, 5, "port", 1, NULL);
	submit(store, 6, "port", 9, NULL); /* not there: no matter */
	wait_for(&seen, 6);
	assert_null(seen.error);
	assert_int_equal(seen.revision, 6);
	text = contents(store);
	assert_string_equal(text, "network 2 4 {\"a\":2}\nnetwork 3 3 {\"b\":\"\xc3\xa9\"}\n");
	assert_int_equal(store_stats(store).commits, 6);
}

static void memory_conforms(void **state)
{
	(void)state;
	conformance("memory:");
}

/* A folder of its own for each test that needs a file. */
static int make_dir(void **state)
{
	*state = g_dir_make_tmp("weft-store-XXXXXX", NULL);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "db", "db-wal", "db-shm", "db-journal" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(*state, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(*state);
	g_free(*state);
	return 0;
}

static char *path_of(void **state)
{
	return g_build_filename(*state, "db", NULL);
}

static char *url_of(void **state)
{
	g_autofree char *path = path_of(state);

	return g_strconcat("sqlite:", path, NULL);
}

static void sqlite_conforms(void **state)
{
	g_autofree char *url = url_of(state);

	conformance(url);
}

static void sqlite_persists(void **state)
{
	g_autofree char *url = url_of(state);
	g_autofree char *text = NULL;
	struct uuid uuid;
	struct store *store = store_open(url, NULL);

	uuid = *store_uuid(store);
	for (unsigned i = 1; i <= 100; i++)
		submit(store, i, "port", i % 10, "{}");
	store_close(store); /* writes what is queued */
	store = store_open(url, NULL);
	assert_non_null(store);
	assert_int_equal(store_revision(store), 100);
	assert_true(uuid_equal(&uuid, store_uuid(store)));
	text = contents(store);
	assert_non_null(strstr(text, "port 0 100 {}\n"));
	store_close(store);
}

static void sqlite_refuses_a_second_owner(void **state)
{
	g_autofree char *url = url_of(state);
	g_autoptr(store) store = store_open(url, NULL);
	g_autoptr(GError) error = NULL;

	assert_non_null(store);
	assert_null(store_open(url, &error));
	assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE));
	assert_non_null(strstr(error->message, "in use by another process"));
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void assert_refused(void **state, enum weft_error code, const char *says)
{
	g_autofree char *url = url_of(state), *path = path_of(state), *before = NULL, *after = NULL;
	g_autoptr(GError) error = NULL;
	gsize size, size_after;

	assert_true(g_file_get_contents(path, &before, &size, NULL));
	assert_null(store_open(url, &error));
	if (!g_error_matches(error, WEFT_ERROR, (int)code) || !strstr(error->message, says) ||
		!strstr(error->message, path))
		fail_msg("%s", error->message);
	assert_true(g_file_get_contents(path, &after, &size_after, NULL));
	assert_int_equal(size, size_after);
	assert_memory_equal(before, after, size); /* it has been left as it is */
}

static void fill(void **state)
{
	g_autofree char *url = url_of(state);
	g_autofree char *data = g_strnfill(900, 'x');
	struct store *store = store_open(url, NULL);

	for (unsigned i = 1; i <= 200; i++)
		submit(store, i, "port", i, data);
	store_close(store);
}

static void sqlite_refuses_the_future(void **state)
{
	g_autofree char *path = path_of(state);

	fill(state);
	run_sql(path, "PRAGMA user_version=99");
	assert_refused(state, WEFT_ERROR_STORE_VERSION, "newer weftd");
}

static void sqlite_refuses_what_is_not_ours(void **state)
{
	g_autofree char *path = path_of(state);

	run_sql(path, "CREATE TABLE mine (a)");
	assert_refused(state, WEFT_ERROR_STORE_CORRUPT, "something else");
	g_file_set_contents(path,
		"this is no database, but it is long enough to be mistaken for one", -1, NULL);
	assert_refused(state, WEFT_ERROR_STORE_CORRUPT, "damaged");
	g_file_set_contents(path, "", 0, NULL);
	assert_refused(state, WEFT_ERROR_STORE_CORRUPT, "empty file");
}

static void sqlite_refuses_a_truncated_file(void **state)
{
	g_autofree char *path = path_of(state);
	GStatBuf status;

	fill(state);
	g_stat(path, &status);
	assert_return_code(truncate(path, status.st_size / 2), 0);
	assert_refused(state, WEFT_ERROR_STORE_CORRUPT, "damaged");
}

static void sqlite_refuses_an_overwritten_page(void **state)
{
	g_autofree char *path = path_of(state), *bytes = NULL;
	gsize size;

	fill(state);
	g_file_get_contents(path, &bytes, &size, NULL);
	for (gsize at = 4096; at < size; at += 7)
		bytes[at] = (char)~bytes[at];
	g_file_set_contents(path, bytes, (gssize)size, NULL);
	assert_refused(state, WEFT_ERROR_STORE_CORRUPT, "damaged");
}

static void failure_stops_until_reset(void **state)
{
	struct seen seen = { 0 };
	g_autoptr(store) store = store_open("memory:fail-after=2", NULL);

	(void)state;
	store_on_report(store, on_report, &seen);
	submit(store, 1, "port", 1, "{}");
	submit(store, 2, "port", 2, "{}");
	wait_for(&seen, 2);
	submit(store, 3, "port", 3, "{}");
	submit(store, 4, "port", 4, "{}");
	wait_for(&seen, 4);
	assert_non_null(seen.error);
	assert_int_equal(seen.revision, 2);
	g_clear_pointer(&seen.error, g_free);
	store_reset(store);
	assert_int_equal(store_revision(store), 2);
	submit(store, 3, "port", 5, "{}");
	wait_for(&seen, 3);
	assert_non_null(seen.error); /* it still can't: said again */
	assert_int_equal(seen.revision, 2);
	g_free(seen.error);
	store_reset(store);
}

/* The disk works again by itself, but what was behind the failure must not be written: its owner
 * may not have heard of the failure yet. */
static void nothing_is_written_behind_a_failure(void **state)
{
	struct seen seen = { 0 };
	g_autoptr(store) store = store_open("memory:fail-once=1", NULL);
	g_autofree char *text = NULL;

	(void)state;
	store_on_report(store, on_report, &seen);
	submit(store, 1, "port", 1, "{}");
	wait_for(&seen, 1);
	assert_non_null(seen.error);
	g_clear_pointer(&seen.error, g_free);
	submit(store, 2, "port", 2, "{}");
	g_usleep(20000); /* for what must not happen there is nothing to wait for */
	store_reset(store);
	submit(store, 1, "port", 3, "{}");
	wait_for(&seen, 1);
	assert_null(seen.error);
	text = contents(store);
	assert_string_equal(text, "port 3 1 {}\n");
}

/* --- The crash: a child commits pairs as fast as it can and tells what is durable until killed.
 * --- */

static void tell(u64 revision, const GError *error, void *user)
{
	if (error || write(*(int *)user, &revision, sizeof(revision)) < 0)
		_exit(1);
}

static void commit_until_killed(const char *url, int pipe)
{
	struct store *store = store_open(url, NULL);

	if (!store)
		_exit(2);
	store_on_report(store, tell, &pipe);
	for (u64 revision = store_revision(store) + 1;; revision++) {
		struct store_change *pair = g_new(struct store_change, 2);

		pair[0] =
			(struct store_change){ "port", id_of((unsigned)revision), g_strdup("{}") };
		pair[1] = (struct store_change){ "network", id_of((unsigned)revision),
			g_strdup("{}") };
		store_submit(store, revision, pair, 2);
		while (store_stats(store).queued > 32)
			g_main_context_iteration(NULL, TRUE);
	}
}

struct pairs {
	GHashTable *halves;
	u64 complete;
};

static bool count_pairs(const char *kind, const struct uuid *id, u64 revision, const char *data,
	GError **error, void *user)
{
	struct pairs *pairs = user;
	gpointer key = GUINT_TO_POINTER((guint)revision);

	(void)kind, (void)id, (void)data, (void)error;
	if (g_hash_table_remove(pairs->halves, key))
		pairs->complete++;
	else
		g_hash_table_add(pairs->halves, key);
	return true;
}

/* B12: SIGKILL in the middle of commits loses nothing acknowledged and leaves nothing half-made. */
static void killed_while_committing(void **state)
{
	g_autofree char *url = url_of(state);
	u64 acknowledged = 0, revision;

	for (int round = 0; round < 5; round++) {
		struct pairs pairs = { g_hash_table_new(NULL, NULL), 0 };
		u64 target = acknowledged + 100 + (u64)round * 37;
		struct store *store;
		int pipes[2];
		pid_t child;

		assert_return_code(pipe(pipes), 0);
		child = fork();
		if (!child)
			commit_until_killed(url, pipes[1]);
		close(pipes[1]);
		while (acknowledged < target &&
			read(pipes[0], &revision, sizeof(revision)) == sizeof(revision))
			acknowledged = revision;
		kill(child, SIGKILL);
		while (read(pipes[0], &revision, sizeof(revision)) == sizeof(revision))
			acknowledged = revision;
		waitpid(child, NULL, 0);
		close(pipes[0]);
		assert_true(acknowledged >= target);
		store = store_open(url, NULL);
		assert_non_null(store);
		assert_true(store_revision(store) >= acknowledged);
		assert_true(store_load(store, count_pairs, &pairs, NULL));
		assert_int_equal(g_hash_table_size(pairs.halves), 0);
		assert_int_equal(pairs.complete, store_revision(store));
		acknowledged = store_revision(store);
		store_close(store);
		g_hash_table_destroy(pairs.halves);
	}
}

int main(void)
{
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		FILE_TEST(killed_while_committing), /* forks: before there are threads */
		cmocka_unit_test(memory_conforms),
		FILE_TEST(sqlite_conforms),
		FILE_TEST(sqlite_persists),
		FILE_TEST(sqlite_refuses_a_second_owner),
		FILE_TEST(sqlite_refuses_the_future),
		FILE_TEST(sqlite_refuses_what_is_not_ours),
		FILE_TEST(sqlite_refuses_a_truncated_file),
		FILE_TEST(sqlite_refuses_an_overwritten_page),
		cmocka_unit_test(failure_stops_until_reset),
		cmocka_unit_test(nothing_is_written_behind_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
