/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of the agent over its control socket; one function per op, in one table
 * (ops.c).
 */
#pragma once

#include "agent/agent.h"

void ops_handle(struct control_request *request, const json_t *body, void *agent);

/* Each answers the request; false with @error set when the table shall answer that. */
typedef bool (*op_handler)(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_status(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_plug(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_unplug(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_ports(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_trace(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_logs(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_rules(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_appliance(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_explain(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_limits(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);
bool op_metrics(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error);

/* Something was reconciled: requests that wait for a port may be answered now. */
void ops_plug_progress(struct agent *agent);
/* The agent ends: nobody is answered any more. */
void ops_plug_abandon(struct agent *agent);

/* A required string of a request; a required port id. */
bool op_string(const json_t *body, const char *member, const char **ret, GError **error);
bool op_port_id(const json_t *body, struct uuid *ret, GError **error);
/* The attached port that a request names by "port" or "device". */
bool op_port(struct agent *agent, const json_t *body, struct port **ret, GError **error);

json_t *usage_to_json(const struct agent *agent);
u64 resident_bytes(void);
unsigned count_wired(const struct agent *agent);

/* Prometheus text; metrics.c. The others are parts of it. */
void metrics_family(GString *out, const char *name, const char *type, const char *help);
void appliance_metrics(GString *out, const struct agent *agent); /* of appliances inside */
void connection_metrics(GString *out, const struct agent *agent);
void limited_metrics(GString *out, const struct agent *agent); /* ops_limits.c */
char *metrics_text(const struct agent *agent);
/* The frame that a trace's spec describes, and whose port it is for (zero: an edge's, or nobody
 * knows); trace_frame.c. */
bool trace_frame(const struct desired *desired, const struct port *port, const json_t *spec,
	GByteArray **ret, struct uuid *ret_to, GError **error);
/* The same as it comes from the host that has the spec's "src", wrapped for this host; and the
 * uplink that it comes by. */
bool trace_arrival(struct agent *agent, const struct port *port, const json_t *spec,
	GByteArray **ret, u32 *ret_ifindex, GError **error);
