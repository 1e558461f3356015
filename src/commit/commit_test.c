/* SPDX-License-Identifier: Apache-2.0 */
/* The write path: order of answers, and what a failing store leaves behind. */
#include "commit/commit.h"
#include "model/testing.h"

struct fixture {
	struct model *model;
	struct store *store;
	struct commit *commit;
	GString *log; /* what happened, in order */
};

static void *on_applied(const struct changeset *changes, void *user)
{
	struct fixture *f = user;

	assert_int_equal(changes->revision, model_revision(f->model));
	g_string_append_printf(f->log, "applied %u ", (unsigned)changes->revision);
	return GUINT_TO_POINTER((guint)changes->revision);
}

static void on_durable(const struct changeset *changes, void *derived, void *user)
{
	struct fixture *f = user;

	assert_int_equal(GPOINTER_TO_UINT(derived), changes->revision);
	g_string_append_printf(f->log, "durable %u ", (unsigned)changes->revision);
}

static void on_undone(const struct changeset *changes, void *derived, void *user)
{
	struct fixture *f = user;

	assert_int_equal(GPOINTER_TO_UINT(derived), changes->revision);
	assert_int_equal(model_revision(f->model), changes->revision - 1);
	g_string_append_printf(f->log, "undone %u ", (unsigned)changes->revision);
}

static const struct commit_listener listener = { on_applied, on_durable, on_undone };

struct answer {
	struct fixture *fixture;
	unsigned n;
};

static void on_done(const struct changeset *changes, const GError *error, void *user)
{
	struct answer *answer = user;

	assert_true(!changes == !!error);
	if (error)
		assert_int_equal(weft_error_status(error), 503);
	g_string_append_printf(
		answer->fixture->log, "%s %u ", error ? "failed" : "done", answer->n);
	g_free(answer);
}

static struct fixture *open_store(const char *url)
{
	struct fixture *f = g_new0(struct fixture, 1);
	GError *error = NULL;

	f->log = g_string_new(NULL);
	f->model = model_new();
	f->store = store_open(url, &error);
	assert_non_null(f->store);
	f->commit = commit_new(f->model, f->store, &listener, f, &error);
	if (!f->commit)
		fail_msg("%s", error->message);
	return f;
}

static void close_store(struct fixture *f)
{
	commit_free(f->commit);
	store_close(f->store);
	model_free(f->model);
	g_string_free(f->log, TRUE);
	g_free(f);
}

/* Submits the creation of a network called @name, or, if there is one, an update to the same. */
static void submit(struct fixture *f, const char *name, unsigned n)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	struct answer *answer = g_new(struct answer, 1);
	json_t *body = test_json("{'name':'%s'}", name);
	const struct object *old = model_first(f->model, KIND_NETWORK, NETWORK_BY_NAME, name, NULL);

	*answer = (struct answer){ f, n };
	if (old)
		assert_non_null(txn_update(txn, KIND_NETWORK, test_id(old), body, NULL));
	else
		assert_non_null(txn_create(txn, KIND_NETWORK, body, NULL));
	json_decref(body);
	commit_submit(f->commit, txn, on_done, answer);
}

static void settle(struct fixture *f)
{
	while (commit_pending(f->commit))
		g_main_context_iteration(NULL, TRUE);
}

static void answers_in_order(void **state)
{
	struct fixture *f = open_store("memory:");

	(void)state;
	submit(f, "a", 1);
	submit(f, "b", 2);
	submit(f, "b", 3); /* changes nothing; waits for what it has seen */
	assert_string_equal(f->log->str, "applied 1 applied 2 ");
	assert_int_equal(model_count_all(f->model, KIND_NETWORK), 2);
	settle(f);
	assert_string_equal(
		f->log->str, "applied 1 applied 2 durable 1 done 1 durable 2 done 2 done 3 ");
	assert_int_equal(commit_durable_revision(f->commit), 2);
	submit(f, "a", 4);
	assert_true(g_str_has_suffix(f->log->str, "done 3 done 4 "));
	close_store(f);
}

static void failure_undoes_all_behind(void **state)
{
	struct fixture *f = open_store("memory:fail-after=1");

	(void)state;
	submit(f, "a", 1);
	settle(f);
	g_string_truncate(f->log, 0);
	submit(f, "b", 2);
	submit(f, "c", 3);
	submit(f, "c", 4);
	settle(f);
	assert_string_equal(
		f->log->str, "applied 2 applied 3 undone 3 undone 2 failed 2 failed 3 failed 4 ");
	assert_int_equal(model_count_all(f->model, KIND_NETWORK), 1);
	assert_int_equal(model_revision(f->model), 1);
	submit(f, "d", 5); /* and is as good as before */
	settle(f);
	assert_true(g_str_has_suffix(f->log->str, "applied 2 undone 2 failed 5 "));
	close_store(f);
}

/* B12: the model after a restart is the model before, in the same order. */
static void restart_restores(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("weft-commit-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "db", NULL);
	g_autofree char *url = g_strconcat("sqlite:", path, NULL);
	struct fixture *f = open_store(url);
	const struct object *network;
	struct model_iter iter;

	(void)state;
	submit(f, "b", 1);
	submit(f, "a", 2);
	settle(f);
	close_store(f);
	f = open_store(url);
	model_iter_all(&iter, f->model, KIND_NETWORK, NULL);
	network = model_iter_next(&iter);
	assert_string_equal(object_str(network, SLOT_NAME), "b");
	assert_int_equal(object_revision(network), 1);
	network = model_iter_next(&iter);
	assert_string_equal(object_str(network, SLOT_NAME), "a");
	assert_int_equal(model_revision(f->model), 2);
	submit(f, "c", 3);
	settle(f);
	close_store(f);
	assert_return_code(remove(path), 0);
	assert_return_code(remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_order),
		cmocka_unit_test(failure_undoes_all_behind),
		cmocka_unit_test(restart_restores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
