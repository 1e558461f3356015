/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/await.h"

#define FIRST_INTERVAL_US 1000
#define LAST_INTERVAL_US 50000

bool await(await_condition condition, void *data, u64 timeout_ms, const char *what, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	gint64 interval = FIRST_INTERVAL_US;

	for (;;) {
		g_autofree char *why = NULL;
		enum await_result result = condition(data, &why, error);

		if (result != AWAIT_AGAIN)
			return result == AWAIT_DONE;
		gint64 left = deadline - g_get_monotonic_time();

		if (left <= 0)
			return weft_fail(error, TIMEOUT, "%s: not within %.3g s%s%s", what,
				(double)timeout_ms / 1000, why ? ": " : "", why ? why : "");
		g_usleep((gulong)MIN(interval, left));
		interval = MIN(interval * 2, LAST_INTERVAL_US);
	}
}
