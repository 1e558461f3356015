/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_status.h"

#include <string.h>

#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_l7policy.h"
#include "model/balancer/lb_l7rule.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_pool.h"
#include "model/host/host.h"
#include "model/port/port.h"

#define ONLINE "ONLINE"
#define OFFLINE "OFFLINE"
#define DEGRADED "DEGRADED"
#define FAILED "ERROR"

const struct object *lb_of(const struct model *model, const struct object *object)
{
	const struct object *pool = object, *policy = object;

	switch (object_kind(object)->id) {
	case KIND_LOAD_BALANCER:
		return object;
	case KIND_LB_LISTENER:
		return model_get_text(model, KIND_LOAD_BALANCER,
			object_str(object, LB_LISTENER_LOAD_BALANCER_ID));
	case KIND_LB_L7RULE:
		policy = model_get_text(
			model, KIND_LB_L7POLICY, object_str(object, LB_L7RULE_POLICY_ID));
		return policy ? lb_of(model, policy) : NULL;
	case KIND_LB_L7POLICY:
		policy = model_get_text(
			model, KIND_LB_LISTENER, object_str(object, LB_L7POLICY_LISTENER_ID));
		return policy ? lb_of(model, policy) : NULL;
	case KIND_LB_MEMBER:
		pool = model_get_text(model, KIND_LB_POOL, object_str(object, LB_MEMBER_POOL_ID));
		break;
	case KIND_LB_HEALTH_MONITOR:
		pool = model_get_text(model, KIND_LB_POOL, object_str(object, LB_MONITOR_POOL_ID));
		break;
	default:
		break;
	}
	return pool ? model_get_text(
			      model, KIND_LOAD_BALANCER, object_str(pool, LB_POOL_LOAD_BALANCER_ID))
		    : NULL;
}

const char *lb_provisioning_status(const struct model *model, const struct object *object)
{
	const struct object *balancer = lb_of(model, object);

	if (!balancer)
		return "ACTIVE";
	switch (object_choice(balancer, LOAD_BALANCER_STATE)) {
	case LOAD_BALANCER_FAILED:
		return FAILED;
	case LOAD_BALANCER_IDLE:
		return lb_is_at_edge(balancer) ? "ACTIVE" : "PENDING_CREATE";
	default:
		return "ACTIVE";
	}
}

/* How those that something is made of do. */
struct tally {
	unsigned good, bad;
};

static void tally_add(struct tally *tally, const char *status)
{
	if (!strcmp(status, FAILED))
		tally->bad++;
	else if (!strcmp(status, DEGRADED))
		tally->good++, tally->bad++;
	else if (strcmp(status, OFFLINE))
		tally->good++;
}

static const char *tally_status(const struct tally *tally)
{
	if (!tally->bad)
		return ONLINE;
	return tally->good ? DEGRADED : FAILED;
}

static const struct object *monitor_of(const struct model *model, const char *pool)
{
	return model_first(model, KIND_LB_HEALTH_MONITOR, LB_MONITOR_BY_POOL, pool, NULL);
}

/* Where edge switches find a member: its port, and the host that it is on. NULL: none. */
struct whereabouts {
	bool matter; /* false: another provider has ways of its own */
	const struct object *port, *host;
};

static struct whereabouts find(const struct model *model, const struct object *member)
{
	const struct object *balancer = lb_of(model, member);
	struct whereabouts found = { .matter = balancer && lb_is_at_edge(balancer) };

	if (!found.matter)
		return found;
	found.port = model_first(model, KIND_PORT, PORT_BY_NETWORK_IP,
		object_str(member, LB_MEMBER_NETWORK_ID), object_str(member, LB_MEMBER_ADDRESS),
		NULL);
	if (found.port)
		found.host = model_first(
			model, KIND_HOST, HOST_BY_NAME, object_str(found.port, PORT_HOST_ID), NULL);
	return found;
}

/* Nobody is there who could ask after it: edge switches pass it over, monitored or not. */
static bool is_on_lost_host(const struct model *model, const struct object *member)
{
	struct whereabouts its = find(model, member);

	return its.host && host_is_lost(model, its.host);
}

/* Its port, or the host of that, went after it was asked: what was found out holds no more. */
static bool is_nowhere(const struct model *model, const struct object *member)
{
	struct whereabouts its = find(model, member);

	return its.matter && !its.host;
}

