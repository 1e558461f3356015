/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QoS is part of the records of what has it. A change of a policy is rare, and costs a record for
 * each port that it is in effect on.
 */
#include <string.h>

#include "compile/qos.h"
#include "model/network.h"
#include "model/port.h"
#include "model/qos_policy.h"

static void add_bandwidth(struct qos *qos, const struct object *rule)
{
	struct qos_rates *rates = &qos->by_direction[object_choice(rule, QOS_RULE_DIRECTION)];

	rates->max_kbps = object_int(rule, QOS_RULE_VALUE);
	rates->max_burst_kbps = object_int(rule, QOS_RULE_BURST);
}

static void add_packets(struct qos *qos, const struct object *rule)
{
	struct qos_rates *rates = &qos->by_direction[object_choice(rule, QOS_RULE_DIRECTION)];

	rates->max_kpps = object_int(rule, QOS_RULE_VALUE);
	rates->max_burst_kpps = object_int(rule, QOS_RULE_BURST);
}

static void add_minimum(struct qos *qos, const struct object *rule)
{
	qos->by_direction[object_choice(rule, QOS_RULE_DIRECTION)].min_kbps =
		object_int(rule, QOS_RULE_VALUE);
}

static void add_mark(struct qos *qos, const struct object *rule)
{
	qos->marks = true;
	qos->dscp_mark = object_int(rule, QOS_RULE_VALUE);
}

/* Those that hosts enforce; minimum packet rates are for the placement of guests alone. */
static const struct {
	enum kind_id kind;
	void (*add)(struct qos *qos, const struct object *rule);
} types[] = {
	{ KIND_QOS_BANDWIDTH_LIMIT_RULE, add_bandwidth },
	{ KIND_QOS_PACKET_RATE_LIMIT_RULE, add_packets },
	{ KIND_QOS_MINIMUM_BANDWIDTH_RULE, add_minimum },
	{ KIND_QOS_DSCP_MARKING_RULE, add_mark },
};

static void add(struct qos *qos, size_t type, const struct object *rule)
{
	types[type].add(qos, rule);
	qos->any = true;
}

struct qos qos_of_policy(const struct model *model, const char *policy)
{
	struct qos qos = { 0 };
	const struct object *rule;
	struct model_iter iter;

	for (size_t i = 0; policy && i < G_N_ELEMENTS(types); i++) {
		model_iter_init(&iter, model, types[i].kind, QOS_RULE_BY_POLICY, policy, NULL);
		while ((rule = model_iter_next(&iter)))
			add(&qos, i, rule);
	}
	return qos;
}

/* The rules that have not changed, and those that have as they were. */
static struct qos policy_before(const struct compilation *c, const char *policy)
{
	struct qos qos = { 0 };
	const struct object *rule;
	struct model_iter iter;

	for (size_t i = 0; policy && i < G_N_ELEMENTS(types); i++) {
		model_iter_init(&iter, c->model, types[i].kind, QOS_RULE_BY_POLICY, policy, NULL);
		while ((rule = model_iter_next(&iter)))
			if (!compile_find(c, types[i].kind, object_id(rule)))
				add(&qos, i, rule);
		for (unsigned n = 0; n < c->changes->n; n++) {
			rule = c->changes->changes[n].old;
			if (rule && object_kind(rule)->id == types[i].kind &&
				!strcmp(object_str(rule, QOS_RULE_POLICY_ID), policy))
				add(&qos, i, rule);
		}
	}
	return qos;
}

struct qos qos_of_port(const struct model *model, const struct object *port)
{
	return qos_of_policy(model, qos_policy_of_port(model, port));
}

struct qos qos_of_port_before(const struct compilation *c, const struct object *port)
{
	const char *policy = object_str(port, PORT_QOS_POLICY_ID);
	const struct object *network;
	struct uuid id;

	if (object_is_null(port, PORT_QOS_POLICY_ID)) {
		network = object_uuid(port, PORT_NETWORK_ID, &id)
				  ? compile_old(c, KIND_NETWORK, &id)
				  : NULL;
		policy = network ? object_str(network, NETWORK_QOS_POLICY_ID) : NULL;
	}
	return policy_before(c, policy);
}

static void write_rate(struct json_writer *w, const char *name, s64 value)
{
	if (value)
		jw_member_int(w, name, value);
}

void qos_write(const struct qos *qos, struct json_writer *w)
{
	static const char *const directions[] = { "egress", "ingress" };

	if (!qos->any)
		return;
	jw_key(w, "qos");
	jw_begin_object(w);
	for (unsigned i = 0; i < G_N_ELEMENTS(directions); i++) {
		const struct qos_rates *rates = &qos->by_direction[i];

		jw_key(w, directions[i]);
		jw_begin_object(w);
		write_rate(w, "max_kbps", rates->max_kbps);
		write_rate(w, "max_burst_kbps", rates->max_burst_kbps);
		write_rate(w, "max_kpps", rates->max_kpps);
		write_rate(w, "max_burst_kpps", rates->max_burst_kpps);
		write_rate(w, "min_kbps", rates->min_kbps);
		jw_end_object(w);
	}
	if (qos->marks)
		jw_member_int(w, "dscp_mark", qos->dscp_mark);
	jw_end_object(w);
}

/* The ports of a network that have its policy. */
static void touch_network(struct compilation *c, const char *network)
{
	const struct object *port;
	struct model_iter iter;

	model_iter_init(&iter, c->model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter)))
		if (object_is_null(port, PORT_QOS_POLICY_ID))
			g_hash_table_add(c->touched, (gpointer)port);
}

void compile_qos_rule(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old, *port, *network;
	const char *policy = object_str(any, QOS_RULE_POLICY_ID);
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, c->model, KIND_PORT, PORT_BY_QOS_POLICY, policy, NULL);
	while ((port = model_iter_next(&iter)))
		g_hash_table_add(c->touched, (gpointer)port);
	model_iter_init(&iter, c->model, KIND_NETWORK, NETWORK_BY_QOS_POLICY, policy, NULL);
	while ((network = model_iter_next(&iter)))
		touch_network(c, uuid_format(object_id(network), id));
}

void compile_qos_network(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	if (change->old && change->new &&
		!object_equal(change->old, change->new, NETWORK_QOS_POLICY_ID))
		touch_network(c, uuid_format(&change->id, id));
}
