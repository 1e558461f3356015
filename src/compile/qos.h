/* SPDX-License-Identifier: Apache-2.0 */
/* What a QoS policy says, taken together for those who enforce it. Inside of src/compile. */
#pragma once

#include "compile/compilation.h"
#include "model/qos/qos_rule.h"

/* 0: the policy says nothing of it. */
struct qos_rates {
	s64 max_kbps, max_burst_kbps, max_kpps, max_burst_kpps, min_kbps;
};
struct qos {
	struct qos_rates by_direction[QOS_INGRESS + 1];
	bool any, marks;
	s64 dscp_mark;
};

/* Who has a policy: its own, or else that of a network. */
struct qos_user {
	enum kind_id kind;
	unsigned own_slot, network_slot; /* ids of the policy and the network */
	unsigned by_policy, by_network;	 /* its indexes */
};
extern const struct qos_user qos_ports, qos_floating_ips, qos_gateways /* routers */;

/* Of the object: its own policy's, or its network's. */
struct qos qos_of(
	const struct model *model, const struct qos_user *user, const struct object *object);
/* Of the object as it was before the change-set. */
struct qos qos_before(
	const struct compilation *c, const struct qos_user *user, const struct object *object);

/* Appends `"qos":{…}`, if there is any. */
void qos_write(const struct qos *qos, struct json_writer *w);
/* Does it limit anything? Of what is no port that is all that holds. */
bool qos_limits(const struct qos *qos);
/* The same of the limits alone, if there are any. */
void qos_write_limits(const struct qos *qos, struct json_writer *w);

/* Calls @fn for each object that the changed rule is in effect on; nothing, if it is no rule. */
void qos_each_user(const struct compilation *c, const struct change *change,
	const struct qos_user *user, void (*fn)(const struct object *object, void *data),
	void *data);

/* A rule has changed, or a network: notes the ports whose record says something else now. */
void compile_qos_rule(struct compilation *c, const struct change *change);
void compile_qos_network(struct compilation *c, const struct change *change);