static const char *member_status(const struct model *model, const struct object *member)
{
	const struct object *monitor = monitor_of(model, object_str(member, LB_MEMBER_POOL_ID));

	if (!object_bool(member, LB_MEMBER_ADMIN_STATE_UP))
		return OFFLINE;
	if (!object_int(member, LB_MEMBER_WEIGHT))
		return "DRAINING";
	if (is_on_lost_host(model, member))
		return FAILED;
	if (!monitor || !object_bool(monitor, LB_MONITOR_ADMIN_STATE_UP))
		return "NO_MONITOR";
	switch (object_choice(member, LB_MEMBER_HEALTH)) {
	case LB_MEMBER_ALIVE:
		return is_nowhere(model, member) ? FAILED : ONLINE;
	case LB_MEMBER_DEAD:
		return FAILED;
	default:
		return OFFLINE;
	}
}

char *lb_member_reason(const struct model *model, const struct object *member)
{
	struct whereabouts its = find(model, member);
	const char *address = object_str(member, LB_MEMBER_ADDRESS);
	const char *status = member_status(model, member);

	if (!object_bool(member, LB_MEMBER_ADMIN_STATE_UP))
		return g_strdup("");
	if (its.matter && !its.port)
		return g_strdup_printf("no port of network %s has the address %s",
			object_str(member, LB_MEMBER_NETWORK_ID), address);
	if (its.matter && !its.host)
		return g_strdup_printf(
			"the port that has the address %s is bound to no host", address);
	if (its.host && host_is_lost(model, its.host))
		return g_strdup_printf("its host %s is lost", object_str(its.host, SLOT_NAME));
	if (!strcmp(status, FAILED))
		return g_strdup(object_str(member, LB_MEMBER_WHY));
	return g_strdup(strcmp(status, OFFLINE) ? "" : "it has not been asked yet");
}

static const char *pool_status(const struct model *model, const struct object *pool)
{
	struct tally tally = { 0 };
	const struct object *member;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!object_bool(pool, LB_POOL_ADMIN_STATE_UP))
		return OFFLINE;
	model_iter_init(&iter, model, KIND_LB_MEMBER, LB_MEMBER_BY_POOL,
		uuid_format(object_id(pool), id), NULL);
	while ((member = model_iter_next(&iter)))
		tally_add(&tally, member_status(model, member));
	return tally_status(&tally);
}

static const char *listener_status(const struct model *model, const struct object *listener)
{
	const struct object *pool =
		model_get_text(model, KIND_LB_POOL, object_str(listener, LB_LISTENER_POOL_ID));

	if (!object_bool(listener, LB_LISTENER_ADMIN_STATE_UP))
		return OFFLINE;
	return pool ? pool_status(model, pool) : ONLINE;
}

static const char *balancer_status(const struct model *model, const struct object *balancer)
{
	struct tally tally = { 0 };
	const struct object *listener;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER,
		uuid_format(object_id(balancer), id), NULL);
	while ((listener = model_iter_next(&iter)))
		tally_add(&tally, listener_status(model, listener));
	return tally_status(&tally);
}

/* Switched on, and on hosts? */
static bool runs(const struct object *balancer)
{
	return balancer && object_bool(balancer, LOAD_BALANCER_ADMIN_STATE_UP) &&
	       object_choice(balancer, LOAD_BALANCER_STATE) == LOAD_BALANCER_WIRED;
}

const char *lb_operating_status(const struct model *model, const struct object *object)
{
	if (object_kind(object)->id == KIND_LB_MEMBER && runs(lb_of(model, object)))
		return member_status(model, object);
	if (!runs(lb_of(model, object)))
		return OFFLINE;
	switch (object_kind(object)->id) {
	case KIND_LOAD_BALANCER:
		return balancer_status(model, object);
	case KIND_LB_LISTENER:
		return listener_status(model, object);
	case KIND_LB_POOL:
		return pool_status(model, object);
	case KIND_LB_L7POLICY:
		return object_bool(object, LB_L7POLICY_ADMIN_STATE_UP) ? ONLINE : OFFLINE;
	case KIND_LB_L7RULE:
		return object_bool(object, LB_L7RULE_ADMIN_STATE_UP) ? ONLINE : OFFLINE;
	default:
		return object_bool(object, LB_MONITOR_ADMIN_STATE_UP) ? ONLINE : OFFLINE;
	}
}

