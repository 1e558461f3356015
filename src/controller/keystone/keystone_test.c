/* SPDX-License-Identifier: Apache-2.0 */
/* Against a Keystone and clocks that the test plays itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "controller/keystone/cache.h"
#include "controller/keystone/keystone.h"

#define EXPIRES "2030-01-01T00:00:00.000000Z"
#define EXPIRES_S 1893456000
#define MEMBER "\"project\":{\"id\":\"p1\"},\"roles\":[{\"name\":\"reader\"},{\"name\":\"Member\"}]"

struct sent {
	void *ask;
	char *method, *token, *subject, *body;
};

static struct fake {
	GQueue sent; /* struct sent that are not answered */
	u64 now_us;
	s64 time;
	bool closed;
} fake;

static const struct config_keystone config = {
	.url = "http://keystone/v3",
	.username = "weft",
	.password = "secret",
	.user_domain = "Default",
	.project = "service",
	.project_domain = "Default",
	.cache_s = 60,
};

static void fake_send(const struct keystone_request *request, void *ask, void *data)
{
	struct sent *sent = g_new0(struct sent, 1);

	(void)data;
	assert_false(fake.closed);
	*sent = (struct sent){ ask, g_strdup(request->method), g_strdup(request->token),
		g_strdup(request->subject), g_strdup(request->body) };
	g_queue_push_tail(&fake.sent, sent);
}

static void sent_free(struct sent *sent)
{
	g_free(sent->method);
	g_free(sent->token);
	g_free(sent->subject);
	g_free(sent->body);
	g_free(sent);
}

static void fake_close(void *data)
{
	(void)data;
	fake.closed = true;
	g_queue_clear_full(&fake.sent, (GDestroyNotify)sent_free);
}

static u64 fake_now_us(void *data)
{
	(void)data;
	return fake.now_us;
}

static s64 fake_time(void *data)
{
	(void)data;
	return fake.time;
}

static void pass_time(unsigned seconds)
{
	fake.now_us += seconds * G_USEC_PER_SEC;
	fake.time += seconds;
}

static struct keystone *start(void)
{
	static const struct keystone_io io = { fake_send, fake_close, fake_now_us, fake_time,
		NULL };

	fake = (struct fake){ .now_us = 1, .time = EXPIRES_S - 3600 };
	g_queue_init(&fake.sent);
	return keystone_new(&config, &io);
}

/* Answers the oldest question. @inner is the inside of "token". */
static void answer(unsigned status, const char *subject, const char *inner)
{
	struct sent *sent = g_queue_pop_head(&fake.sent);
	g_autofree char *body = g_strdup_printf("{\"token\":{%s}}", inner ?: "");
	const struct keystone_answer answer = { .status = status,
		.subject = subject,
		.body = body,
		.len = strlen(body),
		.why = "connection refused" };

	assert_non_null(sent);
	keystone_answered(sent->ask, &answer);
	sent_free(sent);
}

static void answer_login(const char *own)
{
	const struct sent *sent = g_queue_peek_head(&fake.sent);

	assert_non_null(sent);
	assert_string_equal(sent->method, "POST");
	assert_non_null(strstr(sent->body, "\"password\":\"secret\""));
	answer(201, own, "\"expires_at\":\"" EXPIRES "\"");
}

static unsigned heard; /* how many verdicts */
static enum keystone_result last;

static void hear(struct keystone_verdict *verdict, void *user)
{
	(void)user;
	heard++;
	last = verdict->result;
}

/* Is the token known at once, with that result? */
static bool knows(struct keystone *keystone, const char *token, enum keystone_result result)
{
	struct keystone_verdict *verdict = keystone_ask(keystone, token, hear, NULL);
	bool fits = verdict && verdict->result == result;

	if (verdict)
		keystone_verdict_unref(verdict);
	return fits;
}

static void expect_asked(struct keystone *keystone, const char *token)
{
	assert_null(keystone_ask(keystone, token, hear, NULL));
}

static struct keystone *started_with(const char *token, const char *inner)
{
	struct keystone *keystone = start();

	heard = 0;
	expect_asked(keystone, token);
	answer_login("own-1");
	answer(200, token, inner);
	assert_int_equal(heard, 1);
	return keystone;
}

