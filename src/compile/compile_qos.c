/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QoS is part of the records of what has it. A change of a policy is rare, and costs a record for
 * each port that it is in effect on.
 */
#include <string.h>

#include "compile/qos.h"
#include "model/router/floating_ip.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/router/router.h"

const struct qos_user qos_ports = { KIND_PORT, PORT_QOS_POLICY_ID, PORT_NETWORK_ID,
	PORT_BY_QOS_POLICY, PORT_BY_NETWORK };
const struct qos_user qos_floating_ips = { KIND_FLOATING_IP, FLOATING_IP_QOS_POLICY_ID,
	FLOATING_IP_NETWORK_ID, FLOATING_IP_BY_QOS_POLICY, FLOATING_IP_BY_NETWORK };
const struct qos_user qos_gateways = { KIND_ROUTER, ROUTER_QOS_POLICY_ID, ROUTER_GATEWAY_NETWORK_ID,
	ROUTER_BY_QOS_POLICY, ROUTER_BY_GATEWAY_NETWORK };

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

static struct qos policy_now(const struct model *model, const char *policy)
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

struct qos qos_of(
	const struct model *model, const struct qos_user *user, const struct object *object)
{
	const char *policy = object_str(object, user->own_slot);
	const struct object *network;

	if (!policy) {
		network =
			model_get_text(model, KIND_NETWORK, object_str(object, user->network_slot));
		policy = network ? object_str(network, NETWORK_QOS_POLICY_ID) : NULL;
	}
	return policy_now(model, policy);
}

struct qos qos_before(
	const struct compilation *c, const struct qos_user *user, const struct object *object)
{
	const char *policy = object_str(object, user->own_slot);
	const struct object *network;
	struct uuid id;

	if (!policy) {
		network = object_uuid(object, user->network_slot, &id)
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

static const char *const directions[] = { "egress", "ingress" };

static void write_limits(const struct qos_rates *rates, struct json_writer *w)
{
	write_rate(w, "max_kbps", rates->max_kbps);
	write_rate(w, "max_burst_kbps", rates->max_burst_kbps);
	write_rate(w, "max_kpps", rates->max_kpps);
	write_rate(w, "max_burst_kpps", rates->max_burst_kpps);
}

void qos_write(const struct qos *qos, struct json_writer *w)
{
	if (!qos->any)
		return;
	jw_key(w, "qos");
	jw_begin_object(w);
	for (unsigned i = 0; i < G_N_ELEMENTS(directions); i++) {
		jw_key(w, directions[i]);
		jw_begin_object(w);
		write_limits(&qos->by_direction[i], w);
		write_rate(w, "min_kbps", qos->by_direction[i].min_kbps);
		jw_end_object(w);
	}
	if (qos->marks)
		jw_member_int(w, "dscp_mark", qos->dscp_mark);
	jw_end_object(w);
}

static bool is_limit(const struct qos_rates *rates)
{
	return rates->max_kbps || rates->max_kpps;
}

bool qos_limits(const struct qos *qos)
{
	return is_limit(&qos->by_direction[QOS_EGRESS]) ||
	       is_limit(&qos->by_direction[QOS_INGRESS]);
}

void qos_write_limits(const struct qos *qos, struct json_writer *w)
{
	if (!qos_limits(qos))
		return;
	jw_key(w, "qos");
	jw_begin_object(w);
	for (unsigned i = 0; i < G_N_ELEMENTS(directions); i++) {
		if (!is_limit(&qos->by_direction[i]))
			continue;
		jw_key(w, directions[i]);
		jw_begin_object(w);
		write_limits(&qos->by_direction[i], w);
		jw_end_object(w);
	}
	jw_end_object(w);
}

static bool is_rule(enum kind_id kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (types[i].kind == kind)
			return true;
	return false;
}

/* Those that have the network's policy. */
static void each_of_network(const struct compilation *c, const struct object *network,
	const struct qos_user *user, void (*fn)(const struct object *object, void *data),
	void *data)
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, c->model, user->kind, user->by_network,
		uuid_format(object_id(network), id), NULL);
	while ((object = model_iter_next(&iter)))
		if (object_is_null(object, user->own_slot))
			fn(object, data);
}

void qos_each_user(const struct compilation *c, const struct change *change,
	const struct qos_user *user, void (*fn)(const struct object *object, void *data),
	void *data)
{
	const struct object *any = change->new ? change->new : change->old, *object;
	struct model_iter iter;
	const char *policy;

	if (!is_rule(change->kind))
		return;
	policy = object_str(any, QOS_RULE_POLICY_ID);
	model_iter_init(&iter, c->model, user->kind, user->by_policy, policy, NULL);
	while ((object = model_iter_next(&iter)))
		fn(object, data);
	model_iter_init(&iter, c->model, KIND_NETWORK, NETWORK_BY_QOS_POLICY, policy, NULL);
	while ((object = model_iter_next(&iter)))
		each_of_network(c, object, user, fn, data);
}

static void touch_port(const struct object *port, void *data)
{
	g_hash_table_add(data, (gpointer)port);
}

void compile_qos_rule(struct compilation *c, const struct change *change)
{
	qos_each_user(c, change, &qos_ports, touch_port, c->touched);
}

void compile_qos_network(struct compilation *c, const struct change *change)
{
	if (change->old && change->new &&
		!object_equal(change->old, change->new, NETWORK_QOS_POLICY_ID))
		each_of_network(c, change->new, &qos_ports, touch_port, c->touched);
}
