/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers of a random world, with all their parts, and what hosts report of them. */
#include "compile/random_world.h"

#include <stdio.h>

#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_stats.h"
#include "model/network/subnet.h"

/* An address of a random subnet, whose id is the second. */
static bool any_address(struct random_world *world, char ret[static 32], const char **ret_subnet)
{
	const struct object *subnet = random_pick(world, KIND_SUBNET);
	unsigned second;

	if (!subnet || sscanf(object_str(subnet, SUBNET_CIDR), "10.%u.", &second) != 1)
		return false;
	*ret_subnet = test_id(subnet);
	g_snprintf(ret, 32, "10.%u.0.%u", second, 2 + random_below(world, 12));
	return true;
}

/* With a listener and its pool, so that there is something to be balanced. */
static bool make_balancer(struct random_world *world, struct txn *txn)
{
	const struct object *subnet = random_pick(world, KIND_SUBNET), *made;
	json_auto_t *body = NULL, *listener = NULL, *pool = NULL;

	if (!subnet)
		return false;
	body = random_below(world, 2)
		       ? test_json("{'vip_subnet_id':'%s'}", test_id(subnet))
		       : test_json("{'vip_subnet_id':'%s','additional_vips':[{'subnet_id':'%s'}]}",
				 test_id(subnet), test_id(subnet));
	made = txn_create(txn, KIND_LOAD_BALANCER, body, NULL);
	if (!made)
		return false;
	listener = test_json(
		"{'loadbalancer_id':'%s','protocol':'TCP','protocol_port':80}", test_id(made));
	made = txn_create(txn, KIND_LB_LISTENER, listener, NULL);
	if (!made)
		return false;
	pool = test_json(
		"{'listener_id':'%s','protocol':'TCP','lb_algorithm':'SOURCE_IP'}", test_id(made));
	return txn_create(txn, KIND_LB_POOL, pool, NULL);
}

static bool make_part(struct random_world *world, struct txn *txn)
{
	const struct object *balancer = random_pick(world, KIND_LOAD_BALANCER);
	const struct object *pool = random_pick(world, KIND_LB_POOL);
	unsigned what = random_below(world, 6), n = ++world->made;
	json_auto_t *body = NULL;
	const char *subnet;
	char address[32];

	if (!balancer || (what > 1 && !pool))
		return false;
	switch (what) {
	case 0:
		body = test_json(
			"{'loadbalancer_id':'%s','protocol':'%s','protocol_port':%u,'allowed_cidrs':%s}",
			test_id(balancer), n % 2 ? "TCP" : "UDP", n % 60000 + 1,
			n % 3 ? "null" : "['192.0.2.0/24']");
		return txn_create(txn, KIND_LB_LISTENER, body, NULL);
	case 1:
		body = test_json(
			"{'loadbalancer_id':'%s','protocol':'%s','lb_algorithm':'SOURCE_IP_PORT'}",
			test_id(balancer), n % 2 ? "TCP" : "UDP");
		return txn_create(txn, KIND_LB_POOL, body, NULL);
	case 2:
		body = test_json(
			"{'pool_id':'%s','type':'TCP','delay':5,'timeout':2,'max_retries':1}",
			test_id(pool));
		return txn_create(txn, KIND_LB_HEALTH_MONITOR, body, NULL);
	default:
		if (!any_address(world, address, &subnet))
			return false;
		body = test_json(
			"{'address':'%s','subnet_id':'%s','protocol_port':%u,'weight':%u,'backup':%s}",
			address, subnet, n % 60000 + 1, n % 4, n % 5 ? "false" : "true");
		if (!txn_create_in(txn, KIND_LB_MEMBER, test_id(pool), body, NULL))
			return false;
		world->lb_members++;
		return true;
	}
}

static enum kind_id any_part(struct random_world *world)
{
	static const enum kind_id parts[] = { KIND_LOAD_BALANCER, KIND_LB_LISTENER, KIND_LB_POOL,
		KIND_LB_MEMBER, KIND_LB_HEALTH_MONITOR };

	return parts[random_below(world, G_N_ELEMENTS(parts))];
}

static bool change_part(struct random_world *world, struct txn *txn)
{
	const struct object *pool = random_pick(world, KIND_LB_POOL);
	enum kind_id kind = any_part(world);
	const struct object *object = random_pick(world, kind);
	unsigned n = ++world->made;
	json_auto_t *body = NULL;

	if (!object)
		return false;
	if (kind == KIND_LB_LISTENER && n % 2 && pool)
		body = test_json("{'default_pool_id':'%s'}", test_id(pool));
	else if (kind == KIND_LB_POOL && n % 2)
		body = test_json(
			"{'session_persistence':%s}", n % 4 == 1 ? "null" : "{'type':'SOURCE_IP'}");
	else if (kind == KIND_LB_MEMBER && n % 2)
		body = test_json("{'weight':%u}", n % 3);
	else
		body = test_json("{'admin_state_up':%s}", n % 4 < 2 ? "true" : "false");
	return txn_update(txn, kind, test_id(object), body, NULL);
}

/* What hosts say: which members answer, who has it, and what has been counted. */
static bool report(struct random_world *world, struct txn *txn)
{
	static const enum kind_id reported[] = { KIND_LOAD_BALANCER, KIND_LB_LISTENER,
		KIND_LB_MEMBER };
	enum kind_id kind = reported[random_below(world, G_N_ELEMENTS(reported))];
	const struct object *object = random_pick(world, kind);
	const struct lb_stats gone = { .total = 1 };
	struct object *draft;

	object = object ? txn_get(txn, kind, object_id(object)) : NULL;
	if (!object)
		return false;
	if (kind == KIND_LB_LISTENER)
		return lb_stats_bury(txn, object_id(object), &gone, NULL);
	draft = object_edit(object);
	if (kind == KIND_LB_MEMBER)
		object_set_choice(draft, LB_MEMBER_HEALTH,
			random_below(world, 2) ? LB_MEMBER_ALIVE : LB_MEMBER_DEAD);
	else
		object_set_choice(draft, LOAD_BALANCER_STATE,
			random_below(world, 2) ? LOAD_BALANCER_WIRED : LOAD_BALANCER_FAILED);
	return txn_put(txn, draft, NULL);
}

bool random_balancer(struct random_world *world, struct txn *txn)
{
	enum kind_id kind;
	const struct object *object;

	switch (random_below(world, 12)) {
	case 0:
	case 1:
		return make_balancer(world, txn);
	case 2:
	case 3:
	case 4:
	case 5:
		return make_part(world, txn);
	case 6:
	case 7:
	case 8:
		return change_part(world, txn);
	case 9:
	case 10:
		return report(world, txn);
	default:
		kind = any_part(world);
		object = random_pick(world, kind);
		return object && txn_delete(txn, kind, test_id(object), NULL);
	}
}