static void test_roles_and_project(void **state)
{
	static const struct {
		const char *inner;
		int status, role; /* 0: it may */
		const char *project;
	} cases[] = {
		{ MEMBER, 0, CALLER_MEMBER, "p1" },
		{ "\"project\":{\"id\":\"p\"},\"roles\":[{\"name\":\"admin\"}]", 0, CALLER_ADMIN,
			"p" },
		{ "\"system\":{\"all\":true},\"roles\":[{\"name\":\"admin\"}]", 0, CALLER_ADMIN,
			"" },
		{ "\"system\":{\"all\":true},\"roles\":[{\"name\":\"reader\"}]", 0, CALLER_READER,
			"" },
		{ "\"project\":{\"id\":\"p\"},\"roles\":[{\"name\":\"cook\"}]", 403, 0, NULL },
		{ "\"domain\":{\"id\":\"d\"},\"roles\":[{\"name\":\"admin\"}]", 403, 0, NULL },
		{ "\"user\":{}", 403, 0, NULL },
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *inner =
			g_strdup_printf("\"expires_at\":\"" EXPIRES "\",%s", cases[i].inner);
		g_autoptr(keystone) keystone = started_with("t", inner);
		struct keystone_verdict *verdict = keystone_ask(keystone, "t", hear, NULL);
		g_autoptr(GError) error = NULL;
		struct caller caller;

		assert_int_equal(
			keystone_caller(verdict, fake.time, &caller, &error), !cases[i].status);
		if (cases[i].status) {
			assert_int_equal(weft_error_status(error), cases[i].status);
		} else {
			assert_int_equal(caller.role, cases[i].role);
			assert_string_equal(caller.project_id, cases[i].project);
		}
		keystone_verdict_unref(verdict);
	}
}

static void test_one_question_per_token(void **state)
{
	g_autoptr(keystone) keystone = start();
	const struct sent *sent;

	(void)state;
	heard = 0;
	for (unsigned i = 0; i < 3; i++)
		expect_asked(keystone, "a");
	expect_asked(keystone, "b");
	assert_int_equal(fake.sent.length, 1); /* the log-in */
	answer_login("own-1");
	assert_int_equal(fake.sent.length, 2);
	sent = g_queue_peek_head(&fake.sent);
	assert_string_equal(sent->token, "own-1");
	assert_string_equal(sent->subject, "a");
	answer(200, "a", "\"expires_at\":\"" EXPIRES "\"," MEMBER);
	assert_int_equal(heard, 3);
	answer(404, NULL, NULL);
	assert_int_equal(heard, 4);
	assert_int_equal(last, KEYSTONE_INVALID);
	assert_true(knows(keystone, "a", KEYSTONE_VALID));
	assert_true(knows(keystone, "b", KEYSTONE_INVALID));
	assert_int_equal(fake.sent.length, 0);
}

static void test_what_is_known_ends(void **state)
{
	g_autoptr(keystone) keystone = started_with("t", "\"expires_at\":\"" EXPIRES "\"," MEMBER);
	g_autofree char *soon = g_strdup("\"expires_at\":\"2029-12-31T23:01:10Z\"," MEMBER);

	(void)state;
	pass_time(59);
	assert_true(knows(keystone, "t", KEYSTONE_VALID));
	expect_asked(keystone, "wrong");
	answer(404, NULL, NULL);
	pass_time(1);
	expect_asked(keystone, "t"); /* the cache time is over */
	answer(200, "t", soon);	     /* and now it expires 10 s from now */
	pass_time(4);
	expect_asked(keystone, "wrong");
	answer(404, NULL, NULL);
	pass_time(5);
	assert_true(knows(keystone, "t", KEYSTONE_VALID));
	pass_time(1);
	expect_asked(keystone, "t");
}

static void test_unreachable(void **state)
{
	g_autoptr(keystone) keystone = started_with("t", "\"expires_at\":\"" EXPIRES "\"," MEMBER);

	(void)state;
	expect_asked(keystone, "new");
	answer(0, NULL, NULL);
	assert_int_equal(last, KEYSTONE_UNREACHABLE);
	assert_true(knows(keystone, "t", KEYSTONE_VALID));
	assert_true(knows(keystone, "other", KEYSTONE_UNREACHABLE)); /* without a question */
	pass_time(KEYSTONE_RETRY_S);
	expect_asked(keystone, "other");
	answer(500, NULL, NULL);
	pass_time(KEYSTONE_RETRY_S);
	expect_asked(keystone, "other");
	answer(200, "other", "\"expires_at\":\"" EXPIRES "\"," MEMBER);
	assert_true(knows(keystone, "other", KEYSTONE_VALID));
	assert_int_equal(keystone_stats(keystone).failures, 2);
}

