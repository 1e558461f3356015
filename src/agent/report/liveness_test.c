/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts are taken for dead, and what of it survives the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "agent/report/liveness.h"

static void who_is_dead(void **state)
{
	const s64 now = 1000 * G_USEC_PER_SEC, lately = now - G_USEC_PER_SEC;
	const struct bfd_peer up = { .state = BFD_UP, .changed_us = lately };
	const struct bfd_peer silent = {
		.state = BFD_DOWN, .diagnostic = BFD_DIAG_EXPIRED, .changed_us = now
	};
	const struct bfd_peer restarted = {
		.state = BFD_DOWN, .diagnostic = BFD_DIAG_NEIGHBOUR_DOWN, .changed_us = lately
	};

	const struct liveness_past unheard = { 0 }, alive = { .heard = true },
				   dead = { .heard = true, .was_dead = true },
				   cut_off = { .heard = true, .was_dead = true, .cut_off = true };

	(void)state;
	assert_false(liveness_judge_peer(&up, alive, now));
	assert_true(liveness_judge_peer(&up, dead, now)); /* it may be gone again in a moment */
	assert_false(liveness_judge_peer(&up, dead, lately + LIVENESS_HOLD_US));
	assert_false(liveness_judge_peer(&up, cut_off, now)); /* it was this host that was gone */
	assert_true(liveness_judge_peer(&silent, alive, now));
	assert_false(liveness_judge_peer(&silent, unheard, now)); /* never heard of */
	assert_false(liveness_judge_peer(&restarted, alive, now));
	assert_true(liveness_judge_peer(&restarted, dead, now)); /* not back yet */
	assert_true(liveness_judge_peer(&restarted, alive, now + LIVENESS_GRACE_US));
}

static void the_dead_are_remembered(void **state)
{
	struct ip dead = { .family = 4, .b = { 192, 0, 2, 2 } }, heard = dead, other = dead;
	g_autofree char *dir = g_dir_make_tmp("weft-liveness-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "liveness", NULL);
	struct liveness *liveness = liveness_new(path);

	(void)state;
	heard.b[3] = 3;
	other.b[3] = 4;
	assert_false(liveness_is_dead(liveness, &dead));
	assert_false(liveness_is_alone(liveness));
	liveness_free(liveness);
	assert_true(g_file_set_contents(
		path, "192.0.2.2 dead\n192.0.2.3 heard\nnonsense\n192.0.2.4\n\n", -1, NULL));
	liveness = liveness_new(path);
	assert_true(liveness_is_dead(liveness, &dead));
	assert_false(liveness_is_dead(liveness, &heard));
	assert_false(liveness_is_dead(liveness, &other));
	assert_false(liveness_is_alone(liveness));
	liveness_free(liveness);
	assert_true(g_file_set_contents(path, "192.0.2.2 dead\n192.0.2.3 dead\n", -1, NULL));
	liveness = liveness_new(path);
	assert_true(liveness_is_alone(liveness));
	liveness_free(liveness);
	g_unlink(path);
	g_rmdir(dir);
}

/* Also one that was down between two judgements only. */
static void who_comes_back(void **state)
{
	struct bfd_peer peer = {
		.ip = { .family = 4, .b = { 192, 0, 2, 3 } }, .state = BFD_UP, .changed_us = 1
	};
	g_autofree char *dir = g_dir_make_tmp("weft-liveness-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "liveness", NULL);
	struct liveness *liveness;

	(void)state;
	assert_true(g_file_set_contents(path, "192.0.2.3 heard\n", -1, NULL));
	liveness = liveness_new(path);
	const s64 later = 2 * LIVENESS_HOLD_US;
	s64 now = 2;

	assert_true(
		liveness_returns(liveness, &peer, now)); /* to an agent that was started again */
	assert_false(liveness_returns(liveness, &peer, now));
	peer.changed_us = 2;
	assert_true(liveness_returns(liveness, &peer, now));
	assert_true(liveness_missed_us(liveness, &peer, now)); /* lost, and heard again */
	now += later;
	assert_true(liveness_returns(liveness, &peer, now)); /* by now it has noticed, too */
	assert_false(liveness_returns(liveness, &peer, now));
	peer.state = BFD_DOWN;
	peer.changed_us = 3;
	assert_false(liveness_returns(liveness, &peer, now));
	peer.state = BFD_UP;
	peer.ip.b[3] = 4; /* never heard of */
	assert_false(liveness_returns(liveness, &peer, now));
	assert_false(liveness_returns(liveness, &peer, now + later));
	liveness_free(liveness);
	g_unlink(path);
	g_rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_dead),
		cmocka_unit_test(the_dead_are_remembered),
		cmocka_unit_test(who_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
