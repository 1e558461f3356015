/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/network_log.h"
#include "agent/ops/ops.h"

bool op_logs(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	const json_t *lines = json_object_get(body, "lines");
	json_int_t n = lines ? json_integer_value(lines) : LOGS_RECENT_MAX;

	if ((lines && !json_is_integer(lines)) || n < 0)
		return weft_fail(
			error, BAD_REQUEST, "\"lines\" must be how many events, at least 0");
	if (json_is_true(json_object_get(body, "follow")))
		logs_follow(agent->logs, request, (size_t)n);
	else
		control_answer(
			request, json_pack("{s:o}", "events", logs_recent(agent->logs, (size_t)n)));
	return true;
}