void lb_compute_status(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	const char *name = object_kind(object)->attrs[slot].name;

	jw_string(w, strcmp(name, "operating_status") ? lb_provisioning_status(model, object)
						      : lb_operating_status(model, object));
}

/* What all of the tree say of themselves. */
static json_t *node(const struct model *model, const struct object *object)
{
	char id[UUID_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:s}", "id", uuid_format(object_id(object), id), "name",
		object_str(object, SLOT_NAME), "provisioning_status",
		lb_provisioning_status(model, object), "operating_status",
		lb_operating_status(model, object));
}

static json_t *member_nodes(const struct model *model, const char *pool)
{
	json_t *all = json_array(), *one;
	const struct object *member;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_LB_MEMBER, LB_MEMBER_BY_POOL, pool, NULL);
	while ((member = model_iter_next(&iter))) {
		g_autofree char *why = lb_member_reason(model, member);

		one = node(model, member);
		json_object_set_new(one, "status_reason", json_string(why));
		json_object_set_new(
			one, "address", json_string(object_str(member, LB_MEMBER_ADDRESS)));
		json_object_set_new(
			one, "protocol_port", json_integer(object_int(member, LB_MEMBER_PORT)));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *pool_node(const struct model *model, const struct object *pool)
{
	json_t *tree = node(model, pool), *asks;
	const struct object *monitor;
	char id[UUID_STRLEN];

	uuid_format(object_id(pool), id);
	monitor = monitor_of(model, id);
	if (monitor) {
		asks = node(model, monitor);
		json_object_set_new(
			asks, "type", json_string(object_str(monitor, LB_MONITOR_TYPE)));
		json_object_set_new(tree, "health_monitor", asks);
	}
	json_object_set_new(tree, "members", member_nodes(model, id));
	return tree;
}

static json_t *policy_nodes(const struct model *model, const struct object *listener)
{
	json_t *all = json_array(), *one;
	const struct object *policy;
	struct model_iter iter;
	char id[UUID_STRLEN], action[VALUE_TEXT];

	model_iter_init(&iter, model, KIND_LB_L7POLICY, LB_L7POLICY_BY_LISTENER,
		uuid_format(object_id(listener), id), NULL);
	while ((policy = model_iter_next(&iter))) {
		one = node(model, policy);
		json_object_set_new(one, "action",
			json_string(object_text(policy, LB_L7POLICY_ACTION, action)));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *listener_node(const struct model *model, const struct object *listener)
{
	const struct object *pool =
		model_get_text(model, KIND_LB_POOL, object_str(listener, LB_LISTENER_POOL_ID));
	json_t *tree = node(model, listener), *pools = json_array();

	if (pool)
		json_array_append_new(pools, pool_node(model, pool));
	json_object_set_new(tree, "pools", pools);
	json_object_set_new(tree, "l7policies", policy_nodes(model, listener));
	return tree;
}

bool lb_status_tree(struct txn *txn, const struct object *object, json_t *body, json_t **ret_answer,
	GError **error)
{
	const struct model *model = txn_model(txn);
	json_t *tree = node(model, object), *all = json_array();
	const struct object *listener, *pool;
	struct model_iter iter;
	char id[UUID_STRLEN];

	(void)body;
	(void)error;
	model_iter_init(&iter, model, KIND_LB_LISTENER, LB_LISTENER_BY_LOAD_BALANCER,
		uuid_format(object_id(object), id), NULL);
	while ((listener = model_iter_next(&iter)))
		json_array_append_new(all, listener_node(model, listener));
	json_object_set_new(tree, "listeners", all);
	all = json_array();
	model_iter_init(&iter, model, KIND_LB_POOL, LB_POOL_BY_LOAD_BALANCER, id, NULL);
	while ((pool = model_iter_next(&iter)))
		json_array_append_new(all, pool_node(model, pool));
	json_object_set_new(tree, "pools", all);
	*ret_answer = json_pack("{s:{s:o}}", "statuses", "loadbalancer", tree);
	return true;
}
