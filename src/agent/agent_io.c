/* SPDX-License-Identifier: Apache-2.0 */
/* What the stream and the report need of the world: the client, timers, a clock, chance. */
#include "agent/agent.h"

#include "base/log.h"

static void open_view(const char *url, void *data)
{
	struct agent *agent = data;

	client_open_view(agent->client, url, agent->view->revision, agent->view->store);
}

static void close_view(void *data)
{
	client_close_view(((struct agent *)data)->client);
}

static gboolean stream_due(gpointer data)
{
	struct agent *agent = data;

	agent->stream_timer = 0;
	stream_timer(agent->stream);
	return G_SOURCE_REMOVE;
}

static void set_stream_timer(unsigned ms, void *data)
{
	struct agent *agent = data;

	g_clear_handle_id(&agent->stream_timer, g_source_remove);
	if (ms)
		agent->stream_timer = g_timeout_add(ms, stream_due, agent);
}

static double random_fraction(void *data)
{
	(void)data;
	return g_random_double();
}

static void got_bytes(const char *bytes, size_t len, void *data)
{
	stream_bytes(((struct agent *)data)->stream, bytes, len);
}

static void got_broken(const char *why, void *data)
{
	stream_broken(((struct agent *)data)->stream, why);
}

static void got_reported(const char *why, void *data)
{
	report_done(((struct agent *)data)->report, why);
}

static void send_report(const char *body, size_t len, void *data)
{
	struct agent *agent = data;

	client_report(agent->client, stream_url(agent->stream), body, len);
}

static void abandon_report(void *data)
{
	client_abandon_report(((struct agent *)data)->client);
}

static gboolean report_due(gpointer data)
{
	struct agent *agent = data;

	agent->report_timer = 0;
	report_timer(agent->report);
	return G_SOURCE_REMOVE;
}

static void set_report_timer(unsigned ms, void *data)
{
	struct agent *agent = data;

	g_clear_handle_id(&agent->report_timer, g_source_remove);
	if (ms)
		agent->report_timer = g_timeout_add(ms, report_due, agent);
}

static s64 now_us(void *data)
{
	(void)data;
	return g_get_monotonic_time();
}

static json_t *describe_bgp(void *data)
{
	return bgp_describe(((struct agent *)data)->bgp);
}

static json_t *describe_appliances(void *data)
{
	return appliances_describe(((struct agent *)data)->appliances);
}

static json_t *describe_virtual_machines(void *data)
{
	return appliances_describe_host(((struct agent *)data)->appliances);
}

static json_t *describe_missed(void *data)
{
	struct agent *agent = data;

	return agent->liveness ? liveness_missed(agent->liveness, &agent->reconcile) : NULL;
}

static json_t *describe_announced(void *data)
{
	return holders_say(((struct agent *)data)->holders);
}

static void announced_told(void *data)
{
	holders_told(((struct agent *)data)->holders);
}

static json_t *describe_listeners(bool full, void *data)
{
	return listener_reports_json(
		((struct agent *)data)->listener_reports, full, g_get_monotonic_time());
}

static void listeners_told(void *data)
{
	listener_reports_told(((struct agent *)data)->listener_reports);
}

struct stream_io agent_stream_io(struct agent *agent)
{
	return (struct stream_io){ open_view, close_view, set_stream_timer, random_fraction,
		agent };
}

struct report_io agent_report_io(struct agent *agent)
{
	return (struct report_io){ send_report, abandon_report, set_report_timer, now_us, agent,
		describe_bgp, describe_listeners, listeners_told, describe_appliances,
		describe_virtual_machines, describe_missed, describe_announced, announced_told };
}

static void hand_over(const char *body, size_t len, void *data)
{
	struct agent *agent = data;

	if (stream_state(agent->stream) == STREAM_CONNECTED)
		client_hand_over(agent->client, stream_url(agent->stream), body, len);
	else
		log_warning(
			"connections of a port that has moved are lost: no controller is connected");
}

struct handover_io agent_handover_io(struct agent *agent)
{
	return (struct handover_io){ hand_over, now_us, agent };
}

struct client_events agent_client_events(struct agent *agent)
{
	return (struct client_events){ got_bytes, got_broken, got_reported, agent };
}