static void test_log_in_is_refused(void **state)
{
	g_autoptr(keystone) keystone = start();

	(void)state;
	heard = 0;
	expect_asked(keystone, "a");
	expect_asked(keystone, "b");
	answer(401, NULL, NULL);
	assert_int_equal(heard, 2);
	assert_int_equal(last, KEYSTONE_UNREACHABLE);
}

static void test_own_token_is_renewed(void **state)
{
	g_autoptr(keystone) keystone = started_with("t", "\"expires_at\":\"" EXPIRES "\"," MEMBER);

	(void)state;
	/* Keystone does not know it any more. */
	expect_asked(keystone, "a");
	answer(401, NULL, NULL);
	answer_login("own-2");
	assert_string_equal(((struct sent *)g_queue_peek_head(&fake.sent))->token, "own-2");
	answer(200, "a", "\"expires_at\":\"" EXPIRES "\"," MEMBER);
	assert_true(knows(keystone, "a", KEYSTONE_VALID));
	/* Refused again at once: no endless loop. */
	expect_asked(keystone, "b");
	answer(401, NULL, NULL);
	answer_login("own-3");
	answer(401, NULL, NULL);
	assert_int_equal(last, KEYSTONE_UNREACHABLE);
	assert_int_equal(fake.sent.length, 0);
	/* Shortly before it expires another is got, beside the questions. */
	pass_time(3600 - 100);
	expect_asked(keystone, "c");
	assert_int_equal(fake.sent.length, 2);
}

static void test_stopped(void **state)
{
	g_autoptr(keystone) keystone = start();

	(void)state;
	heard = 0;
	expect_asked(keystone, "a");
	keystone_stop(keystone);
	assert_int_equal(heard, 1);
	assert_int_equal(last, KEYSTONE_UNREACHABLE);
	assert_true(knows(keystone, "b", KEYSTONE_UNREACHABLE));
}

static void test_implausible_tokens(void **state)
{
	g_autoptr(keystone) keystone = start();
	g_autofree char *long_one = g_strnfill(9000, 'x');

	(void)state;
	assert_true(knows(keystone, "", KEYSTONE_INVALID));
	assert_true(knows(keystone, "a b", KEYSTONE_INVALID));
	assert_true(knows(keystone, "a\xc3\xa4", KEYSTONE_INVALID));
	assert_true(knows(keystone, long_one, KEYSTONE_INVALID));
	assert_int_equal(fake.sent.length, 0);
}

/* Wrong tokens displace wrong ones, and no right one. */
static void test_cache_is_bounded(void **state)
{
	struct keystone_cache *cache = keystone_cache_new();
	struct credential_hash right = credential_hash("right"), first = credential_hash("0");
	struct keystone_verdict verdict = { .refs = 1, .result = KEYSTONE_VALID };
	struct keystone_verdict wrong = { .refs = 1, .result = KEYSTONE_INVALID };

	(void)state;
	keystone_cache_put(cache, &right, &verdict, 100);
	for (unsigned i = 0; i < KEYSTONE_CACHE_MAX + 10; i++) {
		g_autofree char *text = g_strdup_printf("%u", i);
		struct credential_hash hash = credential_hash(text);

		keystone_cache_put(cache, &hash, &wrong, 100);
		/* What is used stays. */
		assert_ptr_equal(keystone_cache_get(cache, &first, 1), &wrong);
	}
	assert_int_equal(keystone_cache_count(cache, KEYSTONE_INVALID), KEYSTONE_CACHE_MAX);
	assert_ptr_equal(keystone_cache_get(cache, &right, 99), &verdict);
	assert_null(keystone_cache_get(cache, &right, 100));
	keystone_cache_free(cache);
	assert_int_equal(verdict.refs, 1);
	assert_int_equal(wrong.refs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles_and_project),
		cmocka_unit_test(test_one_question_per_token),
		cmocka_unit_test(test_what_is_known_ends),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_log_in_is_refused),
		cmocka_unit_test(test_own_token_is_renewed),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_implausible_tokens),
		cmocka_unit_test(test_cache_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
