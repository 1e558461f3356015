/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/exporter.h"

#include <string.h>

#include "agent/ops/ops.h"
#include "http/server.h"

static void handle(struct http_request *request, void *data)
{
	const struct http_target *target = http_request_target(request);
	g_autofree char *text = NULL;

	if (http_request_error(request) || http_request_method(request) != HTTP_GET ||
		target->n_segments != 1 || strcmp(target->segments[0], "metrics") != 0) {
		http_request_answer(request, 404, "text/plain",
			g_string_new("only GET /metrics is served here\n"));
		return;
	}
	text = metrics_text(data);
	http_request_answer(request, 200, "text/plain; version=0.0.4", g_string_new(text));
}

bool exporter_new(struct agent *agent, struct http_server **ret, GError **error)
{
	g_autofree char *listen =
		g_strdup_printf("127.0.0.1:%u", (unsigned)agent->config->metrics_port);
	const struct http_server_config config = {
		.listen = listen,
		.connections_max = 64,
		.handler = handle,
		.user = agent,
	};

	*ret = NULL;
	if (!agent->config->metrics_port)
		return true;
	*ret = http_server_new(&config, error);
	if (!*ret)
		g_prefix_error(error, "metrics-port: ");
	return *ret != NULL;
}
