/* SPDX-License-Identifier: Apache-2.0 */
/* What a QoS policy says, taken together for those who enforce it. Inside of src/compile. */
#pragma once

#include "compile/compilation.h"
#include "model/qos_rule.h"

/* 0: the policy says nothing of it. */
struct qos_rates {
	s64 max_kbps, max_burst_kbps, max_kpps, max_burst_kpps, min_kbps;
};
struct qos {
	struct qos_rates by_direction[QOS_INGRESS + 1];
	bool any, marks;
	s64 dscp_mark;
};

/* Of a policy (NULL: nothing). */
struct qos qos_of_policy(const struct model *model, const char *policy);
/* Of a port: its own policy's, or its network's. */
struct qos qos_of_port(const struct model *model, const struct object *port);
/* Of the port as it was before the change-set. */
struct qos qos_of_port_before(const struct compilation *c, const struct object *port);

/* Appends `"qos":{…}`, if there is any. */
void qos_write(const struct qos *qos, struct json_writer *w);

/* A rule has changed, or a network: notes the ports whose record says something else now. */
void compile_qos_rule(struct compilation *c, const struct change *change);
void compile_qos_network(struct compilation *c, const struct change *change);
